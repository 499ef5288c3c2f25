"""FLAC of 16-bit audio, in half the time that libFLAC takes by way of libsndfile.

Conventions
-----------
- The format is that of RFC 9639.  Frames have 4096 samples; channels stand by themselves, each
  constant, or predicted linearly from the 8 samples before (sections 9.2.3 and 9.2.6), or not
  predicted at all (section 9.2.5, order 0), with what is left in partitioned Rice codes (section
  9.2.7).  Files are as large as libFLAC's.
- There is no MD5 of the samples, which the standard allows (section 8.2): it is a third of
  libFLAC's time.  A manifest's CRC-32 stands for it.
- A frame's bits lie in 64-bit words, the first bit uppermost; `at` is where the next one goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from weakseg.files import replacing
from weakseg.machine_code import kept

SAMPLE_BITS = 16
MOST_CHANNELS = 8
BLOCK = 4096  # samples of a frame; the last one has fewer
ORDER = 8  # of linear prediction
COEFFICIENT_BITS = 12  # so that 8 products with samples are below 2 ** 31
MOST_SHIFT = 15
SHORTEST_PREDICTED = 64  # samples; shorter frames have nothing to gain
PARTITION_ORDER = 4  # 16 partitions of a whole frame
MOST_LOW_BITS = 14  # of a Rice code; 15 is an escape
LONGEST_CODE = 19  # bits a sample on average: 14 low ones, a 1, and 4 zeros at full scale
LONGEST_HEAD = 512  # bits of a frame's header and footer, and of a subframe's besides its codes
ORDER_0, LINEAR_PREDICTION = 0b001000, 0b100000 | ORDER - 1  # types of subframes (section 9.2.1)

Words = NDArray[np.int64]
Samples = NDArray[np.int32]
Signal = NDArray[np.float64]
Number = int | np.integer[Any]


def write_flac(path: Path, audio: NDArray[np.int16], sample_rate: int) -> None:
    """Write audio (samples, channels); the file, without an MD5, appears when it is complete."""
    with replacing(path) as temporary:
        temporary.write_bytes(encoded(audio, sample_rate))


def encoded(audio: NDArray[np.int16], sample_rate: int) -> bytes:
    """A FLAC file of audio, (samples, 1 to 8 channels), at a sample rate in Hz; else ValueError."""
    n_samples, n_channels = audio.shape
    if audio.dtype != np.int16 or n_samples == 0 or not 1 <= n_channels <= MOST_CHANNELS:
        raise ValueError(f"{audio.dtype} {audio.shape}: not samples of 1 to 8 channels in int16")
    return b"".join([_stream_header(n_samples, n_channels, sample_rate), *_frames(audio)])


def _stream_header(n_samples: int, n_channels: int, sample_rate: int) -> bytes:
    """The mark and STREAMINFO, the only metadata block (sections 6, 8.1 and 8.2)."""
    numbers = sample_rate << 44 | (n_channels - 1) << 41 | (SAMPLE_BITS - 1) << 36 | n_samples
    sizes = 2 * BLOCK.to_bytes(2, "big") + bytes(6)  # of blocks; those of frames are unknown
    return b"fLaC" + bytes([0x80, 0, 0, 34]) + sizes + numbers.to_bytes(8, "big") + bytes(16)


def _frames(audio: NDArray[np.int16]) -> Iterator[bytes]:
    n_samples, n_channels = audio.shape
    n_bits = LONGEST_HEAD + n_channels * (LONGEST_HEAD + LONGEST_CODE * BLOCK)
    words = np.empty(n_bits // 64, np.int64)
    for number, first in enumerate(range(0, n_samples, BLOCK)):
        block = np.ascontiguousarray(audio[first : first + BLOCK])
        header = np.frombuffer(_frame_header(len(block), n_channels, number), np.uint8)
        words[:] = 0
        n_bytes = _write_frame(words, header, block, CRC16)
        yield words[: n_bytes // 8 + 1].astype(">i8").tobytes()[:n_bytes]


def _frame_header(n_samples: int, n_channels: int, number: int) -> bytes:
    """The header of a frame with its check (section 9.1); the sample rate is STREAMINFO's."""
    header = bytes([0xFF, 0xF8, 0x70, (n_channels - 1) << 4 | 0b1000])
    header += chr(number).encode("utf-8", "surrogatepass")  # numbers are written as UTF-8 is
    header += (n_samples - 1).to_bytes(2, "big")
    crc = 0
    for byte in header:
        crc = int(CRC8[crc ^ byte])
    return header + bytes([crc])


def _crc_table(polynomial: int, width: int) -> NDArray[np.int64]:
    """The cyclic redundancy check of each byte (sections 9.1.8 and 9.3)."""
    table = np.arange(256) << (width - 8)
    for _ in range(8):
        table = table << 1 ^ (table >> (width - 1)) * (polynomial | 1 << width)
    return table


def _with_zeros(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """CRC-16s of each byte with 0 to 7 bytes of zeros behind it, (8, 256): a word in one step."""
    tables = [table]
    for _ in range(7):
        tables.append((tables[-1] << 8 & 0xFFFF) ^ table[tables[-1] >> 8])
    return np.stack(tables)


CRC8 = _crc_table(0x07, 8)
CRC16 = _with_zeros(_crc_table(0x8005, 16))


@kept
def _write_frame(
    words: Words, header: NDArray[np.uint8], block: NDArray[np.int16], tables: Words
) -> Number:
    """Write a block (samples, channels) as a frame into words that are 0; returns its bytes."""
    at: Number = 0
    for byte in header:
        at = _put(words, at, np.int64(byte), 8)
    for channel in range(block.shape[1]):
        at = _put_subframe(words, at, block[:, channel].astype(np.int32))
    at = (at + 7) & ~7
    return _put(words, at, _crc16(words, at >> 3, tables), 16) >> 3


@njit
def _put(words: Words, at: Number, value: Number, width: Number) -> Number:
    """Write the lower `width` bits of a value that has no others; words are 0 from `at` on."""
    word, room = at >> 6, 64 - (at & 63)
    if width <= room:
        words[word] |= value << (room - width)
    else:
        words[word] |= value >> (width - room)
        words[word + 1] |= value << (64 - (width - room))
    return at + width


@njit
def _put_signed(words: Words, at: Number, values: Samples, width: int) -> Number:
    for value in values:
        at = _put(words, at, np.int64(value) & ((1 << width) - 1), width)
    return at


@njit
def _put_subframe(words: Words, at: Number, samples: Samples) -> Number:
    """A channel of a frame."""
    if _size(samples - samples[0]) == 0:
        return _put_signed(words, _put(words, at, 0, 8), samples[:1], SAMPLE_BITS)
    if len(samples) >= SHORTEST_PREDICTED:
        coefficients, shift = _rounded(_coefficients(samples))
        residual = _residual(samples, coefficients, shift)
        if _size(residual[ORDER:]) < _size(samples[ORDER:]):
            at = _put(words, at, LINEAR_PREDICTION << 1, 8)
            at = _put_signed(words, at, samples[:ORDER], SAMPLE_BITS)
            at = _put(words, at, (COEFFICIENT_BITS - 1) << 5 | shift, 9)
            at = _put_signed(words, at, coefficients, COEFFICIENT_BITS)
            return _put_residual(words, at, residual, ORDER)
    return _put_residual(words, _put(words, at, ORDER_0 << 1, 8), samples, 0)


@njit
def _size(samples: Samples) -> Number:
    total = 0
    for sample in samples:
        total += abs(sample)
    return total


@njit
def _coefficients(samples: Samples) -> Signal:
    """Those of the samples before, nearest first, that predict best: Levinson and Durbin."""
    autocorrelation = _autocorrelation(samples)
    n_known = len(autocorrelation) - 1  # known beforehand, it would take seconds to translate
    coefficients, before, error = np.zeros(n_known), np.zeros(n_known), autocorrelation[0]
    for order in range(n_known):
        if error <= 0:  # as rounding can make it
            break
        reflection = autocorrelation[order + 1]
        for i in range(order):
            reflection -= before[i] * autocorrelation[order - i]
        reflection /= error
        for i in range(order):
            coefficients[i] -= reflection * before[order - 1 - i]
        coefficients[order] = reflection
        for i in range(order + 1):
            before[i] = coefficients[i]
        error *= 1 - reflection * reflection
    return coefficients


@njit
def _autocorrelation(samples: Samples) -> Signal:
    """Of samples under Welch's window, for lags of 0 to ORDER."""
    n_samples = len(samples)
    heard, autocorrelation = np.empty(n_samples), np.empty(ORDER + 1)
    for i in range(n_samples):
        place = 2 * i / (n_samples - 1) - 1
        heard[i] = samples[i] * (1 - place * place)
    for lag in range(ORDER + 1):
        autocorrelation[lag] = heard[lag:] @ heard[: n_samples - lag]
    return autocorrelation


@njit
def _rounded(coefficients: Signal) -> tuple[Samples, int]:
    """Coefficients as whole numbers of COEFFICIENT_BITS, and by how many bits they are shifted."""
    most, largest, shift = 2 ** (COEFFICIENT_BITS - 1) - 1, 0.0, MOST_SHIFT
    for coefficient in coefficients:
        largest = max(largest, abs(coefficient))
    while shift > 0 and largest * (1 << shift) > most:
        shift -= 1
    whole = np.empty(ORDER, np.int32)
    for i, coefficient in enumerate(coefficients):
        whole[i] = max(-most, min(most, round(coefficient * (1 << shift))))
    return whole, shift


@njit
def _residual(samples: Samples, coefficients: Samples, shift: int) -> Samples:
    """What is left of samples, from the ninth on."""
    predicted = np.zeros_like(samples)
    for lag in range(1, ORDER + 1):
        coefficient = coefficients[lag - 1]
        for i in range(ORDER, len(samples)):
            predicted[i] += coefficient * samples[i - lag]
    return samples - (predicted >> shift)


@njit
def _put_residual(words: Words, at: Number, residual: Samples, order: int) -> Number:
    """What is left of a subframe's samples, without the first `order` (section 9.2.7)."""
    even = len(residual) % 2**PARTITION_ORDER == 0
    partition_order = PARTITION_ORDER if even and len(residual) >> PARTITION_ORDER > order else 0
    at = _put(words, at, partition_order, 6)  # after the 00 of Rice codes with low bits in 4
    codes = residual << 1 ^ residual >> 31  # 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4
    length, start = len(codes) >> partition_order, order
    for end in range(length, len(codes) + 1, length):
        at = _put_partition(words, at, codes[start:end])
        start = end
    return at


@njit
def _put_partition(words: Words, at: Number, codes: Samples) -> Number:
    """Rice codes: as many low bits as about the mean has, the rest as a count of zeros."""
    total, low_bits = codes.sum(), 0
    while low_bits < MOST_LOW_BITS and len(codes) << (low_bits + 1) < total:
        low_bits += 1
    at = _put(words, at, low_bits, 4)
    end_of_zeros = 1 << low_bits
    for code in codes:
        at += code >> low_bits
        at = _put(words, at, end_of_zeros | code & (end_of_zeros - 1), low_bits + 1)
    return at


@njit
def _crc16(words: Words, n_bytes: Number, tables: Words) -> Number:
    """The check of a frame's first bytes."""
    crc = 0
    for word in words[: n_bytes >> 3]:
        word ^= crc << 48
        crc = 0
        for n_behind in range(8):
            crc ^= tables[n_behind, word >> (8 * n_behind) & 0xFF]
    for byte in range(n_bytes & ~7, n_bytes):
        value = words[byte >> 3] >> (56 - 8 * (byte & 7)) & 0xFF
        crc = (crc << 8 & 0xFFFF) ^ tables[0, crc >> 8 ^ value]
    return crc
