"""Predictions of a model on its holdout fold, or on some clips of its training folds."""

import logging
from pathlib import Path

from _step import device_for, step

from weakseg.cards import one_card
from weakseg.inference import segment_store

log = logging.getLogger(__name__)

if __name__ == "__main__":
    with step(snakemake.log[0]):
        device = device_for(snakemake.params.device, snakemake.resources.get("gpu"))
        with one_card(device, log.info):
            segment_store(
                Path(snakemake.input.model),
                [Path(path) for path in snakemake.input.features],
                Path(snakemake.output.predictions),
                device=device,
                **snakemake.params.settings,
            )
