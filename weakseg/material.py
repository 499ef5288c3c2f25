"""The recordings of a fold as training mixes them: mono waveforms at one rate, in one HDF5 file.

Conventions
-----------
- A waveform is whole numbers of 16 bits, its peak at full scale: levels are set when it is mixed.
  What lies before its first sound is left out.
- All waveforms of a file lie one after the other in one data set; the table says where each begins
  and how loud it is.
- Samples are mapped into memory, not read: training draws from them while it computes, and HDF5
  would hold Python's lock for each part.  Their SHA-256 is checked when a file is opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weakseg.levels import rms
from weakseg.store import StoreError, new_file, open_file, read_json, reading, write_json

BLOCK_SAMPLES = 1 << 22  # hashed at a time
FULL_SCALE = 32_767
ABOUT = ("classes", "sample_rate", "entries", "sha256")  # data sets beside the samples

Samples = NDArray[np.int16]
Read = Callable[[str, str], NDArray[np.floating[Any]]]
"""From a role and a recording's name to its waveform (samples,)."""


class Entry(NamedTuple):
    """A recording: `scene` or `event`, its name, its label, its place in the samples, its rms."""

    role: str
    name: str
    label: str
    start: int = 0
    length: int = 0
    rms: float = 0.0


Place = tuple[Samples, Entry]
"""The samples of a file, and the recording among them."""


def write_material(
    path: Path,
    entries: Iterable[Entry],
    read: Read,
    classes: Sequence[str],
    sample_rate: int,
) -> None:
    """Write recordings, one in memory at a time; `classes` are those of the whole data set."""
    digest, placed, start = hashlib.sha256(), [], 0
    with new_file(path) as file, TemporaryFile(dir=path.parent) as gathered:
        for entry in entries:
            waveform = to_full_scale(read(entry.role, entry.name))
            gathered.write(waveform.tobytes())
            digest.update(waveform.tobytes())
            loudness = rms(waveform.astype(np.float32))
            placed.append(entry._replace(start=start, length=len(waveform), rms=loudness))
            start += len(waveform)
        samples = file.create_dataset("samples", shape=(start,), dtype="<i2")
        gathered.seek(0)
        for first in range(0, start, BLOCK_SAMPLES):
            block = np.frombuffer(gathered.read(2 * BLOCK_SAMPLES), "<i2")
            samples[first : first + len(block)] = block
        about = (list(classes), sample_rate, placed, digest.hexdigest())
        for name, value in zip(ABOUT, about, strict=True):
            write_json(file, name, value)


def to_full_scale(waveform: NDArray[np.floating[Any]]) -> Samples:
    """A waveform (samples,) as whole numbers, its peak at full scale."""
    peak = float(np.abs(waveform).max(initial=0.0)) or 1.0
    return np.rint(waveform * (FULL_SCALE / peak)).astype(np.int16)


class Material:
    """The recordings of several files.  Attributes: `classes`, `sample_rate` (Hz), `scenes`, and
    `events`, a list a class.  StoreError if a file is damaged or the files do not go together.
    """

    def __init__(self, paths: Sequence[Path]):
        self.paths = list(paths)
        files = [_open(path) for path in paths]
        self.classes, self.sample_rate = files[0].classes, files[0].sample_rate
        for path, file in zip(paths, files, strict=True):
            if (file.classes, file.sample_rate) != (self.classes, self.sample_rate):
                raise StoreError(f"{path}: classes or sample rate differ from {paths[0]}")
        places = [(file.samples, entry) for file in files for entry in file.entries]
        self.scenes = [place for place in places if place[1].role == "scene"]
        self.events = [
            [place for place in places if place[1].role == "event" and place[1].label == label]
            for label in self.classes
        ]

    def __str__(self) -> str:
        return f"{len(self.scenes)} scenes and {sum(map(len, self.events))} events"


def part_of(place: Place, first: int, length: int) -> NDArray[np.float32]:
    """At most `length` samples of a recording from its sample `first` on, (samples,)."""
    samples, entry = place
    end = min(first + length, entry.length)
    return samples[entry.start + first : entry.start + end].astype(np.float32)


class _File(NamedTuple):
    classes: list[str]
    sample_rate: int
    samples: Samples
    entries: list[Entry]


def _open(path: Path) -> _File:
    with reading(path), open_file(path) as file:
        samples = file["samples"]
        classes, sample_rate, entries, digest = (read_json(file, name) for name in ABOUT)
        mapped = _map(path, samples.id.get_offset(), len(samples))
        if _digest(mapped) != digest:
            raise OSError("its samples are not as they were written")
        return _File(classes, sample_rate, mapped, [Entry(*entry) for entry in entries])


def _map(path: Path, offset: int | None, length: int) -> Samples:
    if not length or offset is None:
        return np.empty(0, np.int16)
    # as a plain array, a part of which costs a third of a memmap's
    return np.memmap(path, "<i2", "r", offset, (length,)).view(np.ndarray)


def _digest(samples: Samples) -> str:
    digest = hashlib.sha256()
    for first in range(0, len(samples), BLOCK_SAMPLES):
        digest.update(samples[first : first + BLOCK_SAMPLES].data)
    return digest.hexdigest()
