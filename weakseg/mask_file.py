"""The masks of one recording, on disk while they are needed: an hour's do not fit the memory.

Conventions
-----------
- Codes of masks are those of `store`, uint8; in the file (frames, maps, mels), as they come: of the
  classes and, last, of a learnt foreground.
- The file has no name: nothing is left of it, however the program ends.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from weakseg.store import decode_masks


class MaskFile:
    """Masks of `n_classes` classes and `n_mels` bands, in a file in `directory` (None: the system's
    for temporary files).

    learnt: whether a map of the foreground comes after those of the classes.
    """

    def __init__(
        self, n_classes: int, n_mels: int, directory: Path | None = None, *, learnt: bool = False
    ):
        self._n_classes, self._learnt = n_classes, learnt
        self._shape = (n_classes + learnt, n_mels)
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115  (closed at exit)
        self.n_frames = 0

    def __enter__(self) -> MaskFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, codes: NDArray[np.uint8]) -> None:
        """Further frames, codes (frames, maps, mels)."""
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(codes).data)
        self.n_frames += len(codes)

    def read(self, first: int, end: int) -> NDArray[np.float32]:
        """Masks (classes, frames, mels) of the frames `first` to `end`, as far as there are."""
        return self._maps(first, end, slice(self._n_classes))

    def learnt_foreground(self, first: int, end: int) -> NDArray[np.float32] | None:
        """The map (frames, mels) of a learnt foreground, likewise; None if there is none."""
        return self._maps(first, end, slice(self._n_classes, None))[0] if self._learnt else None

    def _maps(self, first: int, end: int, some: slice) -> NDArray[np.float32]:
        frame_bytes = self._shape[0] * self._shape[1]
        self._file.seek(first * frame_bytes)
        data = self._file.read(max(0, min(end, self.n_frames) - first) * frame_bytes)
        codes = np.frombuffer(data, np.uint8).reshape(-1, *self._shape)
        return decode_masks(np.ascontiguousarray(codes[:, some].swapaxes(0, 1)))
