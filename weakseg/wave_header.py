"""How long a WAV file's header says that it is, which libsndfile corrects without a word.

Conventions
-----------
- Chunks are those of RIFF (Microsoft and IBM, Multimedia Programming Interface and Data
  Specifications 1.0, 1991): four letters, a size of 32 bits, so many bytes and one more if odd.
- Who writes into a pipe cannot know the length, and gives 0 or about as much as fits in the field.
"""

from __future__ import annotations

import io
import struct
from typing import IO, Any, NamedTuple

RIFF, CHUNK = struct.Struct("<4s4x4s"), struct.Struct("<4sI")
FORMAT = struct.Struct("<4xI4xH2x")  # of the chunk `fmt `: sample rate, bytes of a sample
ENDLESS = 0x7FFF_0000  # bytes of samples; no header that knows its length says as much


class Length(NamedTuple):
    """Samples that the header promises, samples that the file has room for, their rate in Hz."""

    promised: int
    held: int
    sample_rate: int


def length_of(file: IO[bytes]) -> Length | None:
    """The length of a WAV file that is open at its start; None for other files or if unknown."""
    if _unpacked(file, RIFF) != (b"RIFF", b"WAVE"):
        return None
    sample_rate = width = 0
    while chunk := _unpacked(file, CHUNK):
        name, size = chunk
        start = file.tell()
        if name == b"data":
            known = 0 < size < ENDLESS and width and sample_rate
            held = file.seek(0, io.SEEK_END) - start
            return Length(size // width, held // width, sample_rate) if known else None
        if name == b"fmt ":
            sample_rate, width = _unpacked(file, FORMAT) or (0, 0)
        file.seek(start + size + size % 2)
    return None


def _unpacked(file: IO[bytes], layout: struct.Struct) -> tuple[Any, ...]:
    """The next values; nothing where the file ends before."""
    data = file.read(layout.size)
    return layout.unpack(data) if len(data) == layout.size else ()
