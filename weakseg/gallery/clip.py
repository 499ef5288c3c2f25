"""What the gallery knows of one clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.spectral import Spectral

Floats = NDArray[np.floating[Any]]
MOST_CLASSES = 6


@dataclass(frozen=True)
class ModelView:
    """What one model says of a clip.

    events: a table with `onset, offset` (seconds) and `event_label`; clip_probabilities (classes,);
    found: indices of the classes whose probability is above the threshold; frame_scores (frames,
    classes); masks (classes, frames, mels) in 0..1, or None for a model without masks;
    learnt_foreground: the map (frames, mels) that these are cut to, of a model that has one;
    stems: the separated waveform (samples,) of each class that has one, by the class's index.
    score: of this clip, 0..1, or None where there is no truth to compare with.
    """

    name: str
    events: pd.DataFrame
    clip_probabilities: Floats
    found: Sequence[int]
    frame_scores: Floats
    masks: Floats | None = None
    learnt_foreground: Floats | None = None
    stems: Mapping[int, Floats] = field(default_factory=dict)
    score: float | None = None


@dataclass(frozen=True)
class GalleryClip:
    """One clip: its sound, what is true of it where that is known, and what models say of it.

    title: of the clip, such as its file's name; why: the reasons for which it is shown, a few words
    each; waveform (samples,), full scale 1; logmel (frames, mels).  true_events: a table as in
    `ModelView`, or None where the truth is not known; mask_truth: the true mask (frames, mels) and
    true_stems: the true waveform (samples,) of each class that has one, by the class's index.
    starts: seconds of a longer recording that lie before this excerpt of it; times of events are
    the excerpt's own.

    Raises ValueError for shapes that do not agree and for events of an unknown class.
    """

    title: str
    spectral: Spectral
    classes: Sequence[str]
    waveform: Floats
    logmel: Floats
    models: Sequence[ModelView]
    true_events: pd.DataFrame | None = None
    mask_truth: Mapping[int, NDArray[Any]] = field(default_factory=dict)
    true_stems: Mapping[int, Floats] = field(default_factory=dict)
    why: Sequence[str] = ()
    starts: float = 0.0

    def __post_init__(self) -> None:
        n_classes, (n_frames, n_mels) = len(self.classes), self.logmel.shape
        if self.waveform.ndim != 1 or not len(self.waveform) or not n_frames:
            raise ValueError(
                f"{self.title}: a waveform of shape {self.waveform.shape} and {n_frames} frames; "
                "expected some of both"
            )
        for index, mask in self.mask_truth.items():
            self._expect(f"mask_truth[{index}]", mask, (n_frames, n_mels))
        self._expect_events("true_events", self.true_events)
        for model in self.models:
            self._expect(
                f"{model.name}: clip_probabilities", model.clip_probabilities, (n_classes,)
            )
            self._expect(f"{model.name}: frame_scores", model.frame_scores, (n_frames, n_classes))
            if model.masks is not None:
                self._expect(f"{model.name}: masks", model.masks, (n_classes, n_frames, n_mels))
            if model.learnt_foreground is not None:
                name = f"{model.name}: learnt_foreground"
                self._expect(name, model.learnt_foreground, (n_frames, n_mels))
            self._expect_events(f"{model.name}: events", model.events)

    def _expect(self, name: str, values: NDArray[Any], shape: tuple[int, ...]) -> None:
        if values.shape != shape:
            raise ValueError(f"{self.title}: {name}: shape {values.shape}, expected {shape}")

    def _expect_events(self, name: str, events: pd.DataFrame | None) -> None:
        unknown = set() if events is None else set(events["event_label"]) - set(self.classes)
        if unknown:
            raise ValueError(
                f"{self.title}: {name}: {min(unknown)} is none of the {len(self.classes)} classes"
            )

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return len(self.waveform) / self.spectral.sample_rate

    @property
    def true_classes(self) -> list[int]:
        """Classes in the clip, by their first onset."""
        labels: list[str] = []
        if self.true_events is not None:
            labels = list(self.true_events.sort_values("onset", kind="stable")["event_label"])
        return list(
            dict.fromkeys([*map(list(self.classes).index, labels), *sorted(self.mask_truth)])
        )

    @property
    def classes_of_interest(self) -> list[int]:
        """Classes in the clip, then those that a model finds, the most probable first."""
        found = {index for model in self.models for index in model.found}
        highest = {
            index: max(float(model.clip_probabilities[index]) for model in self.models)
            for index in found
        }
        by_probability = sorted(found, key=lambda index: (-highest[index], index))
        return list(dict.fromkeys([*self.true_classes, *by_probability]))
