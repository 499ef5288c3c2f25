"""The recordings of a fold as training mixes them: mono waveforms at one rate, in one HDF5 file.

Conventions
-----------
- A waveform is whole numbers of 16 bits, its peak at full scale: levels are set when it is mixed.
  What lies before its first sound is left out.
- All waveforms of a file lie one after the other in one data set, checksummed (Fletcher-32) in
  chunks of a second or so; the table says where each begins.
- Nothing is read before it is asked for, so that memory does not grow with the recordings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from weakseg.store import StoreError, new_file, reading

CHUNK_SAMPLES = 32_768
FULL_SCALE = 32_767

Samples = NDArray[np.int16]
Read = Callable[[str, str], NDArray[np.floating[Any]]]
"""From a role and a recording's name to its waveform (samples,)."""


class Entry(NamedTuple):
    """A recording: `scene` or `event`, its name, its label, and its place in the samples."""

    role: str
    name: str
    label: str
    start: int = 0
    length: int = 0


def write_material(
    path: Path,
    entries: Sequence[Entry],
    read: Read,
    classes: Sequence[str],
    sample_rate: int,
) -> None:
    """Write recordings, one in memory at a time; `classes` are those of the whole data set."""
    with new_file(path) as file:
        samples = file.create_dataset(
            "samples",
            shape=(0,),
            maxshape=(None,),
            dtype="i2",
            chunks=(CHUNK_SAMPLES,),
            fletcher32=True,
        )
        placed = []
        for entry in entries:
            waveform = to_full_scale(read(entry.role, entry.name))
            start = len(samples)
            samples.resize((start + len(waveform),))
            samples[start:] = waveform
            placed.append(entry._replace(start=start, length=len(waveform)))
        file.create_dataset("entries", data=json.dumps(placed).encode())
        file.attrs["classes"] = json.dumps(list(classes))
        file.attrs["sample_rate"] = sample_rate


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
        self._files = [_open(path) for path in paths]
        self.classes, self.sample_rate = _description(self._files[0])
        entries = list(self._entries())
        self.scenes = [(which, e) for which, e in entries if e.role == "scene"]
        self.events = [
            [(which, e) for which, e in entries if e.role == "event" and e.label == label]
            for label in self.classes
        ]

    def _entries(self) -> Iterator[tuple[int, Entry]]:
        for which, (path, file) in enumerate(zip(self.paths, self._files, strict=True)):
            if _description(file) != (self.classes, self.sample_rate):
                raise StoreError(f"{path}: classes or sample rate differ from {self.paths[0]}")
            for entry in json.loads(file["entries"][()]):
                yield which, Entry(*entry)

    def __enter__(self) -> Material:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def read(self, place: tuple[int, Entry], first: int, length: int) -> NDArray[np.float32]:
        """At most `length` samples of a recording from its sample `first` on, (samples,)."""
        which, entry = place
        start = entry.start + first
        end = min(start + length, entry.start + entry.length)
        with reading(self.paths[which]):
            samples: Samples = self._files[which]["samples"][start:end]
        return samples.astype(np.float32)


def _open(path: Path) -> h5py.File:
    with reading(path):
        file = h5py.File(path, "r")
        file["samples"], file["entries"]
        return file


def _description(file: h5py.File) -> tuple[list[str], int]:
    return json.loads(file.attrs["classes"]), int(file.attrs["sample_rate"])
