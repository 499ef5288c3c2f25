"""The samples of a WAV file in memory, in a quarter of the time that libsndfile takes.

Conventions
-----------
- None stands for all that is not plain PCM of 16 or 24 bits, as long as its header says:
  libsndfile, asked again, reads it or says what is wrong.
- Of several chunks of data, which the format does not allow, the first counts; to libsndfile the
  last does.
"""

from __future__ import annotations

import io
import math
import sys
import wave
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_CHANNELS = 128  # the sum of so many samples of 24 bits is one of 31 at most
BLOCK_SAMPLES = 65_536  # that stay in the processor's cache
DAMAGE = (wave.Error, EOFError, RuntimeError)


class WaveData(NamedTuple):
    """The mean of the channels, (samples,) float64 in -1..1, and the sample rate in Hz."""

    mono: NDArray[np.float64]
    sample_rate: int


def read_wave(source: io.BytesIO, seconds: float | None = None) -> WaveData | None:
    """A WAV file, or at least its first `seconds`: to the bit what libsndfile makes of it."""
    if sys.byteorder == "big":
        return None
    try:
        with wave.open(source) as file:
            return _read(file, seconds)
    except DAMAGE:
        return None
    finally:
        source.seek(0)


def _read(file: wave.Wave_read, seconds: float | None) -> WaveData | None:
    width, n_channels, sample_rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
    n_samples = file.getnframes()
    if seconds is not None:
        n_samples = min(n_samples, math.ceil(seconds * sample_rate))
    if n_samples == 0 or width not in (2, 3) or n_channels > MOST_CHANNELS:
        return None
    mono, n_read = np.empty(n_samples), 0
    while n_read < n_samples:
        data = file.readframes(min(BLOCK_SAMPLES, n_samples - n_read))
        if len(data) < n_channels * width:  # it ends before its header says
            return None
        block = _sum_of_channels(data, n_channels, width)
        mono[n_read : n_read + len(block)] = block
        n_read += len(block)
    mono /= n_channels << (8 * width - 1)
    return WaveData(mono, sample_rate)


def _sum_of_channels(data: bytes, n_channels: int, width: int) -> NDArray[np.int32]:
    """The sum of interleaved whole numbers of `width` bytes, (samples,).

    Each is read as the 32 bits that end with it; the lower ones are its neighbour's, and dropped.
    """
    n_samples = len(data) // (n_channels * width)
    padded = bytes(4 - width) + data
    total = np.zeros(n_samples, np.int32)
    for channel in range(n_channels):
        wide = np.ndarray((n_samples,), "<i4", padded, channel * width, (n_channels * width,))
        total += wide >> (32 - 8 * width)
    return total
