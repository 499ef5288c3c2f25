"""Scores from which events are found by their duration: a class's, and that anything sounds.

Conventions
-----------
- A frame score (frames, classes) says how surely a class sounds, a learnt foreground (frames, mels)
  how much of each cell is not the scene's, whosever it is.  Of the mean of a frame's cells, which
  is no probability and comes from the same network, the log-odds are added at half their weight.
"""

from __future__ import annotations

import numpy as np
import scipy.special
from numpy.typing import NDArray

from weakseg.durations import log_odds
from weakseg.predictions import Predictions

FOREGROUND = 0.5  # on pairs of folds event F1 is higher than with 0, with 1 less so, with 2 lower


def event_evidence(predicted: Predictions, index: int) -> NDArray[np.float32]:
    """Scores (frames, classes) of the clip at an index; its frame scores without a learnt map."""
    scores, foreground = predicted.frame_scores(index), predicted.learnt_foreground(index)
    if foreground is None:
        return scores
    sounds = log_odds(foreground.mean(axis=1, keepdims=True))
    both: NDArray[np.float64] = scipy.special.expit(log_odds(scores) + FOREGROUND * sounds)
    return both.astype(np.float32)
