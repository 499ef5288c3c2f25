"""Pictures of some clips of a holdout fold: what they hold, whatever a model says of them."""

from collections.abc import Sequence
from pathlib import Path

from _step import step

from weakseg.figures.from_stores import chosen_clips, load_mixture
from weakseg.figures.style import forget_others, save_all
from weakseg.figures.truth import draw_truth
from weakseg.plan import read_plan
from weakseg.store import FeatureStore


def draw_mixtures(
    plan: str,
    features: Sequence[str],
    manifests: Sequence[str],
    outputs: Sequence[str],
    named: Sequence[str],
    drawn: int,
    snr_db: float,
) -> None:
    """`outputs`: a PNG of each of the `drawn` clips, then an SVG of each."""
    planned, paths = read_plan(Path(plan)), [Path(path) for path in manifests]
    with FeatureStore([Path(path) for path in features]) as truth:
        for place, index in enumerate(chosen_clips(truth.names, named, drawn)):
            mixture = load_mixture(index, truth, planned, paths)
            figure = draw_truth(mixture, name=truth.names[index], snr_db=snr_db)
            save_all(figure, outputs[place::drawn])
    forget_others(outputs)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        draw_mixtures(
            plan=snakemake.input.plan,
            features=snakemake.input.features,
            manifests=snakemake.input.manifests,
            outputs=snakemake.output,
            **snakemake.params.settings,
            snr_db=float(snakemake.wildcards.snr),
        )
