"""The background of a clip: minimum statistics over time.

Conventions
-----------
- Levels are (frames, bands), natural logarithms of magnitudes of mel bands or STFT bins.
- A frame of digital silence, all 0, is a gap in a recording and no background: it takes the level
  of what is around it, else all that is near it would stand out.
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

from weakseg.spectral import EPSILON

SMOOTHED = 5  # frames
REACH = 96  # frames: 3 s as published
FLOOR_REACH = REACH + SMOOTHED // 2  # frames on either side that a floor depends on
SILENT = float(np.log(2 * EPSILON))  # no band of a frame of digital silence is louder
NEAR = 1  # frames on either side of a gap that are partly in it
GAP_REACH = 2 * FLOOR_REACH + NEAR  # the same where there are gaps, which are bridged first

Levels = NDArray[np.floating[Any]]


def noise_floor(level: Levels) -> Levels:
    """Level of the background around each cell, (frames, bands)."""
    return _least_mean(level, np.ones(len(level), bool))


def bridged(level: Levels) -> Levels:
    """Levels in which a gap, and the frames at its ends, are no softer than the background.

    Where there is none within the floor's reach, they stay as they are.
    """
    silent = level.max(axis=1) < SILENT
    if not silent.any():
        return level
    gap = scipy.ndimage.maximum_filter1d(silent, 2 * NEAR + 1, mode="nearest")
    floor = _least_mean(level, ~gap)
    known = gap[:, None] & np.isfinite(floor)
    return np.where(known, np.maximum(level, floor), level).astype(level.dtype)


def _least_mean(level: Levels, heard: NDArray[np.bool_]) -> Levels:
    """The least of the means over SMOOTHED frames nearby, of frames that are heard (frames,)."""
    some = np.ones(SMOOTHED)
    number = scipy.ndimage.convolve1d(heard.astype(level.dtype), some, mode="constant")[:, None]
    total = scipy.ndimage.convolve1d(level * heard[:, None], some, axis=0, mode="constant")
    mean = np.where(number > 0, total / np.maximum(number, 1), np.inf).astype(level.dtype)
    least: Levels = scipy.ndimage.minimum_filter1d(mean, 2 * REACH + 1, axis=0, mode="nearest")
    return least


def standing_out(level: Levels, above: float, steepness: float) -> Levels:
    """How surely each cell is foreground, in 0..1: a sigmoid of its height over the floor.

    above: the height of a half; steepness: four times the slope there.
    """
    level = bridged(level)
    height = level - noise_floor(level) - above
    share: Levels = 1 / (1 + np.exp(-steepness * height))
    return share
