"""Where one waveform goes over into the next."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

FADE_SECONDS = 0.05  # where a scene begins again


def crossfade(first: NDArray[Any], second: NDArray[Any], fade: int) -> NDArray[Any]:
    """Two waveforms in one, `fade` samples of the end and of the beginning over each other.

    The ramps have equal power, so that noise keeps its level.
    """
    ramp = np.sqrt(np.linspace(0, 1, fade, dtype=first.dtype))
    rest = len(first) - fade
    joint = first[rest:] * ramp[::-1] + second[:fade] * ramp
    return np.concatenate([first[:rest], joint, second[fade:]])


def repeated(audio: NDArray[Any], n_samples: int, fade: int) -> NDArray[Any]:
    """A waveform cut to `n_samples`, or begun again as often as it takes, with cross-fades.

    fade: samples of each, at most half of the waveform's.
    """
    if len(audio) >= n_samples:
        return audio[:n_samples]
    period = len(audio) - fade
    repeat = crossfade(audio, audio, fade)[period : 2 * period]
    repeats = np.tile(repeat, ceil((n_samples - len(audio)) / period))
    return np.concatenate([audio[:period], repeats, audio[period:]])[:n_samples]
