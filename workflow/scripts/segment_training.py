"""Predictions of a model on some mixtures of its training folds."""

from _step import device_for, step
from segment import segment

if __name__ == "__main__":
    with step(snakemake.log[0]):
        segment(
            model=snakemake.input.model,
            features=snakemake.input.features,
            predictions=snakemake.output.predictions,
            device=device_for(snakemake.params.device, snakemake.resources.get("gpu")),
            **snakemake.params.settings,
        )
