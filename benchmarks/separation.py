"""Separation: its metrics on a fold, and the peak memory of both steps that separate."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.inputs import Inputs, make_predictions
from benchmarks.plain import separation as plain
from benchmarks.processes import CORES, measured, together
from benchmarks.rows import Row
from weakseg.evaluation import model_separation, planned
from weakseg.plan import PlannedMixture, read_plan
from weakseg.rendered import mixture_of, read_manifest, rendered_mixtures
from weakseg.separation_quality import sources_of
from weakseg.store import PredictionStore, decode_masks

FEW, PLAIN_CLIPS = 5, 2
FUNCTION = "benchmarks.separation:score"


def measure(inputs: Inputs) -> list[Row]:
    make_predictions(inputs)
    per_fold = inputs.config["mixtures"]["per_fold"]
    n_clips = inputs.n_fold // CORES if inputs.full else 20
    plain_seconds = measured("benchmarks.separation:plain_score", inputs=inputs).result
    few = measured(FUNCTION, inputs=inputs, first=0, n_clips=FEW).peak_gib
    calls = [
        {"inputs": inputs, "first": core * n_clips, "n_clips": n_clips} for core in range(CORES)
    ]
    children = together(FUNCTION, calls)
    seconds = max(child.seconds for child in children) / (CORES * n_clips) * per_fold
    peak = max(child.peak_gib for child in children)
    scaled = f"scaled from {CORES * n_clips}, plain from {PLAIN_CLIPS}"
    return [
        Row(
            "separation_metrics_seconds",
            seconds,
            f"s of {per_fold} clips on {CORES} cores, {scaled}",
            plain_seconds / PLAIN_CLIPS * per_fold,
        ),
        Row("separation_metrics_peak_gib", peak, "GiB a process"),
        Row(
            "separation_memory_growth",
            peak / few,
            f"peak with {n_clips} over that with {FEW} clips",
        ),
        Row("separate_peak_gib", separate_peak(inputs), "GiB"),
    ]


def score(inputs: Inputs, first: int, n_clips: int) -> None:
    """Separation metrics of some clips of the fold."""
    mixtures, rendered = clips_of(inputs, first, n_clips)
    with PredictionStore(inputs.path("predictions.h5")) as predicted:
        part = Part(predicted, first, n_clips)
        found = part.clip_probabilities() > inputs.config["detection"]["clip_threshold"]
        model_separation(part, found, mixtures, rendered, None)


def plain_score(inputs: Inputs) -> float:
    """Seconds that the plain implementation takes for PLAIN_CLIPS clips."""
    mixtures, rendered = clips_of(inputs, 0, PLAIN_CLIPS)
    with PredictionStore(inputs.path("predictions.h5")) as predicted:
        start = time.perf_counter()
        for index, (mixture, channels) in enumerate(zip(mixtures, rendered, strict=True)):
            sources = sources_of(mixture, channels, predicted.classes)
            masks = decode_masks(predicted.mask_codes(index))
            for own, label in enumerate(sources.labels):
                audio = mixture_of(channels)
                estimate = plain.separate(audio, masks[label], inputs.spectral)
                plain.bss_eval(sources.waveforms, estimate, own)
        return time.perf_counter() - start


def clips_of(
    inputs: Inputs, first: int, n_clips: int
) -> tuple[list[PlannedMixture], Iterator[NDArray[np.int16]]]:
    """Some planned mixtures of the fold, and their channels."""
    manifests = [inputs.manifest(shard) for shard in inputs.fold_shards]
    names = [row.mixture_name for manifest in manifests for row in read_manifest(manifest)]
    mixtures = planned(read_plan(inputs.path("mixtures.yaml")), names[first : first + n_clips])
    rendered = islice(rendered_mixtures(manifests), first, first + n_clips)
    return mixtures, (channels for _, channels in rendered)


class Part:
    """Some clips of a store of predictions (`weakseg.predictions.Predictions`)."""

    def __init__(self, store: PredictionStore, first: int, n_clips: int):
        self._store, self._first = store, first
        self._clips = slice(first, first + n_clips)
        self.names = store.names[self._clips]
        self.classes, self.settings = store.classes, store.settings

    def clip_probabilities(self) -> NDArray[np.float32]:
        return self._store.clip_probabilities()[self._clips]

    def frame_scores(self, index: int) -> NDArray[np.float32]:
        return self._store.frame_scores(self._first + index)

    def mask_codes(self, index: int) -> NDArray[np.uint8]:
        return self._store.mask_codes(self._first + index)

    def learnt_foreground(self, index: int) -> NDArray[np.float32] | None:
        return self._store.learnt_foreground(self._first + index)


def separate_peak(inputs: Inputs) -> float:
    """Peak memory of the step that writes separated audio."""
    folder = inputs.path("separated")
    folder.mkdir(exist_ok=True)
    settings: dict[str, Any] = inputs.config["separation"]
    peak = measured(
        "separate:separate",
        predictions=str(inputs.path("predictions.h5")),
        plan=str(inputs.path("mixtures.yaml")),
        manifests=[str(inputs.manifest(shard)) for shard in inputs.fold_shards],
        output=str(folder / "manifest.csv"),
        n_clips=settings["clips"],
        classes=settings["classes"],
        clip_threshold=inputs.config["detection"]["clip_threshold"],
        foreground=None,
    ).peak_gib
    shutil.rmtree(folder)
    return peak
