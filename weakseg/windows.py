"""Overlapping windows of a stream that is too long for the memory.

Conventions
-----------
- A stream is an iterable of blocks (rows, ...) of any numbers of rows: samples, or frames.
- Each row of the stream lies in the core of exactly one window; a window has `context` rows more on
  either side of its core, as far as the stream reaches.  What depends on no more than the context
  is the same in a core as it would be in the whole stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Window(NamedTuple):
    """Rows of a stream: `values` (rows, ...), of which the first is row `first` of the stream;
    `core`: which of the values are the core."""

    values: NDArray[Any]
    first: int
    core: slice


def windows(blocks: Iterable[NDArray[Any]], core: int, context: int) -> Iterator[Window]:
    """Windows over a stream, in order; cores begin at multiples of `core` rows."""
    held, first, done = _Rows(), 0, 0
    for block in blocks:
        held.add(block)
        while first + len(held) >= done + core + context:
            values = held.all()[: done + core + context - first]
            yield Window(values, first, slice(done - first, done - first + core))
            done += core
            kept = max(0, done - context)
            held.drop(kept - first)
            first = kept
    total = first + len(held)
    while done < total:
        values = held.all()[: done + core + context - first]
        end = min(done + core, total)
        yield Window(values, first, slice(done - first, end - first))
        done += core
        kept = max(0, min(done, total) - context)
        held.drop(kept - first)
        first = kept


class _Rows:
    """Blocks that are joined when they are looked at, not each time that one is added."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[Any]] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, block: NDArray[Any]) -> None:
        self._blocks.append(block)
        self._length += len(block)

    def all(self) -> NDArray[Any]:
        if len(self._blocks) != 1:
            self._blocks = [np.concatenate(self._blocks)]
        return self._blocks[0]

    def drop(self, rows: int) -> None:
        if rows > 0:
            rest = self.all()[rows:].copy()
            self._blocks, self._length = [rest], len(rest)
