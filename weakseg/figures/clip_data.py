"""What is known of one clip, and which of its classes a picture shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.spectral import Spectral

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class ClipData:
    """One clip, what a model says of it and, where it is known, the truth.

    waveform (samples,), full scale 1, at the spectral sample rate or at `waveform_rate` (of an
    envelope, samples a second); logmel (frames, mels); clip_probabilities (classes,);
    frame_scores (frames, classes); masks (classes, frames, mels) in 0..1, or None for a model
    without masks; learnt_foreground: the map (frames, mels) that these are cut to, of a model that
    has one; events, true_events: tables of this clip with `onset, offset` (seconds) and
    `event_label`, true_events None where the truth is not known; mask_truth: the true mask
    (frames, mels) of each class that has one, by the class's index.

    Raises ValueError for shapes that do not agree, and for events of an unknown class.
    """

    spectral: Spectral
    classes: Sequence[str]
    waveform: Floats
    logmel: Floats
    clip_probabilities: Floats
    frame_scores: Floats
    masks: Floats | None
    events: pd.DataFrame
    true_events: pd.DataFrame | None = None
    mask_truth: Mapping[int, NDArray[Any]] = field(default_factory=dict)
    waveform_rate: float | None = None
    learnt_foreground: Floats | None = None

    def __post_init__(self) -> None:
        n_classes, n_frames, n_mels = len(self.classes), len(self.logmel), self.spectral.mels
        if self.waveform.ndim != 1 or not len(self.waveform) or not n_frames:
            raise ValueError(
                f"waveform: shape {self.waveform.shape}, {n_frames} frames; expected some"
            )
        _expect("logmel", self.logmel, (n_frames, n_mels))
        _expect("clip_probabilities", self.clip_probabilities, (n_classes,))
        _expect("frame_scores", self.frame_scores, (n_frames, n_classes))
        if self.masks is not None:
            _expect("masks", self.masks, (n_classes, n_frames, n_mels))
        if self.learnt_foreground is not None:
            _expect("learnt_foreground", self.learnt_foreground, (n_frames, n_mels))
        for index, mask in self.mask_truth.items():
            _expect(f"mask_truth[{index}]", mask, (n_frames, n_mels))
        for name, events in (("events", self.events), ("true_events", self.true_events)):
            unknown = set() if events is None else set(events["event_label"]) - set(self.classes)
            if unknown:
                raise ValueError(f"{name}: {min(unknown)} is not one of the {n_classes} classes")

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return len(self.waveform) / (self.waveform_rate or self.spectral.sample_rate)

    @property
    def frame_edges(self) -> NDArray[np.float64]:
        """Start of each frame, and the end of the last, (frames + 1,), seconds."""
        return np.arange(len(self.logmel) + 1) / self.spectral.frames_per_second

    @property
    def true_classes(self) -> list[int]:
        """Classes in the clip, those with events first, by their first onset."""
        labels: list[str] = []
        if self.true_events is not None:
            labels = list(self.true_events.sort_values("onset", kind="stable")["event_label"])
        indices = [list(self.classes).index(label) for label in labels]
        return list(dict.fromkeys([*indices, *sorted(self.mask_truth)]))

    def by_probability(self) -> list[int]:
        """All classes, the most probable first."""
        return [int(index) for index in np.argsort(-self.clip_probabilities, kind="stable")]

    def in_clip_or_found(self, clip_threshold: float | Sequence[float]) -> list[int]:
        """Classes in the clip, then those whose probability is above the threshold, or its own."""
        above = self.clip_probabilities > np.asarray(clip_threshold)
        probable = [i for i in self.by_probability() if above[i]]
        return list(dict.fromkeys([*self.true_classes, *probable]))


def _expect(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise ValueError(f"{name}: shape {values.shape}, expected {shape}")
