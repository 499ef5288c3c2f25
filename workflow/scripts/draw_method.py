"""One clip's way through the system: the picture of the README."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from _step import step

from weakseg.detection import Detector, read_events
from weakseg.figures.from_stores import load_clip, surest_clip
from weakseg.figures.method import MOST_SHOWN, draw_method
from weakseg.figures.style import save_all
from weakseg.plan import read_plan
from weakseg.separation import Separator
from weakseg.store import FeatureStore, PredictionStore


def draw_way(
    predictions: str,
    events: str,
    plan: str,
    features: Sequence[str],
    manifests: Sequence[str],
    outputs: Sequence[str],
    detector: Detector,
    foreground: Mapping[str, float] | None,
) -> None:
    with (
        FeatureStore([Path(path) for path in features]) as truth,
        PredictionStore(Path(predictions)) as predicted,
    ):
        found = read_events(Path(events))
        paths = [Path(path) for path in manifests]
        best = surest_clip(truth, predicted, MOST_SHOWN)
        clip = load_clip(best, truth, predicted, found, read_plan(Path(plan)), paths)
    shown = clip.true_classes[:MOST_SHOWN]
    separator = Separator(clip.waveform, clip.spectral)
    sharing = np.flatnonzero(clip.clip_probabilities > detector.clip_threshold)
    waveforms = separator.separate_classes(
        clip.masks, shown, foreground, sharing, clip.learnt_foreground
    )
    separated = dict(zip(shown, waveforms, strict=True))
    save_all(draw_method(clip, detector, shown=shown, separated=separated), outputs)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        draw_way(
            predictions=snakemake.input.predictions,
            events=snakemake.input.events,
            plan=snakemake.input.plan,
            features=snakemake.input.features,
            manifests=snakemake.input.manifests,
            outputs=snakemake.output,
            detector=Detector(**snakemake.params.detector),
            **snakemake.params.settings,
        )
