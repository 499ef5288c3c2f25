"""The part of a long recording that the page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.gallery.clip import GalleryClip, ModelView


def excerpt(clip: GalleryClip, seconds: float) -> GalleryClip:
    """At most `seconds` of a clip, those with most events; the clip itself if it is shorter."""
    if clip.seconds <= seconds:
        return clip
    n_frames = min(
        clip.spectral.n_frames(round(seconds * clip.spectral.sample_rate)), len(clip.logmel)
    )
    return cut(clip, _busiest(clip, n_frames), max(1, n_frames))


def _busiest(clip: GalleryClip, n_frames: int) -> int:
    """The first frame of the `n_frames` that hold most events, of the truth and of all models."""
    tables = [model.events for model in clip.models]
    tables += [] if clip.true_events is None else [clip.true_events]
    active = np.zeros(len(clip.logmel) + 1)
    for onset, offset in (
        pair for table in tables for pair in table[["onset", "offset"]].to_numpy()
    ):
        first, end = (round(at * clip.spectral.frames_per_second) for at in (onset, offset))
        active[first + 1 : end + 1] += 1
    total = np.cumsum(active)
    return int((total[n_frames:] - total[: len(total) - n_frames]).argmax())


def cut(clip: GalleryClip, first: int, n_frames: int) -> GalleryClip:
    """`n_frames` frames of a clip, and the samples that they cover, from frame `first` on."""
    frames, spectral = slice(first, first + n_frames), clip.spectral
    start = first * spectral.hop
    samples = slice(start, start + (n_frames - 1) * spectral.hop + spectral.window)
    starts = start / spectral.sample_rate
    seconds = len(clip.waveform[samples]) / spectral.sample_rate

    def model_part(model: ModelView) -> ModelView:
        return replace(
            model,
            events=_between(model.events, starts, seconds),
            frame_scores=model.frame_scores[frames],
            masks=None if model.masks is None else model.masks[:, frames],
            learnt_foreground=None
            if model.learnt_foreground is None
            else model.learnt_foreground[frames],
            stems=_parts(model.stems, samples),
        )

    true_events = clip.true_events
    return replace(
        clip,
        waveform=clip.waveform[samples],
        logmel=clip.logmel[frames],
        models=[model_part(model) for model in clip.models],
        true_events=None if true_events is None else _between(true_events, starts, seconds),
        mask_truth=_parts(clip.mask_truth, frames),
        true_stems=_parts(clip.true_stems, samples),
        starts=clip.starts + starts,
        why=[*clip.why, f"{seconds:.1f} of {clip.seconds:.1f} s, those with most events"],
    )


def _parts(values: Mapping[int, NDArray[Any]], part: slice) -> dict[int, NDArray[Any]]:
    return {index: one[part] for index, one in values.items()}


def _between(events: pd.DataFrame, starts: float, seconds: float) -> pd.DataFrame:
    """The events that are heard in the excerpt, by its own time."""
    onset, offset = (
        (events[name].astype(float) - starts).clip(0, seconds) for name in ("onset", "offset")
    )
    return events.assign(onset=onset, offset=offset)[onset < offset]
