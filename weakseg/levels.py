"""How loud a waveform is; 1 is full scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def rms(audio: NDArray[np.floating[Any]]) -> float:
    """Root mean square; 0 of nothing."""
    return float(np.sqrt(audio @ audio / max(len(audio), 1)))


def largest(audio: NDArray[np.floating[Any]]) -> float:
    """Largest absolute value, 0 of nothing; no copy is made."""
    return float(max(audio.max(initial=0.0), -audio.min(initial=0.0)))
