"""Pictures of some clips of a holdout fold, and of one clip's way through the system."""

from collections.abc import Sequence
from pathlib import Path

from _step import step

from weakseg.detection import Detector, read_events
from weakseg.figures.clip import draw_clip
from weakseg.figures.from_stores import load_clip, spread
from weakseg.figures.style import save
from weakseg.plan import read_plan
from weakseg.store import FeatureStore, PredictionStore


def draw_clips(
    predictions: str,
    events: str,
    plan: str,
    features: Sequence[str],
    manifests: Sequence[str],
    outputs: Sequence[str],
    detector: Detector,
    model: str,
    snr_db: float,
) -> None:
    found = read_events(Path(events))
    planned = read_plan(Path(plan))
    with (
        FeatureStore([Path(path) for path in features]) as truth,
        PredictionStore(Path(predictions)) as predicted,
    ):
        for index, output in zip(spread(len(predicted), len(outputs)), outputs, strict=True):
            clip = load_clip(index, truth, predicted, found, planned, [Path(m) for m in manifests])
            name = predicted.names[index]
            save(draw_clip(clip, detector, name=name, model=model, snr_db=snr_db), Path(output))


if __name__ == "__main__":
    with step(snakemake.log[0]):
        draw_clips(
            predictions=snakemake.input.predictions,
            events=snakemake.input.events,
            plan=snakemake.input.plan,
            features=snakemake.input.features,
            manifests=snakemake.input.manifests,
            outputs=snakemake.output.pictures,
            detector=Detector(**snakemake.params.detector),
            model=snakemake.wildcards.model,
            snr_db=float(snakemake.wildcards.snr),
        )
