"""Events of mixtures by detectors that were tuned class by class, of either kind.

Conventions
-----------
- How long an event lasts says where it was if a class's events last alike; where their durations
  are spread, two thresholds find it as well, or, with a good model, better (docs/results/tried.md).
- A detector by duration takes what `event_evidence` makes of frame scores, the other these.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.detection import EventDetector, detect_all
from weakseg.event_evidence import event_evidence
from weakseg.predictions import Predictions
from weakseg.thresholds import ClassThresholds


def detect_tuned(
    predicted: Predictions, tuned: Sequence[ClassThresholds], events_by: str
) -> pd.DataFrame:
    """Events of all clips, by what was tuned for each class.

    events_by: `durations`, `thresholds`, or `auto`: durations for the classes whose events last
    alike.  A class without durations goes by thresholds.
    """
    detectors = [_detector_of(one, events_by) for one in tuned]
    by_limits = np.array([one is each.detector for one, each in zip(detectors, tuned, strict=True)])

    def scores_of(predicted: Predictions, index: int) -> NDArray[np.float32]:
        scores = predicted.frame_scores(index)
        return np.where(by_limits, scores, event_evidence(predicted, index))

    return detect_all(predicted, detectors, None if by_limits.all() else scores_of)


def _detector_of(one: ClassThresholds, events_by: str) -> EventDetector:
    if events_by == "thresholds" or one.by_duration is None:
        return one.detector
    by_duration = events_by == "durations" or one.by_duration.lasts_alike
    return one.by_duration if by_duration else one.detector
