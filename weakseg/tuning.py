"""Thresholds chosen class by class, from a model's predictions on mixtures of its training folds.

Conventions
-----------
- Of the truth only two things are read: the weak labels (clips, classes), for the clip thresholds,
  and the planned onsets and offsets of the training mixtures, for all others.  Ideal masks are not:
  for the mask thresholds a class has the cells of its planned frames that stand out of the noise
  floor, frames with two classes left out.
- What a candidate is worth, and which is taken: `candidates`.
- Decisions are of the published shape: events count only where the clip is tagged, frames where
  its probability is above that threshold or the configured one, whichever is lower.
- Noise floor: minimum statistics (Martin 2001, "Noise power spectral density estimation based on
  optimal smoothing and minimum statistics"): the smallest mean power of SMOOTHED frames within
  REACH frames, in each band, raised by MINIMUM_DB, as it lies below the mean of the noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from weakseg.background import REACH, SMOOTHED, bridged
from weakseg.candidates import (
    LEVELS,
    SHRINKAGE,
    TIE,
    Column,
    choose,
    choose_even,
    counts_above,
    with_published,
)
from weakseg.detection import Detector, gate, moving_means, smoothed
from weakseg.metrics import events, masks
from weakseg.metrics.binary import Counts, LevelCounts
from weakseg.metrics.event_table import Events
from weakseg.plan import PlannedMixture
from weakseg.spectral import Spectral
from weakseg.store import PredictionStore, mask_level_values
from weakseg.thresholds import ClassThresholds

SMOOTHINGS = (1, 5, 9, 17, 25)  # frames
DETECTORS: Mapping[str, Sequence[float]] = {
    # lower ones suit the recordings that a model has learnt, and cost events of others
    "high": (0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "low_share": (0.25, 0.5, 0.75, 1.0),  # of the high threshold
    "median": (1, 5, 9, 15, 25),
    "merge_gap": (0, 3, 6, 10, 20, 30),
    "drop": (0, 2, 5, 10),
}
# weak scores and short events hide each other: both limits fall together
STEPS = (("high", "drop"), ("low_share",), ("median",), ("merge_gap",))
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
    columns: dict[str, NDArray[Any]] = {"clip": clip, "frame": frame, "smooth": smooth}
    columns |= tune_detectors(scores, found, reference, hop, published.detector)
    if predicted.has_masks:
        rise = loudness_of_a_cell(mask_threshold_db)
        clips = (
            single_classes(predicted.mask_codes(i), active[i], standing_out(logmel(i), rise))
            for i in range(len(predicted))
        )
        counts = masks.fold_level_counts(clips)
        columns["mask"] = tune_masks(counts, labels.sum(axis=0), published.mask)
    return _rows(columns, len(predicted.classes))


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


# ---------------------------------------------------------------- events


def tune_detectors(
    scores: NDArray[np.float32],
    found: NDArray[np.bool_],
    reference: Events,
    frame_seconds: float,
    published: Detector,
) -> dict[str, NDArray[Any]]:
    """`high low median merge_gap drop` of each class, (classes,), by collar-based event F1.

    scores: (clips, frames, classes); found: (clips, classes); reference: indices of these.  One
    of STEPS after the other: first for all classes together, then twice class by class.
    """
    start = {
        "high": published.high,
        "low_share": published.low / published.high if published.high else 1.0,
        "median": published.median,
        "merge_gap": published.merge_gap,
        "drop": published.drop,
    }
    n_classes = found.shape[1]
    least_high = min(*DETECTORS["high"], published.high)
    count = event_counter(scores, found, reference, frame_seconds, least_high)
    n_events = np.bincount(reference.label, minlength=n_classes)
    chosen = {name: np.full(n_classes, value, np.float32) for name, value in start.items()}
    for shrinkage in np.inf, SHRINKAGE, SHRINKAGE:
        for names in STEPS:
            candidates = _product(names, start)
            each = [
                count(
                    chosen | {n: np.full(n_classes, v) for n, v in zip(names, values, strict=True)}
                )
                for values in candidates
            ]
            counts = Counts(*(np.stack(part, axis=1) for part in zip(*each, strict=True)))
            published_values = np.array([start[name] for name in names], np.float32)
            distance = np.abs(candidates - published_values)
            distance = (distance / np.maximum(distance.max(axis=0), TIE)).sum(axis=1)
            best = candidates[choose(counts, n_events, distance, shrinkage)]
            chosen |= dict(zip(names, best.T, strict=True))
    low = _low(chosen)
    del chosen["low_share"]
    return chosen | {"low": low}


def event_counter(
    scores: NDArray[np.float32],
    found: NDArray[np.bool_],
    reference: Events,
    frame_seconds: float,
    least_high: float,
) -> Callable[[Mapping[str, Column]], Counts]:
    """A function that counts the events that some detectors find, (classes,); as `tune_detectors`.

    Rows are the clips and classes in which any candidate can find an event, whose high threshold
    is at least `least_high`.
    """
    n_classes = found.shape[1]
    audible = scores.max(axis=1) > least_high
    clip, label = np.nonzero(found & audible)
    rows = np.ascontiguousarray(scores.transpose(0, 2, 1)[clip, label])
    medians: dict[float, NDArray[np.floating]] = {}
    n_events = np.bincount(reference.label, minlength=n_classes)

    def smoothed_rows(median: Column) -> NDArray[np.floating]:
        for size in np.unique(median).tolist():
            if size not in medians:
                medians[size] = smoothed(rows, int(size))
        if len(np.unique(median)) == 1:
            return medians[float(median[0])]
        of_row = median[label]
        mixed = np.empty_like(rows)
        for size in np.unique(of_row).tolist():
            mixed[of_row == size] = medians[size][of_row == size]
        return mixed

    def count(values: Mapping[str, Column]) -> Counts:
        limits = (values["high"], _low(values), values["merge_gap"], values["drop"])
        smooth = smoothed_rows(values["median"])
        row, first, end = find_ranges(smooth, *(column[label] for column in limits))
        onset, offset = (np.asarray(f * frame_seconds, np.float64) for f in (first, end))
        estimated = Events(clip[row], label[row], onset, offset)
        match = events.match_events(reference, estimated, n_classes)
        tp = np.bincount(reference.label[match >= 0], minlength=n_classes)
        n_estimated = np.bincount(label[row], minlength=n_classes)
        return Counts(tp, n_estimated - tp, n_events - tp)

    return count


def find_ranges(
    scores: NDArray[np.floating], high: Column, low: Column, merge_gap: Column, drop: Column
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Events of all rows of scores (rows, frames): row, first frame and end of each.

    `Detector.ranges` for many rows at once; the limits are (rows,).
    """
    n_rows, n_frames = scores.shape
    inside = np.zeros((n_rows, n_frames + 2), np.int8)
    inside[:, 1:-1] = scores >= low[:, None]
    edge = np.flatnonzero(np.diff(inside, axis=1))
    row, first, end = edge[::2] // (n_frames + 1), edge[::2], edge[1::2]
    first, end = first - row * (n_frames + 1), end - row * (n_frames + 1)
    above = np.zeros((n_rows, n_frames + 1), np.int32)
    np.cumsum(scores > high[:, None], axis=1, out=above[:, 1:])
    started = above[row, end] > above[row, first]
    row, first, end = row[started], first[started], end[started]
    apart = (row[1:] != row[:-1]) | (first[1:] - end[:-1] > merge_gap[row[1:]])
    opens, closes = (np.ones(len(row), bool) for _ in range(2))
    opens[1:], closes[:-1] = apart, apart
    row, first, end = row[opens], first[opens], end[closes]
    kept = end - first > drop[row]
    return row[kept], first[kept], end[kept]


def _product(names: Sequence[str], start: Mapping[str, float]) -> NDArray[np.float32]:
    """Every combination of the candidates of some of DETECTORS, (candidates, names)."""
    axes = np.meshgrid(*(with_published(DETECTORS[name], start[name]) for name in names))
    return np.stack(axes, axis=-1).reshape(-1, len(names))


def _low(values: Mapping[str, Column]) -> Column:
    return np.round(values["high"] * values["low_share"], 6).astype(np.float32)


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


def _rows(columns: Mapping[str, NDArray[Any]], n_classes: int) -> list[ClassThresholds]:
    whole = ("smooth", "median", "merge_gap", "drop")
    values: list[dict[str, Any]] = [
        {
            name: int(column[label]) if name in whole else round(float(column[label]), 6)
            for name, column in columns.items()
        }
        for label in range(n_classes)
    ]
    return [ClassThresholds(**of_class) for of_class in values]
