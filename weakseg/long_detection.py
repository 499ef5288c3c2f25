"""Events of a recording of any length, from frame scores and the probabilities of its clips.

Conventions
-----------
- As in `detection`, but events that touch are one: those of mixtures are cut to a length that a
  detector may have learnt (`durations`), sounds of recordings are not.
- There a class that the clip is not found to hold has no event; here an event stands if one of the
  clips that it reaches into is found to hold its class.  In a recording that is no longer than a
  training clip both are the same, but for events that touch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.detection import EVENT_COLUMNS, EventDetector, merge
from weakseg.streaming import ClipProbabilities


def detect_recording(
    filename: str,
    clips: ClipProbabilities,
    frame_scores: NDArray[np.floating],
    classes: Sequence[str],
    detectors: Sequence[EventDetector],
    frame_seconds: float,
) -> pd.DataFrame:
    """Events of one recording, with frame_scores (frames, classes) and a detector a class."""
    rows = [
        (filename, first * frame_seconds, end * frame_seconds, label)
        for index, (label, detector) in enumerate(zip(classes, detectors, strict=True))
        if (held := clips.starts[clips.values[:, index] > detector.clip_threshold]).size
        for first, end in merge(detector.ranges(frame_scores[:, index]), 0)
        if ((held < end) & (held + clips.length > first)).any()
    ]
    return pd.DataFrame(rows, columns=EVENT_COLUMNS)
