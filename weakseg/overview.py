"""A recording of any length at a bounded size: what a picture or a page shows of it.

Conventions
-----------
- Successive frames are merged to at most MOST_COLUMNS columns; a column has the highest value of
  its frames, so that a short sound is not lost.
- An envelope is (2 * parts,): the lowest and the highest sample of each part of the waveform.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg.audio_stream import Block
from weakseg.mask_file import MaskFile

MOST_COLUMNS = 3000
READ_COLUMNS = 16  # of masks at a time


def frames_a_column(n_frames: int) -> int:
    """Frames that are merged to one column."""
    return max(1, -(-n_frames // MOST_COLUMNS))


def highest(rows: NDArray[Any], merged: int) -> NDArray[Any]:
    """Columns (columns, ...) of at least one row (rows, ...); the last may be of fewer rows."""
    columns: NDArray[Any] = np.maximum.reduceat(rows, np.arange(0, len(rows), merged), axis=0)
    return columns


def highest_masks(masks: MaskFile, wanted: list[int], merged: int) -> NDArray[np.float32]:
    """Masks of some classes, (wanted, columns, mels)."""
    step = READ_COLUMNS * merged
    parts = [
        highest(masks.read(first, first + step)[wanted].swapaxes(0, 1), merged)
        for first in range(0, masks.n_frames, step)
    ]
    return np.concatenate(parts).swapaxes(0, 1)


class Envelope:
    """Listens to a stream of samples that goes `through`, `part` samples at a time."""

    def __init__(self, part: int):
        self._part, self._rest = part, np.zeros(0, np.float32)
        self._low: list[NDArray[np.float32]] = []
        self._high: list[NDArray[np.float32]] = []
        self.n_samples = 0

    def through(self, samples: Iterable[Block]) -> Iterator[Block]:
        """The same stream."""
        for block in samples:
            self.n_samples += len(block)
            self._rest = np.concatenate([self._rest, block])
            whole = len(self._rest) // self._part * self._part
            if whole:
                self._add(self._rest[:whole])
                self._rest = self._rest[whole:]
            yield block

    def _add(self, samples: Block) -> None:
        starts = np.arange(0, len(samples), self._part)
        self._low.append(np.minimum.reduceat(samples, starts))
        self._high.append(np.maximum.reduceat(samples, starts))

    def values(self, part: int) -> NDArray[np.float32]:
        """The envelope, of parts of about `part` samples; call it once, at the end."""
        merged = max(1, part // self._part)
        if len(self._rest):
            self._add(self._rest)
        low, high = np.concatenate(self._low), np.concatenate(self._high)
        return np.stack([-highest(-low, merged), highest(high, merged)], axis=1).ravel()
