"""Detectors by duration, class by class, by collar-based event F1.

Conventions
-----------
- How long a class's events last is counted in the planned ones; SHARED of the events of all classes
  are added, as a class may have few.
- Events count only where the clip is tagged.  What a candidate is worth: `candidates`; of equal
  ones the nearest, in steps, to what is best for all classes together is taken, which is also that
  of a class without an event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg.candidates import SHRINKAGE, Column, choose, rounded
from weakseg.durations import DurationDetector, events_worth_most, known_durations, log_odds
from weakseg.metrics import events
from weakseg.metrics.binary import Counts
from weakseg.metrics.event_table import Events

SHARED = 5.0  # events
# scores, factors, nats; on pairs of folds lower weights and costs, or higher levels, find no more
LEVELS = (0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.5)
WEIGHTS = (0.06, 0.12, 0.25, 0.5, 1.0)
COSTS = (1.0, 2.0, 5.0, 10.0)
STEPS = np.array(list(product(*(range(len(axis)) for axis in (LEVELS, WEIGHTS, COSTS)))))
CANDIDATES = list(product(LEVELS, WEIGHTS, COSTS))
MIDDLE = CANDIDATES.index((0.2, 0.25, 5.0))


def tune_durations(
    scores: NDArray[np.float32],
    found: NDArray[np.bool_],
    reference: Events,
    frame_seconds: float,
    clip_thresholds: Column,
) -> list[DurationDetector]:
    """The detector of each class.

    scores: (clips, frames, classes), of `event_evidence`; found: (clips, classes); reference:
    indices of these; clip_thresholds: (classes,), of the detectors, which `found` goes by.
    """
    n_classes = found.shape[1]
    durations = planned_durations(reference, frame_seconds, n_classes)
    found_by = event_finder(scores, found, frame_seconds, durations)
    each = [events.class_counts(reference, found_by(*c), n_classes) for c in CANDIDATES]
    counts = Counts(*(np.stack(part, axis=1) for part in zip(*each, strict=True)))
    n_events = np.bincount(reference.label, minlength=n_classes)
    common = choose(counts, n_events, _steps_from(MIDDLE), np.inf)[n_events.argmax()]
    chosen = choose(counts, n_events, _steps_from(common), SHRINKAGE)
    return [
        DurationDetector(rounded(clip), level, weight, cost, of_class)
        for clip, (level, weight, cost), of_class in zip(
            clip_thresholds, (CANDIDATES[index] for index in chosen), durations, strict=True
        )
    ]


def planned_durations(
    reference: Events, frame_seconds: float, n_classes: int
) -> list[dict[int, float]]:
    """How many events of each class last so many frames, SHARED of all classes' among them."""
    seconds = np.asarray(reference.offset) - np.asarray(reference.onset)
    frames = np.maximum(1, np.round(seconds / frame_seconds)).astype(int)
    of_class = np.zeros((n_classes, frames.max(initial=0) + 1))
    np.add.at(of_class, (reference.label, frames), 1)
    of_class += SHARED * of_class.sum(axis=0) / max(1, len(frames))
    return [
        {int(n): round(float(count), 3) for n, count in enumerate(counts) if count >= 0.001}
        for counts in of_class
    ]


def event_finder(
    scores: NDArray[np.float32],
    found: NDArray[np.bool_],
    frame_seconds: float,
    durations: Sequence[Mapping[int, float]],
) -> Callable[[float, float, float], Events]:
    """A function of level, weight and cost: the events of all clips and classes that are tagged.

    As `DurationDetector.ranges` finds them.
    """
    clip, label = np.nonzero(found)
    odds = log_odds(scores.transpose(0, 2, 1)[clip, label])
    known = [known_durations(of_class) for of_class in durations]

    def found_by(level: float, weight: float, cost: float) -> Events:
        ranges = [
            (row, first, end)
            for row, of_row in enumerate(odds)
            for first, end in zip(
                *events_worth_most(of_row, known[label[row]], level, weight, cost), strict=True
            )
        ]
        row, *frames = np.array(ranges, np.intp).reshape(-1, 3).T
        onset, offset = (np.asarray(f * frame_seconds, np.float64) for f in frames)
        return Events(clip[row], label[row], onset, offset)

    return found_by


def _steps_from(index: int) -> NDArray[Any]:
    """How far each candidate lies from one of them."""
    return np.abs(STEPS - STEPS[index]).sum(axis=1)
