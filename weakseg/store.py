"""The HDF5 layouts of features and predictions.

Conventions
-----------
- Every data set is chunked by clip, compressed, and carries a Fletcher-32
  checksum; what describes them is in the format of HDF5 1.10, which has checksums
  for all of it.  So a flipped bit is found where it is read.
- A file is written under a temporary name and renamed when it is complete.
- Truth is kept in bits: `frame_truth` packs frames, `mask_truth` packs the
  cells of the masks of the classes that a clip holds (`mask_classes`, -1 for
  an unused slot); every other class's mask is empty.
- Predicted masks are kept as one byte a cell, a code on a grid of logits
  (`encode_mask_logits`), fine where masks are seen and coarse in the long tail
  of what is next to nothing, whose order areas under curves feel.  A border of
  the grid lies at the published threshold 0.1, so that scoring codes at 0.1
  equals scoring floats at 0.1.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from weakseg.files import writing
from weakseg.foreseen import is_out_of_memory
from weakseg.sealed import REMEDY

LOGIT_OF_THRESHOLD = float(np.log(0.1 / 0.9))
FINE_LEVELS, FINE_STEP = 192, 20 / 256  # 64 of them below the threshold
TAIL_LEVELS, TAIL_STEP = 64, 0.35
KNEE = LOGIT_OF_THRESHOLD - 64 * FINE_STEP  # the logit where they meet: a mask of 0.0007
BORDERS = KNEE + np.concatenate(
    [TAIL_STEP * np.arange(-TAIL_LEVELS, 0), FINE_STEP * np.arange(FINE_LEVELS)]
)  # the logit where each code begins
CHECKSUMMED = ("v110", "v110")  # the lowest and the highest format of HDF5 that is written
OPENING_BYTES = 4 << 20  # more than HDF5 takes to open a file
DESCRIPTION = ("classes", "settings", "names")  # data sets that say what the others are
PREDICTED = {  # the data sets of predictions, fields of ClipPrediction, and their types
    "clip_probabilities": "f4",
    "frame_scores": "f4",
    "mask_codes": "u1",
    "foreground_codes": "u1",
}
# What h5py, or who takes its values apart, raises for a file that is not as it was written
DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, IndexError)


class StoreError(ValueError):
    """A store that cannot be read; the message is one line that names the file and the remedy."""


@dataclass(frozen=True)
class ClipFeatures:
    """One mixture's features and truth.

    logmel (frames, mels) float32; frame_truth (frames, classes) bool; mask_truth maps a
    class index to its ideal mask (frames, mels) bool, one entry a class of the clip.
    """

    name: str
    logmel: NDArray[np.float32]
    frame_truth: NDArray[np.bool_]
    mask_truth: Mapping[int, NDArray[np.bool_]]


@dataclass(frozen=True)
class ClipPrediction:
    """A model's output for one clip.

    clip_probabilities (classes,) and frame_scores (frames, classes) float32;
    mask_codes (classes, frames, mels) uint8, or None for a model without masks; foreground_codes
    (frames, mels) uint8, of the map that a model with a learnt foreground cuts its masks to.
    """

    name: str
    clip_probabilities: NDArray[np.float32]
    frame_scores: NDArray[np.float32]
    mask_codes: NDArray[np.uint8] | None
    foreground_codes: NDArray[np.uint8] | None = None


def mask_level_values() -> NDArray[np.float32]:
    """Value of each mask code, (256,) float32, increasing: the sigmoid of its cell's centre."""
    steps = np.repeat([TAIL_STEP, FINE_STEP], [TAIL_LEVELS, FINE_LEVELS])
    return _sigmoid(BORDERS + steps / 2)


def mask_level_borders() -> NDArray[np.float32]:
    """The value above which each mask code lies, (256,) float32, increasing; 0.1 is one."""
    return _sigmoid(BORDERS)


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def encode_mask_logits(logits: NDArray[Any]) -> NDArray[np.uint8]:
    """Codes (uint8) of mask logits of any shape; a mask errs by at most 0.01, or a fifth of it."""
    above = logits - KNEE
    codes = np.floor(TAIL_LEVELS + np.maximum(above / FINE_STEP, above / TAIL_STEP))
    return np.clip(codes, 0, len(BORDERS) - 1).astype(np.uint8)


def encode_masks(masks: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Codes (uint8) of masks in 0..1 of any shape."""
    with np.errstate(divide="ignore"):
        return encode_mask_logits(np.log(masks) - np.log1p(-masks))


def decode_masks(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Masks in 0..1 (float32) of codes of any shape."""
    return mask_level_values()[codes]


def open_file(place: Path | IO[bytes], mode: str = "r", **options: Any) -> h5py.File:
    """As h5py.File, but MemoryError where there is no memory to open one.

    HDF5 crashes there, so memory is asked for first and given back.
    """
    bytearray(OPENING_BYTES)
    return h5py.File(place, mode, **options)


@contextmanager
def new_file(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file that appears under `path` only when the block ends without an error."""
    with (
        writing(path) as opened,
        open_file(opened, "w", libver=CHECKSUMMED, track_order=True) as file,
    ):
        yield file


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn an HDF5 read error into a StoreError that names the file."""
    try:
        yield
    except StoreError:
        raise
    except (FileNotFoundError, PermissionError) as error:
        raise OSError(error.errno, os.strerror(error.errno or 0), str(path)) from error
    except DAMAGE as error:
        if is_out_of_memory(error):
            raise MemoryError(str(error)) from error
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise StoreError(f"{path}: damaged or not a weakseg store ({reason}); {REMEDY}") from error


def _dataset(
    file: h5py.File, name: str, n_clips: int, shape: Sequence[int], dtype: str
) -> h5py.Dataset:
    return file.create_dataset(
        name,
        shape=(n_clips, *shape),
        dtype=dtype,
        chunks=(1, *shape),
        compression="gzip",
        compression_opts=1,
        shuffle=dtype != "u1",
        fletcher32=True,
    )


def _describe(
    file: h5py.File, names: Sequence[str], classes: Sequence[str], settings: Mapping[str, Any]
) -> None:
    values = (list(classes), dict(sorted(settings.items())), list(names))
    for name, value in zip(DESCRIPTION, values, strict=True):
        write_json(file, name, value)


def write_json(file: h5py.File, name: str, value: Any) -> None:
    """Write plain values as text in a data set of their own: text in attributes has no checksum."""
    text = np.frombuffer(json.dumps(value).encode(), np.uint8)
    file.create_dataset(name, data=text, chunks=text.shape, fletcher32=True)


def read_json(file: h5py.File, name: str) -> Any:
    """What `write_json` wrote."""
    return json.loads(file[name][()].tobytes())


def write_features(
    path: Path,
    names: Sequence[str],
    classes: Sequence[str],
    settings: Mapping[str, Any],
    clips: Iterable[ClipFeatures],
) -> None:
    """Write a shard's features, one clip at a time.

    `names` are the clips in the order in which `clips` yields them; `settings` says how the
    features were made (sample rate, window, hop, ...) and goes on into the model.
    """
    with new_file(path) as file:
        _describe(file, names, classes, settings)
        for index, clip in enumerate(clips):
            if clip.name != names[index]:
                raise ValueError(f"{path}: clip {index} is {clip.name}, expected {names[index]}")
            if index == 0:
                _create_feature_datasets(file, len(names), len(classes), clip.logmel.shape)
            _write_clip(file, index, clip)


def _create_feature_datasets(
    file: h5py.File, n_clips: int, n_classes: int, shape: tuple[int, ...]
) -> None:
    frames, mels = shape
    _dataset(file, "logmel", n_clips, (frames, mels), "f4")
    _dataset(file, "frame_truth", n_clips, (n_classes, -(-frames // 8)), "u1")
    slots = min(n_classes, 16)
    file.create_dataset(
        "mask_classes", data=np.full((n_clips, slots), -1, "i2"), fletcher32=True, chunks=True
    )
    _dataset(file, "mask_truth", n_clips, (slots, -(-frames * mels // 8)), "u1")


def _write_clip(file: h5py.File, index: int, clip: ClipFeatures) -> None:
    file["logmel"][index] = clip.logmel
    file["frame_truth"][index] = np.packbits(clip.frame_truth.T, axis=1)
    stored = file["mask_truth"]
    n_masks, (slots, n_bytes) = len(clip.mask_truth), stored.shape[1:]
    if n_masks > slots:
        raise ValueError(f"{clip.name}: {n_masks} classes in a mixture, at most {slots} are stored")
    labels = sorted(clip.mask_truth)
    bits = np.zeros((slots, n_bytes), np.uint8)  # at once: each write to a data set has its price
    for slot, label in enumerate(labels):
        bits[slot] = np.packbits(clip.mask_truth[label].ravel())
    file["mask_classes"][index, :n_masks] = labels
    stored[index] = bits


class FeatureStore:
    """Several feature files read as one sequence of clips; nothing is read before it is asked for.

    Attributes: `names` (clips), `classes`, `settings`, `shape` (frames, mels).
    """

    def __init__(self, paths: Sequence[Path]):
        if not paths:
            raise StoreError("no feature file was given")
        self._files = [_open(path, "logmel") for path in paths]
        self.paths = list(paths)
        descriptions = [_description(*each) for each in zip(paths, self._files, strict=True)]
        self.classes, self.settings, _ = descriptions[0]
        self.shape: tuple[int, int] = self._files[0]["logmel"].shape[1:]
        for path, (classes, settings, _) in zip(paths, descriptions, strict=True):
            if (classes, settings) != (self.classes, self.settings):
                raise StoreError(f"{path}: classes or feature settings differ from {paths[0]}")
        self.names = [name for *_, names in descriptions for name in names]
        self._place = [
            (f, i) for f, (*_, names) in enumerate(descriptions) for i in range(len(names))
        ]

    def __len__(self) -> int:
        return len(self.names)

    def __enter__(self) -> FeatureStore:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def _read(self, dataset: str, index: int) -> NDArray[Any]:
        which, row = self._place[index]
        with reading(self.paths[which]):
            values: NDArray[Any] = self._files[which][dataset][row]
        return values

    def logmel(self, indices: Sequence[int]) -> NDArray[np.float32]:
        """Log-mel of the clips, (clips, frames, mels) float32."""
        return np.stack([self._read("logmel", index) for index in indices])

    def frame_truth(self, index: int) -> NDArray[np.bool_]:
        """Activity of each class, (frames, classes) bool."""
        bits = self._read("frame_truth", index)
        return np.unpackbits(bits, axis=1, count=self.shape[0]).T.astype(bool)

    def mask_truth(self, index: int) -> dict[int, NDArray[np.bool_]]:
        """Ideal mask (frames, mels) bool of each class that the clip holds."""
        labels, bits = self._read("mask_classes", index), self._read("mask_truth", index)
        frames, mels = self.shape
        return {
            int(label): np.unpackbits(bits[slot], count=frames * mels)
            .reshape(frames, mels)
            .astype(bool)
            for slot, label in enumerate(labels)
            if label >= 0
        }

    def clip_truth(self) -> NDArray[np.bool_]:
        """The weak labels, (clips, classes) bool: the only truth that training may read."""
        truth = np.zeros((len(self), len(self.classes)), bool)
        for index in range(len(self)):
            labels = self._read("mask_classes", index)
            truth[index, labels[labels >= 0]] = True
        return truth


def write_predictions(
    path: Path,
    names: Sequence[str],
    classes: Sequence[str],
    settings: Mapping[str, Any],
    clips: Iterable[ClipPrediction],
) -> None:
    """Write a model's predictions, one clip at a time."""
    with new_file(path) as file:
        _describe(file, names, classes, settings)
        for index, clip in enumerate(clips):
            if clip.name != names[index]:
                raise ValueError(f"{path}: clip {index} is {clip.name}, expected {names[index]}")
            values = {name: getattr(clip, name) for name in PREDICTED}
            given = {name: each for name, each in values.items() if each is not None}
            for name, each in given.items():
                if index == 0:
                    _dataset(file, name, len(names), each.shape, PREDICTED[name])
                file[name][index] = each


class PredictionStore:
    """A prediction file, read by clip.  Attributes: `names`, `classes`, `settings`, `has_masks`."""

    def __init__(self, path: Path):
        self.path = path
        self._file = _open(path, "clip_probabilities")
        self.classes, self.settings, self.names = _description(path, self._file)
        self.has_masks = "mask_codes" in self._file
        self._learns_foreground = "foreground_codes" in self._file

    def __len__(self) -> int:
        return len(self.names)

    def __enter__(self) -> PredictionStore:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _read(self, dataset: str, rows: int | slice) -> NDArray[Any]:
        with reading(self.path):
            values: NDArray[Any] = self._file[dataset][rows]
        return values

    def clip_probabilities(self) -> NDArray[np.float32]:
        """(clips, classes) float32."""
        return self._read("clip_probabilities", slice(None))

    def frame_scores(self, index: int) -> NDArray[np.float32]:
        """(frames, classes) float32, not gated by the clip probability."""
        return self._read("frame_scores", index)

    def mask_codes(self, index: int) -> NDArray[np.uint8]:
        """(classes, frames, mels) uint8; `decode_masks` gives the masks."""
        return self._read("mask_codes", index)

    def learnt_foreground(self, index: int) -> NDArray[np.float32] | None:
        """The map (frames, mels) of a learnt foreground, in 0..1; None if the model has none."""
        if not self._learns_foreground:
            return None
        return decode_masks(self._read("foreground_codes", index))


def _open(path: Path, dataset: str) -> h5py.File:
    with reading(path):
        file = open_file(path)
        file[dataset]
        return file


def _description(path: Path, file: h5py.File) -> tuple[list[str], dict[str, Any], list[str]]:
    """Classes, settings, and the names of the clips."""
    with reading(path):
        classes, settings, names = (read_json(file, name) for name in DESCRIPTION)
        return classes, settings, names
