import json
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from weakseg.detection import EVENT_COLUMNS, Detector, detect, gate, merge, runs

DETECTOR = Detector(clip_threshold=0.1, high=0.2, low=0.1, merge_gap=10, drop=10)


def test_golden_events(golden):
    case = json.loads((golden / "detection.json").read_text())
    detector = Detector(
        0.1,
        case["high_threshold"],
        case["low_threshold"],
        case["merge_gap_frames"],
        case["min_event_frames"],
    )
    for scores, events in zip(case["scores"], case["events_as_first_and_end_frame"], strict=True):
        assert detector.ranges(np.array(scores)) == [tuple(event) for event in events]


@given(arrays.arrays(np.float64, st.integers(1, 120), elements=st.floats(0, 1)))
def test_events_keep_the_rules(scores):
    found = DETECTOR.ranges(scores)
    for first, end in found:
        assert 0 <= first < end <= len(scores) and end - first > DETECTOR.drop
        assert scores[first:end].max() > DETECTOR.high
        assert scores[first] >= DETECTOR.low and scores[end - 1] >= DETECTOR.low
    for (_, end), (first, _) in pairwise(found):
        assert first - end > DETECTOR.merge_gap


def test_runs_and_merging():
    active = np.array([1, 1, 0, 1, 0, 0, 0, 1], bool)
    assert runs(active) == [(0, 2), (3, 4), (7, 8)]
    assert merge(runs(active), 1) == [(0, 4), (7, 8)]
    assert runs(np.zeros(5, bool)) == []


def test_detect_gates_by_the_clip_and_gives_seconds():
    scores = np.zeros((100, 2))
    scores[10:40] = 0.9
    table = detect("a.wav", np.array([0.1, 0.5]), scores, ["Bark", "Mew"], DETECTOR, 0.032)
    assert list(table.columns) == EVENT_COLUMNS
    assert table.values.tolist() == [["a.wav", 0.32, 1.28, "Mew"]]
    np.testing.assert_array_equal(gate(scores, np.array([0.1, 0.5]), 0.1)[:, 0], 0)
