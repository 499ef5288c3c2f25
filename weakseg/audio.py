"""Read, resample, level and write waveforms.

Conventions
-----------
- A waveform is mono float64 in -1..1, shape (samples,), unless said otherwise;
  several channels are averaged.
- Resampling is soxr's "HQ" quality.
- Levels are root mean squares; 0 dB is an rms of 1.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from weakseg.cores import memory_of_machine
from weakseg.crossfade import repeated
from weakseg.files import writing
from weakseg.foreseen import is_out_of_memory
from weakseg.levels import largest, rms
from weakseg.wave_data import read_wave
from weakseg.wave_header import length_of

Waveform = NDArray[np.float64]

# A block is enough to find the first sound of most recordings without reading the rest.
BLOCK_SAMPLES = 65_536
SILENCE = 1e-4  # of full scale (-80 dB): a recording that never exceeds it is silent
SHORTEST_LEAD = 0.05  # seconds; a sound that starts earlier starts at once
SOUND = 1e-3  # of full scale (-60 dB): where a recording starts to be heard
FLOAT_SUBTYPES = ("FLOAT", "DOUBLE")
LARGEST_SAMPLE = 1e6  # of full scale; squares of what floating-point files may hold overflow
# Hz; a header that says less or more is wrong, and would fill the memory when resampled
LOWEST_RATE, HIGHEST_RATE = 100, 1_000_000
LOST_SECONDS = 0.1  # at the end of a file, more than a codec's padding
# MemoryError: a header may promise more samples than any memory holds
UNREADABLE = (soundfile.LibsndfileError, OSError, EOFError, RuntimeError, MemoryError)


class AudioError(ValueError):
    """A recording that cannot be used; the message says why in a few words."""


@dataclass(frozen=True)
class Header:
    """A recording's seconds, sample rate (Hz), channels, and second at which sound starts."""

    seconds: float
    sample_rate: int
    channels: int
    starts: float


@contextmanager
def opened(source: str | Path | IO[bytes]) -> Iterator[soundfile.SoundFile]:
    """A recording to read from; AudioError if it is none, is empty, or turns out to be damaged."""
    try:
        _check_whole(source)
        with _sound_file(source) as file:
            _check_format(file)
            yield file
    except UNREADABLE as error:
        pass_on_shortage(error)
        raise AudioError(f"unreadable ({one_line(error)})") from error


def pass_on_shortage(error: Exception) -> None:
    """MemoryError for an error that is none of the recording's: there is too little memory now."""
    if is_out_of_memory(error) and _bytes_asked_for(error) <= memory_of_machine():
        raise MemoryError(str(error)) from error


def _bytes_asked_for(error: Exception) -> int:
    """By NumPy for an array; 0 if another asked."""
    shape, dtype = getattr(error, "shape", (0,)), getattr(error, "dtype", np.dtype("u1"))
    return math.prod(shape) * dtype.itemsize


def _sound_file(source: str | bytes | Path | IO[bytes]) -> soundfile.SoundFile:
    if isinstance(source, (str, Path)):
        source = os.fsencode(source)  # of text soundfile takes what is UTF-8 alone
    try:
        return soundfile.SoundFile(source)
    except TypeError as error:  # soundfile wants to be told a rate
        raise AudioError("raw samples, of which nothing says what they are") from error


def _check_whole(source: str | Path | IO[bytes]) -> None:
    if isinstance(source, (str, Path)):
        with Path(source).open("rb") as file:
            length = length_of(file)
    else:
        start = source.tell()
        length = length_of(source)
        source.seek(start)
    if length:
        check_length(length.held, length.promised, length.sample_rate)


def _check_format(file: soundfile.SoundFile) -> None:
    if file.frames == 0:
        raise AudioError("empty")
    _check_rate(file.samplerate)


def _check_rate(sample_rate: int) -> None:
    if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
        bound = f"less than {LOWEST_RATE}" if sample_rate < LOWEST_RATE else "more than a MHz"
        raise AudioError(f"its sample rate is {sample_rate} Hz, {bound}")


def check_samples(audio: NDArray[np.floating[Any]]) -> None:
    """Raise AudioError if a sample is not finite or absurdly large."""
    loudest = largest(audio)
    if loudest <= LARGEST_SAMPLE:
        return
    what = f"a sample of {loudest:.3g}" if np.isfinite(loudest) else "NaN or infinite samples"
    raise AudioError(f"holds {what}")


def check_length(n_read: int, n_promised: int, sample_rate: int) -> None:
    """Raise AudioError if a file has ended before its header says."""
    if n_promised - n_read > LOST_SECONDS * sample_rate:
        seconds, promised = n_read / sample_rate, n_promised / sample_rate
        raise AudioError(f"damaged: it ends at {seconds:.1f} s of {promised:.1f} s")


def read_header(source: str | Path | IO[bytes]) -> Header:
    """Describe a recording, reading no more of it than its header and its first sound.

    Raises AudioError if it is unreadable, empty, silent, or holds values that are not finite.
    """
    with opened(source) as file:
        starts = _first_sound(file) / file.samplerate
        return Header(
            file.frames / file.samplerate,
            file.samplerate,
            file.channels,
            starts if starts >= SHORTEST_LEAD else 0.0,
        )


def _first_sound(file: soundfile.SoundFile) -> int:
    """Index of the first sample above SOUND, or else above SILENCE.

    Whole-number formats cannot hold NaN or infinity, so their search ends at the first sound;
    floating-point files are read to their end.  A block that is one value throughout is an offset
    and no sound.
    """
    quiet_start, start, position = None, None, 0
    must_read_all = file.subtype in FLOAT_SUBTYPES
    for block in _blocks(file, file.frames):
        # of what will be mixed: channels can cancel out
        mono = sum_of_channels(block, block.dtype) / block.shape[1]
        if must_read_all:
            check_samples(mono)
        is_offset = len(mono) > 1 and np.ptp(mono) <= SILENCE
        loudest = np.zeros(len(mono)) if is_offset else np.abs(mono)
        quiet_start = (
            _first_above(loudest, SILENCE, position) if quiet_start is None else quiet_start
        )
        start = _first_above(loudest, SOUND, position) if start is None else start
        if start is not None and not must_read_all:
            return start
        position += len(block)
    if position == 0:
        raise AudioError("unreadable (its header promises samples that are not there)")
    if quiet_start is None:
        raise AudioError("silent")
    return quiet_start if start is None else start


def _first_above(loudest: NDArray[Any], threshold: float, position: int) -> int | None:
    above = np.flatnonzero(loudest > threshold)
    return position + int(above[0]) if len(above) else None


def one_line(error: BaseException) -> str:
    """What went wrong; libsndfile's own words, without the file object, which it shows in full."""
    text = getattr(error, "error_string", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0].removesuffix(".")


def read_mono(
    source: str | Path | IO[bytes], sample_rate: int, seconds: float | None = None
) -> Waveform:
    """Read a recording, average its channels and resample it to `sample_rate` (Hz).

    seconds: how much of its start is needed, at least; the rest of a long one is not read.
    Raises AudioError if it cannot be read, is empty, ends before its header says, or holds values
    that are not finite.
    """
    in_memory = read_wave(source, seconds) if isinstance(source, io.BytesIO) else None
    mono, native_rate = in_memory or _decoded(source, seconds)
    _check_rate(native_rate)
    return (
        mono if native_rate == sample_rate else soxr.resample(mono, native_rate, sample_rate, "HQ")
    )


def _decoded(source: str | Path | IO[bytes], seconds: float | None) -> tuple[Waveform, int]:
    """What libsndfile makes of a recording: the mean of its channels, and its sample rate."""
    with opened(source) as file:
        native_rate, promised = file.samplerate, file.frames
        wanted = promised if seconds is None else math.ceil(seconds * native_rate)
        wanted = min(wanted, promised)
        mono = _mean_of_channels(file, wanted)
    check_length(len(mono), wanted, native_rate)
    check_samples(mono)
    return mono, native_rate


def _mean_of_channels(file: soundfile.SoundFile, n_samples: int) -> Waveform:
    """What is there of the next samples, read in blocks that stay in the processor's cache."""
    mono, n_read = np.empty(n_samples), 0
    for block in _blocks(file, n_samples):
        end = n_read + len(block)
        mono[n_read:end] = sum_of_channels(block, block.dtype)
        n_read = end
    mono /= file.channels
    return mono[:n_read]


def _blocks(file: soundfile.SoundFile, n_samples: int) -> Iterator[NDArray[np.float64]]:
    """The next samples (samples, channels) as far as there are any, a block over the one before.

    soundfile's own blocks go on with what was in memory where a file ends before its header says.
    """
    buffer = np.empty((min(n_samples, BLOCK_SAMPLES), file.channels))
    while len(block := file.read(min(n_samples, len(buffer)), out=buffer)):
        yield block
        n_samples -= len(block)


def read_part(source: str | Path | IO[bytes], start: float, seconds: float) -> Waveform:
    """At most `seconds` of a recording from second `start` on, at its own rate, channels averaged.

    Raises AudioError if it cannot be read.
    """
    with opened(source) as file:
        file.seek(round(start * file.samplerate))
        mono: Waveform = file.read(math.ceil(seconds * file.samplerate), always_2d=True).mean(1)
    return mono


def sum_of_channels(audio: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The sum of channels (samples, channels), (samples,) of a dtype; 0 without a channel.

    NumPy's sum over so short an axis takes ten times as long.
    """
    total = np.zeros(len(audio), dtype)
    for channel in audio.T:
        total += channel
    return total


def to_level(audio: Waveform, level_db: float, loudness: float | None = None) -> Waveform:
    """Scale a waveform, by default to an rms of 10^(level_db/20); a silent one raises AudioError.

    loudness: the rms that is brought to that level, if not the waveform's own.
    """
    loudness = rms(audio) if loudness is None else loudness
    if loudness == 0:
        raise AudioError("silent")
    levelled: Waveform = audio / loudness
    levelled *= 10 ** (level_db / 20)
    return levelled


def loop(audio: NDArray[Any], n_samples: int, fade_samples: int) -> NDArray[Any]:
    """Make a waveform `n_samples` long: cut it, or repeat it with equal-power cross-fades."""
    if len(audio) == 0:
        raise AudioError("empty")
    return repeated(audio, n_samples, min(fade_samples, len(audio) // 2))


def to_pcm16(audio: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    """Round a waveform in -1..1 to 16-bit whole numbers."""
    scaled = audio * 32767
    np.rint(scaled, out=scaled)
    return np.clip(scaled, -32768, 32767, out=scaled).astype(np.int16)


def write_flac(path: Path, audio: NDArray[np.int16], sample_rate: int) -> None:
    """Write 16-bit audio (samples, channels) as FLAC; the file appears when it is complete.

    Of many files, where half the time counts more than an MD5: `flac_encoder.write_flac`.
    """
    with writing(path) as file:
        soundfile.write(file, audio, sample_rate, subtype="PCM_16", format="FLAC")


def read_pcm16(path: Path) -> NDArray[np.int16]:
    """The stored whole numbers of a 16-bit file, (samples, channels)."""
    try:
        return soundfile.read(path, dtype="int16", always_2d=True)[0]
    except (soundfile.LibsndfileError, OSError, MemoryError) as error:
        pass_on_shortage(error)
        raise AudioError(
            f"{path}: damaged or missing ({one_line(error)}); delete the manifest beside it "
            "and run the same command again to make it anew"
        ) from error
