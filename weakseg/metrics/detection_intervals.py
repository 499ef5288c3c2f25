"""Every event that any threshold on frame scores can detect, each with the thresholds that do.

An interval of frames is a detection at threshold T if its scores are all >= T and those just
outside are below.  The intervals of one score sequence form a tree: as T falls they grow and
merge.  There are at most as many as frames, so all thresholds are covered at once, exactly.

Conventions
-----------
- Scores are (rows, frames), one row a clip and class; an interval is frames start to end - 1.
- It exists for thresholds T with bottom < T <= top; bottom is -inf for a whole row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Intervals(NamedTuple):
    """Intervals sorted by row; each array (intervals,).

    top_cell and bottom_cell are flat indices into (rows, frames) of a frame whose score is the
    interval's top and its bottom; bottom_cell is -1 where there is none.
    """

    row: NDArray[np.intp]
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    top_cell: NDArray[np.intp]
    bottom_cell: NDArray[np.intp]


def find_intervals(scores: NDArray[Any]) -> Intervals:
    """All distinct intervals of finite scores (rows, frames)."""
    n_rows, n_frames = scores.shape
    start = np.arange(n_frames) - _run_before(scores, ties=True)
    end = np.arange(1, n_frames + 1) + _run_before(scores[:, ::-1], ties=False)[:, ::-1]
    edge = np.full((n_rows, 1), -np.inf, dtype=scores.dtype)
    padded = np.hstack([edge, scores, edge])
    before = np.take_along_axis(padded, start, axis=1)
    after = np.take_along_axis(padded, end + 1, axis=1)
    # of frames with one score in one interval only the last sees nothing equal to its right
    row, frame = np.nonzero(after < scores)
    start, end, before, after = (x[row, frame] for x in (start, end, before, after))
    bottom = row * n_frames + np.where(before > after, start - 1, end)
    bottom[np.maximum(before, after) == -np.inf] = -1
    return Intervals(row, start, end, row * n_frames + frame, bottom)


def _run_before(scores: NDArray[Any], ties: bool) -> NDArray[np.intp]:
    """How many frames right before each frame score higher (`ties`: or the same), in one run.

    A run is measured in blocks of 2^k frames, from large to small, by their minima.
    """
    n_frames = scores.shape[1]
    minima = [scores]
    while 2 ** len(minima) <= n_frames:
        half = 2 ** (len(minima) - 1)
        minima.append(np.minimum(minima[-1][:, half:], minima[-1][:, :-half]))
    run = np.zeros(scores.shape, dtype=np.intp)
    for k in reversed(range(len(minima))):
        first = np.arange(n_frames) - run - 2**k
        block = np.take_along_axis(minima[k], np.maximum(first, 0), axis=1)
        longer = (first >= 0) & ((block >= scores) if ties else (block > scores))
        run[longer] += 2**k
    return run
