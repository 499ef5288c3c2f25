"""Events from frame scores.

Conventions
-----------
- A frame score is the mean of a class's mask over mel bands, (frames, classes).
- An event is a half-open range of frames; frame t is at t * hop / sample_rate
  seconds, as published (Kong et al., arXiv 1804.04715, section IV-B).
- Tables of events have the DCASE columns `filename, onset, offset, event_label`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.predictions import Predictions

EVENT_COLUMNS = ["filename", "onset", "offset", "event_label"]


@dataclass(frozen=True)
class Detector:
    """Two thresholds with hysteresis, then merging over gaps, then a minimum length (frames).

    A frame above `high` starts an event, which goes on both ways while the score is at least `low`;
    gaps of at most `merge_gap` frames are closed; events of at most `drop` frames are dropped.
    """

    clip_threshold: float
    high: float
    low: float
    merge_gap: int
    drop: int

    def ranges(self, scores: NDArray[np.floating]) -> list[tuple[int, int]]:
        """Events, (first frame, end frame) each, of one class's scores (frames,)."""
        started = [
            run for run in runs(scores >= self.low) if (scores[slice(*run)] > self.high).any()
        ]
        return [run for run in merge(started, self.merge_gap) if run[1] - run[0] > self.drop]


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
    detector: Detector,
    frame_seconds: float,
) -> pd.DataFrame:
    """Events of one clip.

    clip_probabilities (classes,); frame_scores (frames, classes); a class whose clip probability is
    at most the clip threshold has none.
    """
    rows = [
        (filename, first * frame_seconds, end * frame_seconds, label)
        for index, label in enumerate(classes)
        if clip_probabilities[index] > detector.clip_threshold
        for first, end in detector.ranges(frame_scores[:, index])
    ]
    return pd.DataFrame(rows, columns=EVENT_COLUMNS)


def join(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The events of several clips in one table."""
    found = [table for table in tables if len(table)]
    return pd.concat(found) if found else pd.DataFrame(columns=EVENT_COLUMNS)


def read_events(path: Path) -> pd.DataFrame:
    """A table of events, with names as text whatever they look like."""
    text = {"filename": str, "event_label": str}
    return pd.read_csv(path, sep="\t", dtype=text, keep_default_na=False)


def detect_all(predicted: Predictions, detector: Detector) -> pd.DataFrame:
    """Events of all clips of some predictions."""
    frame_seconds = predicted.settings["hop"] / predicted.settings["sample_rate"]
    probabilities = predicted.clip_probabilities()
    return join(
        detect(
            name,
            probabilities[index],
            predicted.frame_scores(index),
            predicted.classes,
            detector,
            frame_seconds,
        )
        for index, name in enumerate(predicted.names)
    )


def gate(
    frame_scores: NDArray[np.floating],
    clip_probabilities: NDArray[np.floating],
    clip_threshold: float,
) -> NDArray[np.floating]:
    """Frame scores (frames, classes), 0 for the classes that the clip is not found to hold."""
    return np.where(clip_probabilities > clip_threshold, frame_scores, 0)
