"""The masks of one recording, on disk while they are needed: an hour's do not fit the memory.

Conventions
-----------
- Codes of masks are those of `store`, uint8; in the file (frames, classes, mels), as they come.
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
    for temporary files)."""

    def __init__(self, n_classes: int, n_mels: int, directory: Path | None = None):
        self._shape = (n_classes, n_mels)
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
        """Further frames, codes (frames, classes, mels)."""
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(codes).data)
        self.n_frames += len(codes)

    def read(self, first: int, end: int) -> NDArray[np.float32]:
        """Masks (classes, frames, mels) of the frames `first` to `end`, as far as there are."""
        frame_bytes = self._shape[0] * self._shape[1]
        self._file.seek(first * frame_bytes)
        data = self._file.read(max(0, min(end, self.n_frames) - first) * frame_bytes)
        codes = np.frombuffer(data, np.uint8).reshape(-1, *self._shape)
        return decode_masks(np.ascontiguousarray(codes.swapaxes(0, 1)))
