"""Rendered mixtures, shard by shard, with the manifest that lists them.

Conventions
-----------
- A rendered mixture is 16-bit audio, one channel an event in the plan's order and
  the scene last; the mixture is half the sum of all channels (the published
  convention), computed from the stored whole numbers, so stems sum to it exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from isal import isal_zlib
from numpy.typing import DTypeLike, NDArray

from weakseg.audio import AudioError, Waveform, read_pcm16, sum_of_channels
from weakseg.flac import decoded
from weakseg.prefetch import announced, prefetch
from weakseg.sealed import read_table


class ManifestRow(NamedTuple):
    """A rendered mixture: its name in the plan, its file, and the CRC-32 of its samples."""

    mixture_name: str
    file: str
    crc32: str


def crc32(samples: NDArray[np.int16]) -> str:
    return f"{isal_zlib.crc32(samples.data):08x}"  # in a tenth of the time that zlib takes


def mixture_of(stems: NDArray[np.int16]) -> Waveform:
    """The mixture of rendered channels, (samples,) float64 in -1..1: half their sum."""
    return sum_of_channels(stems, np.dtype(np.int32)) / 65536.0


def stem_waveforms(stems: NDArray[np.int16], dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """The channels as mixed, (samples, channels), each channel in one piece of memory.

    They sum to `mixture_of`; float32 holds them exactly, too.
    """
    whole: NDArray[Any] = np.divide(stems.T, 65536, dtype=dtype, order="C")
    return whole.T


def read_manifest(path: Path) -> list[ManifestRow]:
    """The rows of a shard's manifest."""
    table = read_table(path, ManifestRow._fields, dtype=str, keep_default_na=False)
    return [ManifestRow(*row) for row in table[[*ManifestRow._fields]].itertuples(index=False)]


def read_stems(directory: Path, row: ManifestRow) -> NDArray[np.int16]:
    """The channels of a manifest's row, (samples, channels), checked against its CRC-32.

    AudioError if they are others, or the file is damaged or missing.
    """
    path = directory / row.file
    quickly = decoded(path)
    if quickly is not None and crc32(quickly) == row.crc32:
        return quickly
    stems = read_pcm16(path)  # says what is wrong
    if crc32(stems) != row.crc32:
        raise AudioError(
            f"{path}: not the audio that its manifest names; "
            f"delete {directory / 'manifest.csv'} and run again"
        )
    return stems


def rendered_mixtures(manifests: Sequence[Path]) -> Iterator[tuple[ManifestRow, NDArray[np.int16]]]:
    """The mixtures of several shards in order, with their channels."""
    rows = ((manifest.parent, row) for manifest in manifests for row in read_manifest(manifest))
    for directory, row in announced(rows, lambda one: prefetch(one[0] / one[1].file)):
        yield row, read_stems(directory, row)
