"""Where one waveform goes over into the next."""

from __future__ import annotations

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
