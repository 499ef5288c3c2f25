from types import SimpleNamespace

import numpy as np
import pytest

from weakseg.detection import Detector
from weakseg.durations import DurationDetector
from weakseg.thresholds import ClassThresholds
from weakseg.tuned_events import detect_tuned

CLASSES = ["alike", "spread", "limits"]
LIMITS = Detector(0.1, 0.5, 0.5, 0, 0)
ALIKE = DurationDetector(0.1, 0.2, 1.0, 1.0, {20: 10.0})
SPREAD = DurationDetector(0.1, 0.2, 1.0, 1.0, {20: 3.0, 30: 3.0, 40: 3.0, 50: 3.0})
TUNED = [ClassThresholds(0.1, 1, LIMITS, one) for one in (ALIKE, SPREAD, None)]


@pytest.fixture
def predicted():
    """Scores of each class are vague from frame 10 to 36, with a gap, and sound begins at 16."""
    scores, cells = np.zeros((60, 3), np.float32), np.zeros((60, 16), np.float32)
    scores[10:36], scores[24:28], cells[16:36] = 0.6, 0.05, 0.9
    read = []

    def learnt_foreground(index):
        read.append("map")
        return [cells][index]

    return SimpleNamespace(
        read=read,
        names=["0.wav"],
        classes=CLASSES,
        settings={"hop": 1, "sample_rate": 1},
        clip_probabilities=lambda: np.ones((1, 3), np.float32),
        frame_scores=lambda index: [scores][index],
        learnt_foreground=learnt_foreground,
    )


BY_DURATION, BY_LIMITS = [(16, 36)], [(10, 24), (28, 36)]


@pytest.mark.parametrize(
    ("events_by", "expected"),
    [
        ("auto", [BY_DURATION, BY_LIMITS, BY_LIMITS]),
        ("durations", [BY_DURATION, BY_DURATION, BY_LIMITS]),
        ("thresholds", [BY_LIMITS] * 3),
    ],
)
def test_each_class_has_the_detector_and_the_scores_that_go_with_it(events_by, expected, predicted):
    found = detect_tuned(predicted, TUNED, events_by)
    assert ("map" in predicted.read) == (events_by != "thresholds")
    for label, ranges in zip(CLASSES, expected, strict=True):
        of_class = found[found.event_label == label]
        assert list(zip(of_class.onset, of_class.offset, strict=True)) == ranges
