"""Events of a class by how long it sounds: the likeliest ones of a hidden semi-Markov model.

Conventions
-----------
- Yu 2010, "Hidden semi-Markov models" (Artificial Intelligence 174), with two states: a class
  sounds, for a duration whose distribution is known, or does not, for any.  Explicit durations for
  the events of each class: Hayashi et al. 2017, "Duration-controlled LSTM for polyphonic sound
  event detection" (IEEE/ACM TASLP 25).
- A duration is a whole number of frames.  How often each occurs comes from planned events, spread
  over SPREAD frames, as rounding to frames and a few events are; any other has UNSEEN.
- Worths are natural logarithms (nats).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from weakseg.machine_code import in_machine_code

SPREAD = 2.0  # frames, standard deviation
UNSEEN = 1e-6  # how often an event lasts as long as none did; so whole events of minutes stay whole
ALIKE = 1 / 3  # of a class's events must last equally long for durations to say where they are
ROUNDED = 0.0005  # of a number of events, at most: files have three decimals
SURE = 1e-3  # a score nearer to 0 or 1 is no surer

Ranges = tuple[NDArray[np.intp], NDArray[np.intp]]
"""First frames and end frames of events, in order."""


class Durations(NamedTuple):
    """Durations in frames, increasing, and the logarithm of how often each occurs, a float64."""

    frames: NDArray[np.intp]
    logs: NDArray[np.float64]


@dataclass(frozen=True)
class DurationDetector:
    """The events that are worth most together.

    An event is worth `weight` times the log-odds of each of its frames' scores over those of the
    score `level`, and the logarithm of how often its duration occurs, less `cost` (nats).  Scores
    are of the kind that it was tuned with (`event_evidence`).
    durations: frames, and how many events have lasted so many; a number need not be whole, as a
    share of other classes' events may be in it.
    """

    clip_threshold: float
    level: float
    weight: float
    cost: float
    durations: Mapping[int, float]

    @property
    def lasts_alike(self) -> bool:
        """Whether ALIKE of the events lie within SPREAD frames of some duration."""
        counts = counted(self.durations)
        width = 2 * round(SPREAD) + 1
        near = np.convolve(counts, np.ones(width)).max()
        return bool(near >= ALIKE * counts.sum() - ROUNDED * (len(self.durations) + width))

    def ranges(self, scores: NDArray[np.floating]) -> list[tuple[int, int]]:
        """Events, (first frame, end frame) each, of one class's scores (frames,)."""
        known, limits = known_durations(self.durations), (self.level, self.weight, self.cost)
        first, end = events_worth_most(log_odds(scores), known, *limits)
        return list(zip(first.tolist(), end.tolist(), strict=True))


def log_odds(scores: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """ln(p / (1 - p)) of scores p of any shape."""
    sure = np.clip(np.asarray(scores, np.float64), SURE, 1 - SURE)
    odds: NDArray[np.float64] = np.log(sure) - np.log1p(-sure)
    return odds


def counted(durations: Mapping[int, float]) -> NDArray[np.float64]:
    """How many events last 1, 2, ... frames, to the longest."""
    counts = np.zeros(max(durations, default=1))
    for frames, count in durations.items():
        counts[frames - 1] = count
    return counts


def known_durations(durations: Mapping[int, float]) -> Durations:
    """What is more frequent than UNSEEN, from how many events have lasted so many frames."""
    counts = np.pad(counted(durations), (0, round(4 * SPREAD)))
    spread = scipy.ndimage.gaussian_filter1d(counts, SPREAD, mode="reflect")
    frequencies = spread / (spread.sum() or 1) + UNSEEN
    seen = np.flatnonzero(frequencies > 2 * UNSEEN)
    return Durations(seen + 1, np.log(frequencies[seen]))


def events_worth_most(
    odds: NDArray[np.float64], known: Durations, level: float, weight: float, cost: float
) -> Ranges:
    """As `DurationDetector.ranges`, of log-odds (frames,); of equal events the shorter."""
    gains = weight * (odds - log_odds(level))
    return _events_of(_begins(gains, known.frames, known.logs - cost, np.log(UNSEEN) - cost))


@in_machine_code
def _begins(
    gains: NDArray[np.float64],
    durations: NDArray[np.intp],
    worth_of: NDArray[np.float64],
    worth_unseen: float,
) -> NDArray[np.intp]:
    """Where the last of the best events before each frame begins, if it ends there, or else -1.

    The Viterbi algorithm.  An event of any duration is worth at least `worth_unseen`: its best
    begin is kept along, so that only known durations are gone through.  (frames + 1,).
    """
    began = np.full(len(gains) + 1, -1, np.intp)
    total = np.zeros(len(gains) + 1)  # gains of all frames before one
    best = np.zeros(len(gains) + 1)  # worth of the best events before one
    begin, begun = 0, 0.0  # of an event of any duration; the best before it less the total
    for end in range(1, len(gains) + 1):
        total[end] = total[end - 1] + gains[end - 1]
        worth, first = begun + worth_unseen, begin
        for place in range(len(durations)):
            start = end - durations[place]
            if start < 0:
                break
            one = best[start] - total[start] + worth_of[place]
            if one > worth:
                worth, first = one, start
        best[end] = best[end - 1]
        if worth + total[end] > best[end]:
            best[end], began[end] = worth + total[end], first
        if best[end] - total[end] >= begun:
            begin, begun = end, best[end] - total[end]
    return began


@in_machine_code
def _events_of(began: NDArray[np.intp]) -> Ranges:
    """The events that `_begins` has found."""
    first, end = np.empty(len(began), np.intp), np.empty(len(began), np.intp)
    n, frame = 0, len(began) - 1
    while frame > 0:
        if began[frame] < 0:
            frame -= 1
        else:
            first[n], end[n] = began[frame], frame
            n, frame = n + 1, began[frame]
    return first[:n][::-1], end[:n][::-1]
