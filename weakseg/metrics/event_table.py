"""Event tables as arrays: what the event metrics read.

Conventions
-----------
- A table is a pandas DataFrame with the DCASE columns filename, onset, offset, event_label;
  onset and offset in seconds.  A row without a label says that the file holds no event.
- The lists of file names and of classes give the indices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMNS = ("filename", "onset", "offset", "event_label")
TIME_TOLERANCE = 1e-6
"""Seconds by which two times may differ and still be equal: far above rounding, below a sample."""


class Events(NamedTuple):
    """Events sorted by clip, in the order of the table within a clip; each array (events,)."""

    clip: NDArray[np.intp]
    label: NDArray[np.intp]
    onset: NDArray[np.float64]
    offset: NDArray[np.float64]

    def of_clips(self, first: int, end: int) -> Events:
        """The events of the clips first to end - 1; clip indices stay as they are."""
        return self.at(slice(*np.searchsorted(self.clip, [first, end])))

    def at(self, rows: Any) -> Events:
        """The events at an index of their arrays, in its order."""
        return Events(self.clip[rows], self.label[rows], self.onset[rows], self.offset[rows])


def read_events(table: pd.DataFrame, filenames: Sequence[str], classes: Sequence[str]) -> Events:
    """Events of a table, with indices into `filenames` and `classes`.

    ValueError names a missing column, an unknown file or class, or an event whose times are
    not finite numbers or that ends before it starts.
    """
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise ValueError(f"event table: no column {missing[0]!r}; it needs {', '.join(COLUMNS)}")
    table = table[table["event_label"].notna()]
    clip = _indices(table["filename"], filenames, "filename")
    label = _indices(table["event_label"], classes, "event_label")
    onset, offset = (table[name].to_numpy(np.float64) for name in ("onset", "offset"))
    wrong = ~(np.isfinite(onset) & np.isfinite(offset) & (offset >= onset))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"event table: {table['filename'].iloc[row]} has an event from {onset[row]} to "
            f"{offset[row]} s; expected finite times, the offset not before the onset"
        )
    order = np.argsort(clip, kind="stable")
    return Events(clip[order], label[order], onset[order], offset[order])


def merged(events: Events) -> Events:
    """Events with those of one clip and class that overlap or touch joined into one."""
    rows: list[tuple[int, int, float, float]] = []
    for row in np.lexsort((events.onset, events.label, events.clip)):
        clip, label, onset, offset = (column[row].item() for column in events)
        if rows and rows[-1][:2] == (clip, label) and onset <= rows[-1][3] + TIME_TOLERANCE:
            _, _, onset, before = rows.pop()
            offset = max(before, offset)
        rows.append((clip, label, onset, offset))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Events(table[:, 0].astype(np.intp), table[:, 1].astype(np.intp), *table[:, 2:].T)


def _indices(values: pd.Series, known: Sequence[str], column: str) -> NDArray[np.intp]:
    index = pd.Index(known).get_indexer(pd.Index(values))
    if (index < 0).any():
        unknown = values.iloc[int(np.argmax(index < 0))]
        raise ValueError(
            f"event table: {column} {unknown!r} is not among the {len(known)} expected; "
            "use a table of the same clips and classes"
        )
    return index
