"""Limits of two thresholds, medians, gaps and lengths, class by class, by collar-based event F1.

Conventions
-----------
- Detectors are of the published shape (see `detection.Detector`); events count only where the clip
  is tagged.  What a candidate is worth, and which is taken: `candidates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from weakseg.candidates import SHRINKAGE, TIE, Column, choose, rounded, with_published
from weakseg.detection import Detector, smoothed
from weakseg.metrics import events
from weakseg.metrics.binary import Counts
from weakseg.metrics.event_table import Events

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


def tune_limits(
    scores: NDArray[np.float32],
    found: NDArray[np.bool_],
    reference: Events,
    frame_seconds: float,
    clip_thresholds: Column,
    published: Detector,
) -> list[Detector]:
    """The detector of each class; as `tuned_durations.tune_durations`, of frame scores.

    One of STEPS after the other: first for all classes together, then twice class by class, from
    the published one.
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
    return _detectors(chosen, clip_thresholds)


def _detectors(chosen: Mapping[str, Column], clip_thresholds: Column) -> list[Detector]:
    limits = np.stack([clip_thresholds, chosen["high"], _low(chosen)], axis=1)
    frames = np.stack([chosen["merge_gap"], chosen["drop"], chosen["median"]], axis=1).astype(int)
    return [
        Detector(rounded(clip), rounded(high), rounded(low), *whole)
        for (clip, high, low), whole in zip(limits, frames.tolist(), strict=True)
    ]


def event_counter(
    scores: NDArray[np.float32],
    found: NDArray[np.bool_],
    reference: Events,
    frame_seconds: float,
    least_high: float,
) -> Callable[[Mapping[str, Column]], Counts]:
    """A function that counts the events that some detectors find, (classes,); as `tune_limits`.

    Rows are the clips and classes in which any candidate can find an event, whose high threshold
    is at least `least_high`.
    """
    n_classes = found.shape[1]
    audible = scores.max(axis=1) > least_high
    clip, label = np.nonzero(found & audible)
    rows = np.ascontiguousarray(scores.transpose(0, 2, 1)[clip, label])
    medians: dict[float, NDArray[np.floating]] = {}

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
        return events.class_counts(
            reference, Events(clip[row], label[row], onset, offset), n_classes
        )

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
