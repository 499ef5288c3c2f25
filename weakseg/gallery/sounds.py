"""Sounds as Opus in an Ogg file, the same bytes each time.

Conventions
-----------
- Opus knows few sample rates, so that a waveform is resampled to 48 kHz.
- libsndfile gives each Ogg stream a random serial number, which is replaced by a fixed one; each
  page's checksum covers it (RFC 3533, section 6).
"""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

OPUS_RATE = 48000
SERIAL = b"weak"
# Compression levels of libsndfile, best first: a second takes about 8, 4 and 2 kB.
QUALITIES = (0.8, 0.88, 0.94)

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def opus(waveform: NDArray[np.floating[Any]], sample_rate: int, quality: float) -> bytes:
    """A waveform (samples,), full scale 1, as an Ogg Opus file.

    quality: a compression level of libsndfile, 0 (largest) to 1.
    """
    audio = np.clip(waveform, -1, 1)
    if sample_rate != OPUS_RATE:
        audio = np.clip(soxr.resample(audio, sample_rate, OPUS_RATE, "HQ"), -1, 1)
    buffer = io.BytesIO()
    options = {"format": "OGG", "subtype": "OPUS", "compression_level": quality}
    with soundfile.SoundFile(buffer, "w", OPUS_RATE, 1, **options) as file:
        file.write(audio)
    return with_serial(buffer.getvalue(), SERIAL)


def with_serial(ogg: bytes, serial: bytes) -> bytes:
    """The Ogg file with another serial number (4 bytes) of its stream."""
    pages, start = [], 0
    while start < len(ogg):
        n_segments = ogg[start + 26]
        end = start + 27 + n_segments + sum(ogg[start + 27 : start + 27 + n_segments])
        page = ogg[start : start + 14] + serial + ogg[start + 18 : start + 22]
        rest = ogg[start + 26 : end]
        checksum = struct.pack("<I", _checksum(page + bytes(4) + rest))
        pages.append(page + checksum + rest)
        start = end
    return b"".join(pages)


def _checksum(page: bytes) -> int:
    """Ogg's checksum: zlib's polynomial with the bits of each byte, and of the result, reversed."""
    straight = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{straight:032b}"[::-1], 2)


def data_uri(content: bytes, kind: str) -> str:
    """Bytes as a data: URI of a media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
