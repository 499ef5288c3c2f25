"""Sound event detection, event by event: collar-based and segment-based metrics.

Source: Mesaros, Heittola and Virtanen 2016, "Metrics for polyphonic sound event detection",
and its reference implementation sed_eval.

Conventions
-----------
- Collar-based: an estimated event matches a reference event of its class if the onsets differ
  by at most 0.2 s and the offsets by at most max(0.2 s, half the reference event's length).
  Each event is matched once at most; the matching is the largest possible one.
- Segment-based: a class is active in a segment (1 s) that any of its events touches.
- Error rate of a class: (deletions + insertions) / reference events or active segments.

Where sed_eval differs
----------------------
- A time within 1e-6 s of a collar or of a segment's border lies on it: a match, and not in the
  next segment.  (sed_eval leaves an onset of 3.2 s against 3.0 s to float rounding.)
- Nothing estimated: precision and F1 are 0, as with empty_system_output_handling="zero_score".
  No reference: nan in each metric.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from weakseg.metrics.binary import Counts, Floats, precision_recall_f1, ratio
from weakseg.metrics.event_table import TIME_TOLERANCE, Events, read_events


def totals(counts: Counts) -> Counts:
    """The counts of all clips together: each array without its first axis."""
    return Counts(*(count.sum(axis=0) for count in counts))


def class_metrics(counts: Counts) -> dict[str, Floats]:
    """`precision recall f1 error_rate` of each class, (..., classes)."""
    rates = precision_recall_f1(counts)
    reference = counts.tp + counts.fn
    return rates | {"error_rate": ratio(counts.fp + counts.fn, reference, np.nan)}


def collar_counts(
    reference: pd.DataFrame,
    estimated: pd.DataFrame,
    filenames: Sequence[str],
    classes: Sequence[str],
    collar: float = 0.2,
    offset_share: float = 0.5,
) -> Counts:
    """Collar-based counts of each clip, arrays (clips, classes).

    reference, estimated: event tables (see `event_table`); collar in seconds; offset_share: the
    part of a reference event's length by which its offset may be missed.
    ValueError if a table is wrong (see `read_events`).
    """
    ref, est = (read_events(table, filenames, classes) for table in (reference, estimated))
    shape = (len(filenames), len(classes))
    found = match_events(ref, est, shape[1], collar, offset_share) >= 0
    tp = _count(ref.at(found), shape)
    return Counts(tp, _count(est, shape) - tp, _count(ref, shape) - tp)


def class_counts(ref: Events, est: Events, n_classes: int) -> Counts:
    """Collar-based counts of all clips together, arrays (classes,)."""
    matched = ref.label[match_events(ref, est, n_classes) >= 0]
    n_ref, n_est, tp = (
        np.bincount(label, minlength=n_classes) for label in (ref.label, est.label, matched)
    )
    return Counts(tp, n_est - tp, n_ref - tp)


def match_events(
    ref: Events, est: Events, n_classes: int, collar: float = 0.2, offset_share: float = 0.5
) -> NDArray[np.intp]:
    """The row of `est` that each row of `ref` is matched to, or -1, in all clips and classes."""
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
) -> Counts:
    """Segment-based counts of each clip, arrays (clips, classes).

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
    return Counts((ref & est).sum(axis=1), added.sum(axis=1), missed.sum(axis=1))


def _count(events: Events, shape: tuple[int, int]) -> NDArray[np.int64]:
    count = np.zeros(shape, dtype=np.int64)
    np.add.at(count, (events.clip, events.label), 1)
    return count


def _within(ref: Events, est: Events, collar: float, offset_share: float) -> NDArray[np.bool_]:
    """Whether est lies within the collars of ref, pair by pair."""
    offset_collar = np.maximum(collar, offset_share * (ref.offset - ref.onset))
    near: NDArray[np.bool_] = np.abs(ref.onset - est.onset) <= collar + TIME_TOLERANCE
    return near & (np.abs(ref.offset - est.offset) <= offset_collar + TIME_TOLERANCE)


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
