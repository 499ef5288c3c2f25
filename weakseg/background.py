"""The background of a clip: minimum statistics over time.

Conventions
-----------
- Levels are (frames, bands), natural logarithms of magnitudes of mel bands or STFT bins.
- The floor is the least, within REACH frames before and after, of the mean over SMOOTHED frames
  (Martin 2001, "Noise power spectral density estimation based on optimal smoothing and minimum
  statistics").  It reaches over a fixed number of frames, so that what is far away in a long
  recording changes nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

SMOOTHED = 5  # frames
REACH = 96  # frames: 3 s as published
FLOOR_REACH = REACH + SMOOTHED // 2  # frames on either side that a floor depends on


def noise_floor(level: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Level of the background around each cell, (frames, bands)."""
    some = np.ones(SMOOTHED)
    total = scipy.ndimage.convolve1d(level, some, axis=0, mode="constant")
    number = scipy.ndimage.convolve1d(np.ones(len(level)), some, mode="constant")
    mean = total / number[:, None].astype(level.dtype)
    floor: NDArray[np.floating[Any]] = scipy.ndimage.minimum_filter1d(
        mean, 2 * REACH + 1, axis=0, mode="nearest"
    )
    return floor


def standing_out(
    level: NDArray[np.floating[Any]], above: float, steepness: float
) -> NDArray[np.floating[Any]]:
    """How surely each cell is foreground, in 0..1: a sigmoid of its height over the floor.

    above: the height of a half; steepness: four times the slope there.
    """
    height = level - noise_floor(level) - above
    share: NDArray[np.floating[Any]] = 1 / (1 + np.exp(-steepness * height))
    return share
