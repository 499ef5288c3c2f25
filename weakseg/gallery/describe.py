"""One clip as what the page's script reads: plain values, pictures and sounds as data: URIs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.figures.panels import hertz, mel_position, mel_ticks
from weakseg.gallery import pictures, sounds
from weakseg.gallery.clip import MOST_CLASSES, Floats, GalleryClip, ModelView
from weakseg.spectral import Spectral

Described = dict[str, Any]
TICKS = 6  # at most so many frequencies stand beside the spectrogram


def describe(clip: GalleryClip, quality: float) -> Described:
    """A clip's description; quality: of its sounds, as in `sounds.opus`."""
    classes = clip.classes_of_interest
    shown = classes[:MOST_CLASSES]

    def sound(waveform: Floats | None) -> str | None:
        if waveform is None:
            return None
        encoded = sounds.opus(waveform, clip.spectral.sample_rate, quality)
        return sounds.data_uri(encoded, "audio/ogg")

    truth = [] if clip.true_events is None else [_truth(clip, clip.true_events, shown, sound)]
    return {
        "title": clip.title,
        "why": list(clip.why),
        "seconds": round(clip.seconds, 4),
        "starts": round(clip.starts, 4),
        "frame_seconds": clip.spectral.hop / clip.spectral.sample_rate,
        "frames": len(clip.logmel),
        "ticks": _ticks(clip.spectral),
        "spectrogram": sounds.data_uri(pictures.spectrogram(clip.logmel), "image/png"),
        "mixture": sound(clip.waveform),
        "classes": [clip.classes[index] for index in shown],
        "not_shown": len(classes) - len(shown),
        "rows": truth + [_model(clip, model, shown, sound) for model in clip.models],
    }


def _ticks(spectral: Spectral) -> list[tuple[str, float]]:
    """Round frequencies in Hz and their places, 0 (bottom) to 1, on the spectrogram."""
    chosen = mel_ticks(spectral, spectral.mels / TICKS)
    places = (mel_position(chosen, spectral) + 0.5) / spectral.mels
    return [(hertz(hz), round(float(at), 4)) for hz, at in zip(chosen, places, strict=True)]


def _truth(
    clip: GalleryClip,
    true_events: pd.DataFrame,
    shown: Sequence[int],
    sound: Callable[[Floats | None], str | None],
) -> Described:
    true = clip.true_classes
    return {
        "name": "truth",
        "truth": True,
        "score": None,
        "events": _events(true_events, clip, shown),
        "scores": None,
        "cells": [
            {
                "probability": None,
                "present": index in true,
                "mask": _mask(clip.mask_truth.get(index), pictures.outlined),
                "sound": sound(clip.true_stems.get(index)),
            }
            for index in shown
        ],
    }


def _model(
    clip: GalleryClip,
    model: ModelView,
    shown: Sequence[int],
    sound: Callable[[Floats | None], str | None],
) -> Described:
    return {
        "name": model.name,
        "truth": False,
        "score": None if model.score is None else round(model.score, 3),
        "events": _events(model.events, clip, shown),
        "scores": [_rounded(model.frame_scores[:, index]) for index in shown],
        "cells": [
            {
                "probability": round(float(model.clip_probabilities[index]), 3),
                "present": index in model.found,
                "mask": _mask(_of(model.masks, index), pictures.filled),
                "sound": sound(model.stems.get(index)),
            }
            for index in shown
        ],
    }


def _events(
    events: pd.DataFrame, clip: GalleryClip, shown: Sequence[int]
) -> list[tuple[int, float, float]]:
    """(place of the class among those shown, onset, offset) of each event, seconds."""
    place: Mapping[str, int] = {clip.classes[index]: at for at, index in enumerate(shown)}
    ordered = events.sort_values(["onset", "offset"], kind="stable")
    rows = zip(ordered["event_label"], ordered["onset"], ordered["offset"], strict=True)
    return [
        (place[label], round(float(on), 4), round(float(off), 4))
        for label, on, off in rows
        if label in place
    ]


def _of(masks: Floats | None, index: int) -> Floats | None:
    return None if masks is None else masks[index]


def _mask(mask: NDArray[Any] | None, draw: Callable[[NDArray[Any]], bytes]) -> str | None:
    return None if mask is None else sounds.data_uri(draw(mask), "image/png")


def _rounded(scores: Floats) -> list[float | None]:
    values = (round(float(score), 3) for score in scores)
    return [value if np.isfinite(value) else None for value in values]
