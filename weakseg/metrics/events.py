"""Sound event detection, event by event: collar-based and segment-based metrics.

Source: Mesaros, Heittola and Virtanen 2016, "Metrics for polyphonic sound event detection",
and its reference implementation sed_eval.

Conventions
-----------
- Collar-based: an estimated event matches a reference event of its class if the onsets differ
  by at most 0.2 s and the offsets by at most max(0.2 s, half the reference event's length).
  Each event is matched once at most; the matching is the largest possible one.
- Segment-based: a class is active in a segment (1 s) that any of its events touches.
- Error rate: (substitutions + deletions + insertions) / reference events or active segments.
  Of one class there are no substitutions.

Where sed_eval differs
----------------------
- A time within 1e-6 s of a collar or of a segment's border lies on it: a match, and not in the
  next segment.  (sed_eval leaves an onset of 3.2 s against 3.0 s to float rounding.)
- Nothing estimated: precision and F1 are 0, as with empty_system_output_handling="zero_score".
  No reference: nan in each metric.
- Where several matchings are largest, the events they leave over differ, and with them the
  number of substitutions; this can move the micro error rate, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from weakseg.metrics.binary import Counts, Floats, precision_recall_f1, ratio
from weakseg.metrics.event_table import TIME_TOLERANCE, Events, read_events


class EventCounts(NamedTuple):
    """Counts by class, (..., classes), and the substitutions among all classes, (...,).

    What the functions below return has the leading axis clips: `totals` sums over it, the
    bootstrap weighs it.
    """

    tp: NDArray[Any]
    fp: NDArray[Any]
    fn: NDArray[Any]
    substitutions: NDArray[Any]

    def totals(self) -> EventCounts:
        """The counts of all clips together: each array without its first axis."""
        return EventCounts(*(count.sum(axis=0) for count in self))


def class_metrics(counts: EventCounts) -> dict[str, Floats]:
    """`precision recall f1 error_rate` of each class, (..., classes)."""
    rates = precision_recall_f1(Counts(counts.tp, counts.fp, counts.fn))
    reference = counts.tp + counts.fn
    return rates | {"error_rate": ratio(counts.fp + counts.fn, reference, np.nan)}


def micro_metrics(counts: EventCounts) -> dict[str, Floats]:
    """`precision recall f1 error_rate` of all classes' events together, (...,)."""
    tp, fp, fn = (count.sum(axis=-1) for count in counts[:3])
    errors = fp + fn - counts.substitutions
    return precision_recall_f1(Counts(tp, fp, fn)) | {"error_rate": ratio(errors, tp + fn, np.nan)}


def collar_counts(
    reference: pd.DataFrame,
    estimated: pd.DataFrame,
    filenames: Sequence[str],
    classes: Sequence[str],
    collar: float = 0.2,
    offset_share: float = 0.5,
) -> EventCounts:
    """Collar-based counts of each clip, arrays (clips, classes) and (clips,).

    reference, estimated: event tables (see `event_table`); collar in seconds; offset_share: the
    part of a reference event's length by which its offset may be missed.
    ValueError if a table is wrong (see `read_events`).
    """
    tables = [read_events(table, filenames, classes) for table in (reference, estimated)]
    shape = (len(filenames), len(classes))
    n_reference, n_estimated = (_count(events, shape) for events in tables)
    tp = np.zeros(shape, dtype=np.int64)
    substitutions = np.zeros(shape[0], dtype=np.int64)
    for clip in np.intersect1d(tables[0].clip, tables[1].clip):
        ref, est = (events.of_clips(clip, clip + 1) for events in tables)
        near = _near(ref, est, collar, offset_share)
        match = _largest_matching(near & (ref.label[:, None] == est.label))
        np.add.at(tp[clip], ref.label[match >= 0], 1)
        left = np.setdiff1d(np.arange(len(est.clip)), match)
        substitutions[clip] = _first_come_pairs(near[match < 0][:, left])
    return EventCounts(tp, n_estimated - tp, n_reference - tp, substitutions)


def match_events(
    ref: Events, est: Events, n_classes: int, collar: float = 0.2, offset_share: float = 0.5
) -> NDArray[np.intp]:
    """The row of `est` that each row of `ref` is matched to, or -1: all clips and classes at once.

    The number of matches is that of `collar_counts`, which also counts substitutions.
    """
    match = np.full(len(ref.clip), -1)
    key, other = (events.clip * n_classes + events.label for events in (ref, est))
    order = np.argsort(other, kind="stable")
    first, end = (np.searchsorted(other[order], key, side) for side in ("left", "right"))
    n = end - first
    if not n.any():
        return match
    row = np.repeat(np.arange(len(key)), n)
    column = order[np.arange(n.sum()) + np.repeat(first - np.cumsum(n) + n, n)]
    near = _within(ref.at(row), est.at(column), collar, offset_share)
    pairs = (np.ones(near.sum(), bool), (row[near], column[near]))
    graph = csr_array(pairs, shape=(len(key), len(other)))
    match[:] = maximum_bipartite_matching(graph, perm_type="column")
    return match


def segment_counts(
    reference: pd.DataFrame,
    estimated: pd.DataFrame,
    filenames: Sequence[str],
    classes: Sequence[str],
    clip_seconds: float,
    segment_seconds: float = 1.0,
) -> EventCounts:
    """Segment-based counts of each clip, arrays (clips, classes) and (clips,).

    Clips are clip_seconds long; events beyond their end do not count.
    ValueError if a table is wrong (see `read_events`).
    """
    n_segments = int(np.ceil((clip_seconds - TIME_TOLERANCE) / segment_seconds))
    shape = (len(filenames), n_segments, len(classes))
    ref, est = (
        _active_segments(read_events(table, filenames, classes), shape, segment_seconds)
        for table in (reference, estimated)
    )
    missed, added = ref & ~est, est & ~ref
    substitutions = np.minimum(missed.sum(axis=2), added.sum(axis=2)).sum(axis=1)
    return EventCounts(
        (ref & est).sum(axis=1), added.sum(axis=1), missed.sum(axis=1), substitutions
    )


def _count(events: Events, shape: tuple[int, int]) -> NDArray[np.int64]:
    count = np.zeros(shape, dtype=np.int64)
    np.add.at(count, (events.clip, events.label), 1)
    return count


def _near(ref: Events, est: Events, collar: float, offset_share: float) -> NDArray[np.bool_]:
    """Which estimate (columns) lies within the collars of which reference (rows)."""
    return _within(ref.at(np.s_[:, None]), est, collar, offset_share)


def _within(ref: Events, est: Events, collar: float, offset_share: float) -> NDArray[np.bool_]:
    """Whether est lies within the collars of ref, pair by pair."""
    offset_collar = np.maximum(collar, offset_share * (ref.offset - ref.onset))
    near: NDArray[np.bool_] = np.abs(ref.onset - est.onset) <= collar + TIME_TOLERANCE
    return near & (np.abs(ref.offset - est.offset) <= offset_collar + TIME_TOLERANCE)


def _largest_matching(possible: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The column matched to each row of a boolean matrix, or -1."""
    if possible.sum(axis=0).max() <= 1 and possible.sum(axis=1).max() <= 1:
        return np.where(possible.any(axis=1), possible.argmax(axis=1), -1)
    match: NDArray[np.intp] = maximum_bipartite_matching(csr_array(possible), perm_type="column")
    return match


def _first_come_pairs(possible: NDArray[np.bool_]) -> int:
    """How many rows find a column that no earlier row has taken, as sed_eval pairs leftovers."""
    free = np.ones(possible.shape[1], dtype=bool)
    for row in possible:
        candidates = np.flatnonzero(row & free)
        free[candidates[:1]] = False
    return int((~free).sum())


def _active_segments(
    events: Events, shape: tuple[int, int, int], segment_seconds: float
) -> NDArray[np.bool_]:
    """Activity, (clips, segments, classes): a segment from the onset's to the offset's."""
    first = np.floor((events.onset + TIME_TOLERANCE) / segment_seconds)
    end = np.ceil((events.offset - TIME_TOLERANCE) / segment_seconds)
    first, end = (np.clip(border, 0, shape[1]).astype(int) for border in (first, end))
    change = np.zeros((shape[0], shape[1] + 1, shape[2]), dtype=np.int32)
    some = end > first
    np.add.at(change, (events.clip[some], first[some], events.label[some]), 1)
    np.add.at(change, (events.clip[some], end[some], events.label[some]), -1)
    return np.cumsum(change, axis=1)[:, :-1] > 0
