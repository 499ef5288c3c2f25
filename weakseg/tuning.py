"""Thresholds chosen class by class, from a model's predictions on mixtures of its training folds.

Conventions
-----------
- Of the truth only two things are read: the weak labels (clips, classes), for the clip thresholds,
  and the planned onsets and offsets of the training mixtures, for all others.  Ideal masks are not:
  for the mask thresholds a class has the cells of its planned frames that stand out of the noise
  floor, frames with two classes left out.
- What a candidate is worth, and which is taken: `candidates`.
- Events are found by duration (`tuned_durations`, from `event_evidence`) or two thresholds
  (`tuned_limits`, from frame scores), and count only where the clip is tagged; frames where its
  probability is above that threshold or the configured one, whichever is lower.
- Noise floor: minimum statistics (Martin 2001, "Noise power spectral density estimation based on
  optimal smoothing and minimum statistics"): the smallest mean power of SMOOTHED frames within
  REACH frames, in each band, raised by MINIMUM_DB, as it lies below the mean of the noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from weakseg.background import REACH, SMOOTHED, bridged
from weakseg.candidates import (
    LEVELS,
    Column,
    choose,
    choose_even,
    counts_above,
    rounded,
    with_published,
)
from weakseg.detection import Detector, gate, moving_means
from weakseg.event_evidence import event_evidence
from weakseg.metrics import masks
from weakseg.metrics.binary import Counts, LevelCounts
from weakseg.metrics.event_table import Events
from weakseg.plan import PlannedMixture
from weakseg.spectral import Spectral
from weakseg.store import PredictionStore, mask_level_values
from weakseg.thresholds import ClassThresholds
from weakseg.tuned_durations import tune_durations
from weakseg.tuned_limits import tune_limits

SMOOTHINGS = (1, 5, 9, 17, 25)  # frames
MINIMUM_DB = 4.0  # white noise: 3.9 dB in the lowest band to 0.6 dB in the highest


class Configured(NamedTuple):
    """The thresholds of the configuration, that tuning starts from and falls back to."""

    clip: float
    frame: float
    mask: float
    detector: Detector


def tune(
    predicted: PredictionStore,
    mixtures: Sequence[PlannedMixture],
    logmel: Callable[[int], NDArray[np.float32]],
    published: Configured,
    mask_threshold_db: float,
) -> list[ClassThresholds]:
    """The thresholds of each class, from the predictions for some mixtures of the training folds.

    mixtures: as planned, in the order of the predictions; logmel: of the clip at an index, (frames,
    mels); mask_threshold_db: by how much an ideal mask's cells are louder than the rest.
    """
    spectral = Spectral.from_settings(predicted.settings)
    probabilities = predicted.clip_probabilities()
    scores = np.stack([predicted.frame_scores(index) for index in range(len(predicted))])
    labels = weak_labels(mixtures, predicted.classes)
    active = planned_activity(mixtures, predicted.classes, spectral, scores.shape[1])
    clip = tune_clips(labels, probabilities, published.clip)
    found = probabilities > clip
    lowest = np.minimum(clip, published.detector.clip_threshold)
    gated = gate(scores, probabilities[:, None], lowest)
    frame, smooth = tune_frames(active, gated, published.frame, labels.sum(axis=0))
    scores = gate(scores, probabilities[:, None], clip)
    reference = planned_events(mixtures, predicted.classes)
    hop = predicted.settings["hop"] / predicted.settings["sample_rate"]
    limits = tune_limits(scores, found, reference, hop, clip, published.detector)
    evidence = np.stack([event_evidence(predicted, index) for index in range(len(predicted))])
    by_duration = tune_durations(evidence, found, reference, hop, clip)
    mask: Sequence[float | None] = [None] * len(limits)
    if predicted.has_masks:
        rise = loudness_of_a_cell(mask_threshold_db)
        clips = (
            single_classes(predicted.mask_codes(i), active[i], standing_out(logmel(i), rise))
            for i in range(len(predicted))
        )
        counts = masks.fold_level_counts(clips)
        tuned = tune_masks(counts, labels.sum(axis=0), published.mask)
        mask = [rounded(value) for value in tuned]
    frames = [rounded(value) for value in frame]
    columns = zip(frames, smooth.tolist(), limits, by_duration, mask, strict=True)
    return [ClassThresholds(*of_class) for of_class in columns]


# ---------------------------------------------------------------- what is known of the mixtures


def weak_labels(mixtures: Sequence[PlannedMixture], classes: Sequence[str]) -> NDArray[np.bool_]:
    """Which mixture holds which class, (clips, classes)."""
    labels = np.zeros((len(mixtures), len(classes)), bool)
    for clip, mixture in enumerate(mixtures):
        labels[clip, [classes.index(event["event_label"]) for event in mixture["events"]]] = True
    return labels


def planned_events(mixtures: Sequence[PlannedMixture], classes: Sequence[str]) -> Events:
    """The planned events as arrays."""
    rows = [
        (clip, classes.index(event["event_label"]), event["onset"], event["offset"])
        for clip, mixture in enumerate(mixtures)
        for event in mixture["events"]
    ]
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Events(table[:, 0].astype(np.intp), table[:, 1].astype(np.intp), *table[:, 2:].T)


def planned_activity(
    mixtures: Sequence[PlannedMixture], classes: Sequence[str], spectral: Spectral, n_frames: int
) -> NDArray[np.bool_]:
    """The planned frames of each class, (clips, frames, classes)."""
    active = np.zeros((len(mixtures), n_frames, len(classes)), bool)
    for clip, mixture in enumerate(mixtures):
        for event in mixture["events"]:
            span = spectral.active_frames(event["onset"], event["offset"], n_frames)
            active[clip, span, classes.index(event["event_label"])] = True
    return active


# ---------------------------------------------------------------- clips and frames


def tune_clips(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float32], published: float
) -> Column:
    """Thresholds (classes,) of clip probabilities (clips, classes)."""
    candidates = with_published(LEVELS, published)
    counts = counts_above(labels, probabilities, candidates)
    distance = np.abs(candidates - published)
    return candidates[choose_even(counts, labels.sum(axis=0), distance, candidates)]


def tune_frames(
    truth: NDArray[np.bool_],
    scores: NDArray[np.float32],
    published: float,
    n_positives: NDArray[Any],
) -> tuple[Column, NDArray[np.intp]]:
    """Thresholds of frame scores (clips, frames, classes), and over how many frames to average."""
    levels = with_published(LEVELS, published)
    each = [counts_above(truth, moving_means(scores, n), levels) for n in SMOOTHINGS]
    counts = Counts(*(np.concatenate(part, axis=1) for part in zip(*each, strict=True)))
    distance = np.concatenate([np.abs(levels - published) + n / 1000 for n in SMOOTHINGS])
    chosen = choose(counts, n_positives, distance)
    return levels[chosen % len(levels)], np.array(SMOOTHINGS)[chosen // len(levels)]


# ---------------------------------------------------------------- masks


def tune_masks(counts: LevelCounts, n_positives: NDArray[Any], published: float) -> Column:
    """Thresholds (classes,) of masks whose cells were counted at each code, (classes, 256)."""
    candidates = with_published(LEVELS, published)
    above = (mask_level_values() > candidates[:, None]).astype(np.int64)
    tp, fp = (part @ above.T for part in counts)
    fn = counts.positives.sum(axis=1, keepdims=True) - tp
    return candidates[choose(Counts(tp, fp, fn), n_positives, np.abs(candidates - published))]


def single_classes(
    codes: NDArray[np.uint8], active: NDArray[np.bool_], loud: NDArray[np.bool_]
) -> masks.Clip:
    """A clip's codes, and the cells of each class in it: those that are loud in its frames.

    codes (classes, frames, mels), active (frames, classes), loud (frames, mels).  Frames of two
    classes are left out: whose a loud cell is cannot be told there.
    """
    kept = active.sum(axis=1) < 2
    truth = {
        int(label): loud[kept] & active[kept, label][:, None]
        for label in np.flatnonzero(active.any(axis=0))
    }
    return codes[:, kept], truth


def standing_out(logmel: NDArray[np.float32], rise_db: float) -> NDArray[np.bool_]:
    """Cells louder than the noise floor by more than rise_db, from (frames, mels) to the same."""
    logmel = bridged(logmel)
    power = scipy.ndimage.uniform_filter1d(np.exp(2 * logmel), SMOOTHED, axis=0, mode="nearest")
    floor = scipy.ndimage.minimum_filter1d(power, 2 * REACH + 1, axis=0, mode="nearest")
    floor_db = 10 * np.log10(np.maximum(floor, np.finfo(np.float32).tiny)) + MINIMUM_DB
    louder: NDArray[np.bool_] = 20 / np.log(10) * logmel > floor_db + rise_db
    return louder


def loudness_of_a_cell(threshold_db: float) -> float:
    """How far (dB) a mixture rises above the rest where an event is threshold_db louder than it."""
    return float(10 * np.log10(1 + 10 ** (threshold_db / 10)))
