"""Events of a recording of any length, from frame scores and the probabilities of its clips.

Conventions
-----------
- As in `detection`.  There a class that the clip is not found to hold has no event; here an event
  stands if one of the clips that it reaches into is found to hold its class.  In a recording that
  is no longer than a training clip both are the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.detection import EVENT_COLUMNS, Detector
from weakseg.streaming import ClipProbabilities


def detect_recording(
    filename: str,
    clips: ClipProbabilities,
    frame_scores: NDArray[np.floating],
    classes: Sequence[str],
    detectors: Sequence[Detector],
    frame_seconds: float,
) -> pd.DataFrame:
    """Events of one recording, in the order of their onsets.

    frame_scores: (frames, classes); detectors: one a class.
    """
    rows = [
        (filename, first * frame_seconds, end * frame_seconds, label)
        for index, (label, detector) in enumerate(zip(classes, detectors, strict=True))
        if (held := clips.starts[clips.values[:, index] > detector.clip_threshold]).size
        for first, end in detector.ranges(frame_scores[:, index])
        if ((held < end) & (held + clips.length > first)).any()
    ]
    found = pd.DataFrame(rows, columns=EVENT_COLUMNS)
    return found.sort_values(["onset", "offset"], kind="stable", ignore_index=True)
