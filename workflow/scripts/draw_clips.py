"""Pictures of some clips of a holdout fold as a model sees them."""

from collections.abc import Sequence
from pathlib import Path

from _step import step

from weakseg.detection import Detector, read_events
from weakseg.figures.clip import draw_clip
from weakseg.figures.colours import draw_colours
from weakseg.figures.decisions import draw_decisions
from weakseg.figures.from_stores import chosen_clips, load_clip
from weakseg.figures.masks import draw_masks
from weakseg.figures.style import forget_others, save_all
from weakseg.plan import read_plan
from weakseg.store import FeatureStore, PredictionStore


def draw_clips(
    predictions: str,
    events: str,
    plan: str,
    features: Sequence[str],
    manifests: Sequence[str],
    outputs: dict[str, Sequence[str]],
    named: Sequence[str],
    drawn: int,
    detector: Detector,
    model: str,
    snr_db: float,
) -> None:
    """`outputs`: of each kind of picture a PNG of each of the `drawn` clips, then SVGs of them."""
    found = read_events(Path(events))
    planned = read_plan(Path(plan))
    with (
        FeatureStore([Path(path) for path in features]) as truth,
        PredictionStore(Path(predictions)) as predicted,
    ):
        for place, index in enumerate(chosen_clips(predicted.names, named, drawn)):
            clip = load_clip(index, truth, predicted, found, planned, [Path(m) for m in manifests])
            title = {"name": predicted.names[index], "model": model, "snr_db": snr_db}
            figures = {
                "clips": draw_clip(clip, detector, **title),
                "masks": draw_masks(clip, **title),
                "decisions": draw_decisions(clip, detector, **title),
                "colours": draw_colours(clip, detector.clip_threshold, **title),
            }
            for kind, figure in figures.items():
                save_all(figure, outputs[kind][place::drawn])
    forget_others(path for paths in outputs.values() for path in paths)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        draw_clips(
            predictions=snakemake.input.predictions,
            events=snakemake.input.events,
            plan=snakemake.input.plan,
            features=snakemake.input.features,
            manifests=snakemake.input.manifests,
            outputs=dict(snakemake.output.items()),
            **snakemake.params.settings
            | {"detector": Detector(**snakemake.params.settings["detector"])},
            model=snakemake.wildcards.model,
            snr_db=float(snakemake.wildcards.snr),
        )
