"""Bar chart of the models, between the two references that have a value in each task."""

from pathlib import Path

import pandas as pd
from _step import step

from weakseg.figures.models import REFERENCES, draw_models
from weakseg.figures.style import save

BESIDE = {"oracle_activity", "floor_ones"}

if __name__ == "__main__":
    with step(snakemake.log[0]):
        summary = pd.read_csv(snakemake.input.summary, dtype={"holdout_fold": str})
        shown = ~summary["model"].str.startswith(REFERENCES) | summary["model"].isin(BESIDE)
        save(draw_models(summary[shown]), Path(snakemake.output.picture))
