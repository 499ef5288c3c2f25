"""Recordings of any length, block by block: what is heard of an hour needs no more memory than what
is heard of a minute.

Conventions
-----------
- A stream is an iterable of mono blocks (samples,), float32, at one sample rate; channels are
  averaged, and rates converted, as in `audio`.
- Waveforms that are handed over are (samples,) or (samples, channels); whole numbers are in the
  range of their type, other numbers in -1..1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from weakseg.audio import (
    BLOCK_SAMPLES,
    AudioError,
    Waveform,
    check_length,
    check_samples,
    opened,
)

MOST_CHANNELS = 1024  # libsndfile's
Block = NDArray[np.float32]


def stream_file(path: Path, sample_rate: int) -> Iterator[Block]:
    """A recording at `sample_rate` (Hz).

    AudioError if it cannot be read, is empty, ends before its header says, or holds values that are
    not finite: also after some blocks, as nothing is read ahead.
    """
    with opened(path) as file:
        yield from _resampled(_mono_blocks(file), file.samplerate, sample_rate)


def _mono_blocks(file: soundfile.SoundFile) -> Iterator[Waveform]:
    n_read = 0
    rows = max(1, 2 * BLOCK_SAMPLES // file.channels)
    while len(block := file.read(rows, dtype="float64", always_2d=True)):
        n_read += len(block)
        check_samples(block)
        yield block.mean(axis=1)
    check_length(n_read, file.frames, file.samplerate)


def stream_array(audio: NDArray[Any], from_rate: int, sample_rate: int) -> Iterator[Block]:
    """A waveform of `from_rate` Hz at `sample_rate` (Hz); for errors see `check_array`."""
    rows = max(1, 2 * BLOCK_SAMPLES // (audio.shape[1] if audio.ndim == 2 else 1))
    parts = (audio[start : start + rows] for start in range(0, len(audio), rows))
    yield from _resampled((_mono(part) for part in parts), from_rate, sample_rate)


def check_array(audio: NDArray[Any], sample_rate: Any) -> None:
    """AudioError, with what was expected, if an array is no waveform or its rate no rate."""
    is_number = isinstance(sample_rate, Real) and not isinstance(sample_rate, bool)
    if not is_number or not sample_rate >= 1 or sample_rate % 1 != 0:
        raise AudioError(f"sample_rate: {sample_rate!r} is not a whole number of hertz above 0")
    if audio.dtype.kind not in "iuf":
        raise AudioError(f"audio: values of type {audio.dtype}, expected whole numbers or floats")
    if audio.ndim not in (1, 2) or (audio.ndim == 2 and not 1 <= audio.shape[1] <= MOST_CHANNELS):
        raise AudioError(f"audio: shape {audio.shape}, expected (samples,) or (samples, channels)")
    if len(audio) == 0:
        raise AudioError("audio: empty")
    if audio.ndim == 2 and audio.shape[0] < audio.shape[1]:
        raise AudioError(
            f"audio: shape {audio.shape}, expected (samples, channels); transpose it (audio.T)"
        )


def _mono(part: NDArray[Any]) -> Waveform:
    values = part.astype(np.float64)
    if part.dtype.kind == "i":
        values /= -float(np.iinfo(part.dtype).min)
    elif part.dtype.kind == "u":
        middle = (np.iinfo(part.dtype).max + 1) / 2
        values = (values - middle) / middle
    check_samples(values)
    return values if values.ndim == 1 else values.mean(axis=1)


def _resampled(blocks: Iterable[Waveform], from_rate: int, to_rate: int) -> Iterator[Block]:
    if from_rate == to_rate:
        yield from (block.astype(np.float32) for block in blocks)
        return
    stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float64", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block).astype(np.float32)
    yield stream.resample_chunk(np.empty(0), last=True).astype(np.float32)
