"""A table of the models: their track, their size and what a clip costs them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _step import step

from weakseg.model import load_model
from weakseg.networks import cost
from weakseg.sealed import write_table


def describe_models(
    models: Sequence[str], names: Sequence[str], trained: Mapping[str, Any], n_frames: int, out: str
) -> None:
    """`trained`: of each name, what the table says of its training."""
    rows = []
    for name, path in zip(names, models, strict=True):
        model = load_model(Path(path))
        parameters, operations = cost(model.network, n_frames, len(model.mel_mean))
        kind = {part: model.description[part]["type"] for part in ("network", "pooling")}
        size = {"parameters": parameters, "gmac_per_clip": round(operations / 1e9, 3)}
        rows.append({"model": name} | trained[name] | kind | size)
    write_table(out, pd.DataFrame(rows))


if __name__ == "__main__":
    with step(snakemake.log[0]):
        describe_models(
            models=snakemake.input.models,
            out=snakemake.output.models,
            **snakemake.params.settings,
        )
