"""Predictions of a model on some mixtures of its training folds."""

from pathlib import Path

from _step import step

from weakseg.inference import segment_store

if __name__ == "__main__":
    with step(snakemake.log[0]):
        segment_store(
            Path(snakemake.input.model),
            [Path(path) for path in snakemake.input.features],
            Path(snakemake.output.predictions),
            device="cuda" if snakemake.resources.get("gpu") else "cpu",
            **snakemake.params.settings,
        )
