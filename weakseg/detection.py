"""Events from frame scores.

Conventions
-----------
- A frame score, (frames, classes), is the mean of a class's mask over mel bands, or, of a model
  with a foreground, over what stands out of the background, weighted by what is heard nearby.
- An event is a half-open range of frames; frame t is at t * hop / sample_rate
  seconds, as published (Kong et al., arXiv 1804.04715, section IV-B).
- Tables of events have the DCASE columns `filename, onset, offset, event_label`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import scipy.ndimage
from numpy.typing import NDArray

from weakseg.files import replacing
from weakseg.predictions import Predictions
from weakseg.sealed import read_table

EVENT_FORMAT: dict[str, Any] = {"sep": "\t", "float_format": "%.3f"}  # whole milliseconds
EVENT_COLUMNS = ["filename", "onset", "offset", "event_label"]


@dataclass(frozen=True)
class Detector:
    """Two thresholds with hysteresis, then merging over gaps, then a minimum length (frames).

    A frame above `high` starts an event, which goes on both ways while the score is at least `low`;
    gaps of at most `merge_gap` frames are closed; events of at most `drop` frames are dropped.
    Before all that, each score becomes the median of the `median` frames around it (odd; 1: none).
    """

    clip_threshold: float
    high: float
    low: float
    merge_gap: int
    drop: int
    median: int = 1

    def ranges(self, scores: NDArray[np.floating]) -> list[tuple[int, int]]:
        """Events, (first frame, end frame) each, of one class's scores (frames,)."""
        scores = smoothed(scores, self.median)
        started = [
            run for run in runs(scores >= self.low) if (scores[slice(*run)] > self.high).any()
        ]
        return [run for run in merge(started, self.merge_gap) if run[1] - run[0] > self.drop]


PUBLISHED = Detector(clip_threshold=0.1, high=0.2, low=0.1, merge_gap=10, drop=10)
"""The paper's, and the configuration's where it says nothing else."""


class EventDetector(Protocol):
    """What finds a class's events in clips that are found to hold it: `Detector` or another."""

    @property
    def clip_threshold(self) -> float:
        """The clip probability above which a clip holds the class."""

    def ranges(self, scores: NDArray[np.floating]) -> list[tuple[int, int]]:
        """Events, (first frame, end frame) each, of one class's scores (frames,)."""


Detectors = Detector | Sequence[EventDetector]
"""One for all classes, or one a class."""


def smoothed(scores: NDArray[np.floating], median: int) -> NDArray[np.floating]:
    """Running medians of `median` frames of scores (..., frames); the first and last are held."""
    if median == 1:
        return scores
    size = (*[1] * (scores.ndim - 1), median)
    medians: NDArray[np.floating] = scipy.ndimage.median_filter(scores, size, mode="nearest")
    return medians


def moving_means(
    scores: NDArray[np.floating], frames: float | NDArray[np.floating]
) -> NDArray[np.floating]:
    """Means of scores (clips, frames, classes) over an odd number of frames around each.

    frames: of all classes, or (classes,); the first and last scores are held.
    """
    sizes = np.broadcast_to(np.asarray(frames, int), scores.shape[-1:])
    means = scores.copy()
    for label in np.flatnonzero(sizes > 1):
        means[..., label] = scipy.ndimage.uniform_filter1d(
            scores[..., label], sizes[label], axis=1, mode="nearest"
        )
    return means


def runs(active: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The half-open ranges in which `active` (frames,) is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def merge(ranges: Sequence[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Join ranges whose distance is at most `gap` frames."""
    merged: list[tuple[int, int]] = []
    for first, end in ranges:
        if merged and first - merged[-1][1] <= gap:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((first, end))
    return merged


def detect(
    filename: str,
    clip_probabilities: NDArray[np.floating],
    frame_scores: NDArray[np.floating],
    classes: Sequence[str],
    detector: Detectors,
    frame_seconds: float,
) -> pd.DataFrame:
    """Events of one clip.

    clip_probabilities (classes,); frame_scores (frames, classes); a class whose clip probability is
    at most its detector's clip threshold has none.
    """
    of_class = [detector] * len(classes) if isinstance(detector, Detector) else detector
    rows = [
        (filename, first * frame_seconds, end * frame_seconds, label)
        for index, (label, one) in enumerate(zip(classes, of_class, strict=True))
        if clip_probabilities[index] > one.clip_threshold
        for first, end in one.ranges(frame_scores[:, index])
    ]
    return pd.DataFrame(rows, columns=EVENT_COLUMNS)


def join(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The events of several clips in one table."""
    found = [table for table in tables if len(table)]
    return pd.concat(found) if found else pd.DataFrame(columns=EVENT_COLUMNS)


def read_events(path: Path) -> pd.DataFrame:
    """A table of events, with names as text whatever they look like."""
    text = {"filename": str, "event_label": str}
    return read_table(path, EVENT_COLUMNS, sep="\t", dtype=text, keep_default_na=False)


def write_events(path: Path, events: pd.DataFrame) -> None:
    """Write a table of events."""
    with replacing(path) as temporary:
        events.to_csv(temporary, index=False, **EVENT_FORMAT)


def detect_all(
    predicted: Predictions,
    detector: Detectors,
    scores_of: Callable[[Predictions, int], NDArray[np.floating]] | None = None,
) -> pd.DataFrame:
    """Events of all clips of some predictions, by one detector or by one a class.

    scores_of: scores (frames, classes) of the clip at an index, if not its frame scores.
    """
    frame_seconds = predicted.settings["hop"] / predicted.settings["sample_rate"]
    probabilities = predicted.clip_probabilities()
    return join(
        detect(
            name,
            probabilities[index],
            scores_of(predicted, index) if scores_of else predicted.frame_scores(index),
            predicted.classes,
            detector,
            frame_seconds,
        )
        for index, name in enumerate(predicted.names)
    )


def gate(
    frame_scores: NDArray[np.floating],
    clip_probabilities: NDArray[np.floating],
    clip_threshold: float | NDArray[np.floating],
) -> NDArray[np.floating]:
    """Frame scores (frames, classes), 0 for the classes that the clip is not found to hold.

    clip_threshold: of all classes, or (classes,).
    """
    return np.where(clip_probabilities > clip_threshold, frame_scores, 0)
