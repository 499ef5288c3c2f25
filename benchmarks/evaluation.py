"""All metrics of a fold of 2000 clips and 41 classes but those of separation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.fold import copies, make_fold
from benchmarks.inputs import Inputs
from benchmarks.plain import scores as plain
from benchmarks.processes import measured
from benchmarks.rows import Row
from weakseg.detection import Detector, detect_all
from weakseg.evaluation import as_table, mask_counts, planned, score_decisions
from weakseg.plan import read_plan
from weakseg.scores import gated_frame_scores, mask_scores
from weakseg.store import FeatureStore, PredictionStore, decode_masks
from weakseg.thresholds import Thresholds

N_SETS = 2  # of thresholds, which the step evaluates: the published and the tuned ones
PLAIN_CLIPS = 20


def measure(inputs: Inputs) -> list[Row]:
    fold = make_fold(inputs)
    whole = measured("benchmarks.evaluation:evaluate", inputs=inputs, **fold)
    stores = {name: fold[name] for name in ("features", "predictions")}
    some = measured("benchmarks.evaluation:plain_evaluate", inputs=inputs, **stores)
    n_clips = inputs.n_fold * copies(inputs)
    scaled = n_clips / PLAIN_CLIPS
    unit = f"{n_clips} clips of which {inputs.n_fold} differ, {N_SETS} sets of thresholds"
    plain_unit = f"scikit-learn scaled from {PLAIN_CLIPS} clips"
    return [
        Row("evaluation_seconds", whole.result, f"s, {unit}; {plain_unit}", some.result * scaled),
        Row("evaluation_peak_gib", whole.peak_gib, f"GiB, {unit}"),
    ]


def evaluate(inputs: Inputs, features: Path, predictions: Path, plan: Path) -> float:
    """Seconds of all metrics of a fold but separation, for all sets of thresholds."""
    thresholds, seconds = thresholds_of(inputs), inputs.config["mixtures"]["seconds"]
    with FeatureStore([features]) as truth, PredictionStore(predictions) as predicted:
        events = detect_all(predicted, detector_of(inputs))  # a step of its own
        start = time.perf_counter()
        mixtures = planned(read_plan(plan), predicted.names)
        scores = [
            score_decisions(truth, predicted, events, mixtures, thresholds, seconds)
            for _ in range(N_SETS)
        ]
        counts = mask_counts(truth, predicted)
        for of_task in scores:
            of_task["masks"] = mask_scores(counts, thresholds.mask)
            as_table(of_task, truth.classes)
        return time.perf_counter() - start


def plain_evaluate(inputs: Inputs, features: Path, predictions: Path) -> float:
    """Seconds of tags, frames and masks of PLAIN_CLIPS clips by scikit-learn, one set."""
    thresholds, clips = thresholds_of(inputs), range(PLAIN_CLIPS)
    with FeatureStore([features]) as truth, PredictionStore(predictions) as predicted:
        start = time.perf_counter()
        masks = np.stack([decode_masks(predicted.mask_codes(clip)) for clip in clips])
        frames = np.stack([truth.frame_truth(clip) for clip in clips])
        gated = gated_frame_scores(predicted, thresholds.gate)[:PLAIN_CLIPS]
        tags = predicted.clip_probabilities()[:PLAIN_CLIPS]
        plain.scores(truth.clip_truth()[:PLAIN_CLIPS], tags, float(thresholds.clip))
        plain.scores(by_class(frames), by_class(gated), float(thresholds.frame))
        plain.scores(by_class(true_masks(truth, clips)), by_class(masks), float(thresholds.mask))
        return time.perf_counter() - start


def thresholds_of(inputs: Inputs) -> Thresholds:
    """The published ones."""
    names, gate = ("clip", "frame", "mask"), inputs.config["detection"]["clip_threshold"]
    values = {name: inputs.config["evaluation"][f"{name}_threshold"] for name in names}
    return Thresholds(**values, found=gate, gate=gate)


def detector_of(inputs: Inputs) -> Detector:
    """The published one."""
    detection = inputs.config["detection"]
    return Detector(
        detection["clip_threshold"],
        detection["high_threshold"],
        detection["low_threshold"],
        detection["merge_gap_frames"],
        detection["drop_frames"],
    )


def by_class(values: NDArray[Any]) -> NDArray[Any]:
    """(samples, classes) of frames (clips, frames, classes) or masks (clips, classes, ...)."""
    last = np.moveaxis(values, 1, -1) if values.ndim == 4 else values
    return last.reshape(-1, last.shape[-1])


def true_masks(truth: FeatureStore, clips: Sequence[int]) -> NDArray[np.bool_]:
    """Ideal masks (clips, classes, frames, mels)."""
    masks = np.zeros((len(clips), len(truth.classes), *truth.shape), bool)
    for place, clip in enumerate(clips):
        for label, mask in truth.mask_truth(clip).items():
            masks[place, label] = mask
    return masks
