"""How detections at every threshold overlap with reference events, for a batch of clips.

Conventions
-----------
- A row of `detection_intervals` is here a clip and class: row = clip x classes + label.
- A slot of a clip is one of the classes that it holds; unused slots have the label -1.
- A duration that misses a share by at most 1e-6 s reaches it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weakseg.metrics.binary import Floats
from weakseg.metrics.detection_intervals import Intervals, find_intervals
from weakseg.metrics.event_table import TIME_TOLERANCE, Events


class Overlaps(NamedTuple):
    """Detections of a batch of clips, and what reference events cover of each, in seconds."""

    scores: NDArray[Any]
    """Frame scores (clips, classes, frames)."""
    intervals: Intervals
    seconds: Floats
    """Length of each detection, (detections,)."""
    label: NDArray[np.intp]
    """Class of each detection, (detections,)."""
    slot_label: NDArray[np.intp]
    """Class in each slot of the detection's clip, (slots, detections)."""
    slot_seconds: Floats
    """What the events of that class cover of the detection, (slots, detections)."""
    events: Events
    """Reference events; their clips are indices into the batch."""
    event_seconds: Floats
    """What of each event lies before each border of frames, (events, frames + 1)."""


class Changes(NamedTuple):
    """What a threshold that falls to `level` adds: events found and errors; each (changes,)."""

    level: NDArray[Any]
    found: NDArray[np.int8]
    errors: Floats


def overlaps(scores: NDArray[Any], events: Events, frame_seconds: float) -> Overlaps:
    """Detections in scores (clips, classes, frames) and their overlaps with the events."""
    n_clips, n_classes, n_frames = scores.shape
    intervals = find_intervals(scores.reshape(-1, n_frames))
    borders = np.arange(n_frames + 1, dtype=np.float64) * frame_seconds
    event_seconds = np.clip(borders, events.onset[:, None], events.offset[:, None])
    event_seconds -= events.onset[:, None]
    labels, before = _slots(events, event_seconds, n_clips)
    clip, label = np.divmod(intervals.row, n_classes)
    slot_seconds = np.stack(
        [slot[clip, intervals.end] - slot[clip, intervals.start] for slot in before]
    )
    seconds = borders[intervals.end - intervals.start]
    return Overlaps(
        scores, intervals, seconds, label, labels[:, clip], slot_seconds, events, event_seconds
    )


def _slots(events: Events, event_seconds: Floats, n_clips: int) -> tuple[NDArray[np.intp], Floats]:
    """Labels (slots, clips), and seconds of that class before borders (slots, clips, borders)."""
    pairs, pair_of_event = np.unique(
        np.stack([events.clip, events.label]), axis=1, return_inverse=True
    )
    clip, label = pairs
    slot = np.arange(len(clip)) - np.searchsorted(clip, clip)
    n_slots = int(slot.max(initial=0)) + 1
    labels = np.full((n_slots, n_clips), -1, dtype=np.intp)
    labels[slot, clip] = label
    before = np.zeros((n_slots, n_clips, event_seconds.shape[1]))
    np.add.at(before, (slot[pair_of_event], events.clip), event_seconds)
    return labels, before


def relevant(batch: Overlaps, share: float) -> NDArray[np.bool_]:
    """Which detections events of their own class cover by at least `share`, (detections,)."""
    own = np.where(batch.slot_label == batch.label, batch.slot_seconds, 0.0).sum(axis=0)
    enough: NDArray[np.bool_] = own >= share * batch.seconds - TIME_TOLERANCE
    return enough


def cross_trigger_cost(batch: Overlaps, share: float, cost: Floats) -> Floats:
    """Sum of cost (classes,) over the other classes that cover a detection by `share`."""
    total = np.zeros(len(batch.label))
    for label, seconds in zip(batch.slot_label, batch.slot_seconds, strict=True):
        other = (label >= 0) & (label != batch.label)
        hit = other & (seconds >= share * batch.seconds - TIME_TOLERANCE)
        total[hit] += cost[label[hit]]
    return total


def error_changes(batch: Overlaps, cost: Floats) -> list[Changes]:
    """Changes of each class's errors: a detection costs `cost` (detections,) while it lasts."""
    n_classes = batch.scores.shape[1]
    tops, bottoms = batch.intervals.top_cell, batch.intervals.bottom_cell
    change: Floats = np.zeros(batch.scores.size)
    change[tops] = cost
    # a threshold that falls to a detection's bottom merges it into a longer one
    merged = bottoms >= 0
    change -= np.bincount(bottoms[merged], weights=cost[merged], minlength=change.size)
    change = change.reshape(batch.scores.shape)
    changes = []
    for label in range(n_classes):
        some = change[:, label] != 0
        errors = change[:, label][some]
        found = np.zeros(len(errors), dtype=np.int8)
        changes.append(Changes(batch.scores[:, label][some], found, errors))
    return changes


def found_changes(batch: Overlaps, chosen: NDArray[np.bool_], share: float) -> list[Changes]:
    """Changes of the number of each class's events that `chosen` detections cover by `share`."""
    n_classes = batch.scores.shape[1]
    changes: list[list[Changes]] = [[] for _ in range(n_classes)]
    for clip, label, onset, offset, seconds in zip(*batch.events, batch.event_seconds, strict=True):
        row = clip * n_classes + label
        rows = slice(*np.searchsorted(batch.intervals.row, [row, row + 1]))
        part = Intervals(*(column[rows][chosen[rows]] for column in batch.intervals))
        covered = seconds[part.end] - seconds[part.start]
        needed = share * (offset - onset) - TIME_TOLERANCE
        changes[label].append(_found(batch.scores, part, covered, needed))
    return [join_changes(one) for one in changes]


def _found(scores: NDArray[Any], part: Intervals, covered: Floats, needed: float) -> Changes:
    """Where one event becomes found (+1) or lost (-1) as the threshold falls."""
    merged = part.bottom_cell >= 0
    cells = np.concatenate([part.top_cell, part.bottom_cell[merged]])
    level = scores.ravel()[cells]
    order = np.argsort(-level)
    level = level[order]
    total = np.cumsum(np.concatenate([covered, -covered[merged]])[order])
    last = np.append(level[1:] != level[:-1], True)[: len(level)]
    change = np.diff((total[last] >= needed).astype(np.int8), prepend=np.int8(0))
    some = change != 0
    return Changes(level[last][some], change[some], np.zeros(int(some.sum())))


def join_changes(parts: list[Changes]) -> Changes:
    """All changes in one list."""
    empty = Changes(np.zeros(0, np.float32), np.zeros(0, np.int8), np.zeros(0))
    return Changes(*(np.concatenate(column) for column in zip(empty, *parts, strict=True)))
