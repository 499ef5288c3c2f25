"""Predictions of a model on its holdout fold."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _step import device_for, step

from weakseg.cards import one_card
from weakseg.inference import segment_store

log = logging.getLogger(__name__)


def segment(
    model: str, features: Sequence[str], predictions: str, device: str, **settings: Any
) -> None:
    """`settings` are those of `weakseg.inference.segment_store` that determine the result."""
    paths = [Path(path) for path in features]
    with one_card(device, log.info):
        segment_store(Path(model), paths, Path(predictions), device=device, **settings)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        segment(
            model=snakemake.input.model,
            features=snakemake.input.features,
            predictions=snakemake.output.predictions,
            device=device_for(snakemake.params.device, snakemake.resources.get("gpu")),
            **snakemake.params.settings,
        )
