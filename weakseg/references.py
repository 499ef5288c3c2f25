"""Reference rows of the tables: what is told part of the truth, and what learns nothing.

Conventions
-----------
- `oracle_ibm`, `oracle_irm`: ideal binary and ratio masks of STFT bins, each class against all
  else; they separate only.  `oracle_mel_ibm`: the true masks; `oracle_mel_irm`: ideal ratio masks
  of mel bands; they go through the same scoring and separation as a model's masks.
- `oracle_activity`: the true classes and their true frames, over all bands.
- `floor_ones`: all ones, every class everywhere.  `floor_chance`: clip probabilities, frame
  scores and masks uniform in 0..1, whose seed is the clip's name.
- The last three are `Predictions`, and go through the same detector as a model's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from weakseg.metrics.binary import Floats
from weakseg.metrics.masks import Clip
from weakseg.separation import Separator
from weakseg.separation_quality import Sources, Waveform, separation_quality
from weakseg.spectral import Magnitude, Spectral, ideal_binary_mask, ideal_ratio_mask
from weakseg.store import FeatureStore, encode_masks

REFERENCES = [
    "oracle_irm",
    "oracle_ibm",
    "oracle_mel_irm",
    "oracle_mel_ibm",
    "oracle_activity",
    "floor_ones",
    "floor_chance",
]
Codes = dict[int, NDArray[np.uint8]]
"""Class index -> codes (frames, mels) of its mask, for the classes of a clip."""


class TrueActivity:
    """`oracle_activity`; what all references share."""

    def __init__(self, truth: FeatureStore):
        self.truth = truth
        self.names, self.classes, self.settings = truth.names, truth.classes, truth.settings

    def clip_probabilities(self) -> NDArray[np.float32]:
        """(clips, classes)."""
        return self.truth.clip_truth().astype(np.float32)

    def frame_scores(self, index: int) -> NDArray[np.float32]:
        """(frames, classes)."""
        return self.truth.frame_truth(index).astype(np.float32)

    def masks(self, index: int) -> NDArray[np.float32]:
        """(classes, frames, mels): the frame scores in every band."""
        return np.repeat(self.frame_scores(index).T[..., None], self.truth.shape[1], axis=2)

    def mask_codes(self, index: int) -> NDArray[np.uint8]:
        """(classes, frames, mels)."""
        return encode_masks(self.masks(index))

    def learnt_foreground(self, index: int) -> None:
        """Nothing is learnt."""


class Ones(TrueActivity):
    """`floor_ones`."""

    def clip_probabilities(self) -> NDArray[np.float32]:
        return np.ones((len(self.names), len(self.classes)), np.float32)

    def frame_scores(self, index: int) -> NDArray[np.float32]:
        return np.ones((self.truth.shape[0], len(self.classes)), np.float32)


class Chance(TrueActivity):
    """`floor_chance`."""

    def clip_probabilities(self) -> NDArray[np.float32]:
        return np.stack([self._random(name, "clip", len(self.classes)) for name in self.names])

    def frame_scores(self, index: int) -> NDArray[np.float32]:
        return self._random(self.names[index], "frames", self.truth.shape[0], len(self.classes))

    def masks(self, index: int) -> NDArray[np.float32]:
        return self._random(self.names[index], "masks", len(self.classes), *self.truth.shape)

    @staticmethod
    def _random(name: str, part: str, *shape: int) -> NDArray[np.float32]:
        seed = hashlib.sha256(f"{part} {name}".encode()).digest()
        return np.random.default_rng(list(seed)).random(shape, np.float32)


def whole_predictions(truth: FeatureStore) -> dict[str, TrueActivity]:
    """The references that have clip probabilities, frame scores and masks."""
    return {
        "oracle_activity": TrueActivity(truth),
        "floor_ones": Ones(truth),
        "floor_chance": Chance(truth),
    }


def ideal_masks(
    sources: Sources, spectral: Spectral, threshold_db: float
) -> dict[str, list[Magnitude]]:
    """Ideal masks of each class against all else, (frames, bins) or (frames, mels) each."""
    spectra = [spectral.stft(source.astype(np.float32)) for source in sources.waveforms]
    whole = np.sum(spectra, axis=0)
    pairs = [(np.abs(wanted), np.abs(whole - wanted)) for wanted in spectra[:-1]]
    bands = [(wanted @ spectral.filterbank, rest @ spectral.filterbank) for wanted, rest in pairs]
    return {
        "oracle_ibm": [ideal_binary_mask(*pair, threshold_db).astype(np.float32) for pair in pairs],
        "oracle_irm": [ideal_ratio_mask(*pair) for pair in pairs],
        "oracle_mel_irm": [ideal_ratio_mask(*pair) for pair in bands],
    }


def reference_masks(
    index: int, sources: Sources, truth: FeatureStore, spectral: Spectral, threshold_db: float
) -> dict[str, Sequence[Magnitude]]:
    """Masks of each class in a clip, (frames, bins) or (frames, mels), of all references."""
    true = truth.mask_truth(index)
    return {
        **ideal_masks(sources, spectral, threshold_db),
        "oracle_mel_ibm": [true[label].astype(np.float32) for label in sources.labels],
        **{
            name: list(one.masks(index)[sources.labels])
            for name, one in whole_predictions(truth).items()
        },
    }


def let_through(separator: Separator, mask: Magnitude, spectral: Spectral) -> Waveform:
    """The waveform (samples,) of a mask of mel bands or of STFT bins."""
    return (separator.separate if mask.shape[1] == spectral.mels else separator.apply)(mask)


def separate_references(
    truth: FeatureStore, clips: Iterable[Sources], threshold_db: float
) -> tuple[dict[str, Floats], list[Codes]]:
    """Qualities (clips, classes, QUALITIES) of each reference, and codes of its mel ratio masks.

    clips: the sources of the store's clips; all references are scored in one pass over them.
    """
    spectral, shape = Spectral.from_settings(truth.settings), (len(truth), len(truth.classes))
    names: list[str] = []
    codes: list[Codes] = []

    def separate(index: int, sources: Sources, separator: Separator) -> list[list[Waveform]]:
        masks = reference_masks(index, sources, truth, spectral, threshold_db)
        names[:] = masks
        ratio = [encode_masks(mask) for mask in masks["oracle_mel_irm"]]
        codes.append(dict(zip(sources.labels, ratio, strict=True)))
        return [
            [let_through(separator, mask, spectral) for mask in each] for each in masks.values()
        ]

    quality = separation_quality(clips, shape, spectral, separate)
    return dict(zip(names, quality, strict=True)), codes


def true_mask_codes(truth: FeatureStore) -> Iterator[Codes]:
    """Codes of the true masks of each clip."""
    for index in range(len(truth)):
        masks = truth.mask_truth(index).items()
        yield {label: encode_masks(mask.astype(np.float32)) for label, mask in masks}


def mask_clips(truth: FeatureStore, codes: Iterable[Codes]) -> Iterator[Clip]:
    """Codes (classes, frames, mels), 0 for a class that has none, and the truth of each clip."""
    for index, of_class in enumerate(codes):
        everything = np.zeros((len(truth.classes), *truth.shape), np.uint8)
        for label, one in of_class.items():
            everything[label] = one
        yield everything, truth.mask_truth(index)
