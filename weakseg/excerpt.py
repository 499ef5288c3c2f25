"""The part of a recording that is worth looking at closely: half a minute around the surest clip.

Conventions
-----------
- An excerpt is at full resolution and begins with a frame; times of its events are its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.mask_file import MaskFile
from weakseg.segmenter import Heard
from weakseg.spectral import Spectral

EXCERPT_SECONDS = 30.0


@dataclass(frozen=True)
class Excerpt:
    """Some seconds of a recording, which begin `starts` seconds after it.

    mixture (samples,); stems, (samples,) of each class that was found, by its index, none where
    nothing was separated; logmel (frames, mels); frame_scores (frames, classes); masks
    (classes, frames, mels) in 0..1, or None; events: a table `onset, offset, event_label`.
    """

    starts: float
    logmel: NDArray[np.float32]
    frame_scores: NDArray[np.float32]
    masks: NDArray[np.float32] | None
    events: pd.DataFrame
    mixture: NDArray[np.float32]
    stems: Mapping[int, NDArray[np.float32]]


def frames_of_excerpt(heard: Heard, found: Sequence[int], spectral: Spectral) -> slice:
    """The frames around the clip in which one of the found classes, or any, is most probable."""
    n_frames = len(heard.frame_scores)
    wanted = round(EXCERPT_SECONDS * spectral.frames_per_second)
    values = heard.clips.values[:, list(found)] if len(found) else heard.clips.values
    surest = int(heard.clips.starts[values.max(axis=1).argmax()])
    first = surest + min(heard.clips.length, n_frames) // 2 - wanted // 2
    first = max(0, min(first, n_frames - wanted))
    return slice(first, min(n_frames, first + wanted))


@dataclass
class Cut:
    """Collects the samples `wanted` of a stream of stems."""

    wanted: slice
    _at: int = 0
    _mixture: list[NDArray[np.float32]] = field(default_factory=list)
    _stems: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, mixture: NDArray[np.float32], stems: NDArray[np.float32] | None = None) -> None:
        """Further samples (samples,), and, if audio is separated, stems (classes, samples)."""
        here = slice(max(0, self.wanted.start - self._at), max(0, self.wanted.stop - self._at))
        self._mixture.append(mixture[here].copy())
        if stems is not None:
            self._stems.append(stems[:, here].copy())
        self._at += len(mixture)

    @property
    def complete(self) -> bool:
        """Whether what comes is not wanted."""
        return self._at >= self.wanted.stop

    def mixture(self) -> NDArray[np.float32]:
        """(samples,)."""
        return np.concatenate([np.zeros(0, np.float32), *self._mixture])

    def stems(self, found: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """(samples,) of each class."""
        if not self._stems:
            return {}
        return dict(zip(found, np.concatenate(self._stems, axis=1), strict=True))


def excerpt_of(
    heard: Heard,
    frames: slice,
    masks: MaskFile,
    events: pd.DataFrame,
    found: Sequence[int],
    cut: Cut,
    spectral: Spectral,
) -> Excerpt:
    """The excerpt of these frames, whose samples `cut` has."""
    starts = frames.start / spectral.frames_per_second
    ends = frames.stop / spectral.frames_per_second
    inside = events[(events["onset"] < ends) & (events["offset"] > starts)]
    own = inside[["onset", "offset", "event_label"]].reset_index(drop=True)
    own[["onset", "offset"]] = own[["onset", "offset"]].clip(starts, ends) - starts
    return Excerpt(
        starts,
        heard.logmel[frames].astype(np.float32),
        heard.frame_scores[frames],
        masks.read(frames.start, frames.stop) if masks.n_frames else None,
        own,
        cut.mixture(),
        cut.stems(found),
    )
