"""Events of a class by how long it sounds: the likeliest ones of a hidden semi-Markov model.

Conventions
-----------
- Yu 2010, "Hidden semi-Markov models" (Artificial Intelligence 174), with two states: a class
  sounds, for a duration whose distribution is known, or does not, for any.  For sound events:
  Hayashi et al. 2017, "Duration-controlled LSTM for polyphonic sound event detection" (IEEE/ACM
  TASLP 25), whose model has the same for each class.
- A duration is a whole number of frames.  How often each occurs comes from planned events, spread
  over SPREAD frames, as rounding to frames and a few events are; any other has UNSEEN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from weakseg.machine_code import in_machine_code

SPREAD = 2.0  # frames, standard deviation
UNSEEN = 1e-6  # probability of a duration that no event had; so whole events of minutes stay whole
SURE = 1e-3  # a score nearer to 0 or 1 is no surer


@dataclass(frozen=True)
class DurationDetector:
    """The events that are worth most together.

    An event is worth `weight` times the log-odds of each of its frames' scores over those of
    `level`, and the logarithm of how often its duration occurs, less `cost`.  durations: how many
    events have lasted so many frames; parts of one count, too.
    """

    clip_threshold: float
    level: float
    weight: float
    cost: float
    durations: Mapping[int, float]

    def ranges(self, scores: NDArray[np.floating]) -> list[tuple[int, int]]:
        """Events, (first frame, end frame) each, of one class's scores (frames,)."""
        gains = self.weight * (log_odds(scores) - log_odds(self.level))
        first, end = likeliest(gains, log_frequencies(self.durations) - self.cost, self.cost)
        return list(zip(first.tolist(), end.tolist(), strict=True))


def log_odds(scores: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """ln(p / (1 - p)) of scores p of any shape."""
    sure = np.clip(np.asarray(scores, np.float64), SURE, 1 - SURE)
    odds: NDArray[np.float64] = np.log(sure) - np.log1p(-sure)
    return odds


def log_frequencies(durations: Mapping[int, float]) -> NDArray[np.float64]:
    """The logarithm of how often an event lasts 1, 2, ... frames; what is longer has UNSEEN."""
    counts = np.zeros(max(durations, default=0) + round(3 * SPREAD))
    for frames, count in durations.items():
        counts[frames - 1] = count
    spread = scipy.ndimage.gaussian_filter1d(counts, SPREAD, mode="constant")
    frequencies: NDArray[np.float64] = np.log(spread / max(spread.sum(), SURE) + UNSEEN)
    return frequencies


def likeliest(
    gains: NDArray[np.float64], by_duration: NDArray[np.float64], cost: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and end frames of the events of most worth, by the Viterbi algorithm.

    gains (frames,): what a frame adds to an event; by_duration: what an event of 1, 2, ... frames
    adds, its cost taken off; a longer one adds ln(UNSEEN) - cost.  Of equal events the shorter.
    """
    first, end = _likeliest(
        np.ascontiguousarray(gains, np.float64), by_duration, float(np.log(UNSEEN) - cost)
    )
    return first, end


@in_machine_code
def _likeliest(
    gains: NDArray[np.float64], by_duration: NDArray[np.float64], longer: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    frames, longest = len(gains), len(by_duration)
    total = np.zeros(frames + 1)  # gains of all frames before one
    best = np.zeros(frames + 1)  # worth of the best events before one
    began = np.full(frames + 1, -1)  # where the last of these began, if it ends there
    opened, opening = -np.inf, 0  # the best begin of a longer event, and what is gained by it
    for end in range(1, frames + 1):
        total[end] = total[end - 1] + gains[end - 1]
        worth, first = -np.inf, 0
        for duration in range(1, min(longest, end) + 1):
            one = best[end - duration] - total[end - duration] + by_duration[duration - 1]
            if one > worth:
                worth, first = one, end - duration
        if end > longest:
            begin = end - longest - 1
            if best[begin] - total[begin] > opened:
                opened, opening = best[begin] - total[begin], begin
            if opened + longer > worth:
                worth, first = opened + longer, opening
        best[end] = best[end - 1]
        if worth + total[end] > best[end]:
            best[end], began[end] = worth + total[end], first
    firsts, ends = np.empty(frames, np.intp), np.empty(frames, np.intp)
    n, end = 0, frames
    while end > 0:
        if began[end] < 0:
            end -= 1
        else:
            firsts[n], ends[n] = began[end], end
            n, end = n + 1, began[end]
    return firsts[:n][::-1], ends[:n][::-1]
