"""Bar chart of the models."""

from pathlib import Path

import pandas as pd
from _step import step

from weakseg.figures.models import draw_models
from weakseg.figures.style import save

if __name__ == "__main__":
    with step(snakemake.log[0]):
        summary = pd.read_csv(snakemake.input.summary, dtype={"holdout_fold": str})
        save(draw_models(summary), Path(snakemake.output.picture))
