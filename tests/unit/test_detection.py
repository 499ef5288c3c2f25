import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from weakseg.detection import (
    EVENT_COLUMNS,
    Detector,
    detect,
    gate,
    merge,
    read_events,
    runs,
    smoothed,
    write_events,
)

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


def test_a_median_removes_what_is_shorter_than_half_of_it_and_keeps_edges():
    scores = np.zeros(60)
    scores[10:12] = scores[30:50] = 1.0
    scores[40] = 0.0
    plain = Detector(0.1, 0.2, 0.1, merge_gap=0, drop=0)
    assert plain.ranges(scores) == [(10, 12), (30, 40), (41, 50)]
    assert replace(plain, median=5).ranges(scores) == [(30, 50)]
    assert replace(plain, median=5).ranges(np.ones(3)) == [(0, 3)]
    assert smoothed(scores, 1) is scores
    stacked = smoothed(np.stack([scores, scores[::-1]]), 5)  # rows do not mix
    np.testing.assert_array_equal(stacked, [smoothed(scores, 5), smoothed(scores[::-1], 5)])


def test_each_class_may_have_its_own_detector():
    scores = np.zeros((100, 2))
    scores[10:40] = [0.3, 0.9]
    strict = replace(DETECTOR, high=0.5)
    found = detect("a", np.ones(2), scores, ["Bark", "Mew"], [strict, DETECTOR], 1.0)
    assert list(found.event_label) == ["Mew"]
    found = detect("a", np.ones(2), scores, ["Bark", "Mew"], [DETECTOR, strict], 1.0)
    assert list(found.event_label) == ["Bark", "Mew"]
    never = replace(DETECTOR, clip_threshold=1.0)
    found = detect("a", np.ones(2), scores, ["Bark", "Mew"], [DETECTOR, never], 1.0)
    assert list(found.event_label) == ["Bark"]
    with pytest.raises(ValueError):
        detect("a", np.ones(2), scores, ["Bark", "Mew"], [DETECTOR], 1.0)


def test_events_are_read_as_they_were_written(tmp_path):
    rows = [("1.wav", 0.5, 1.25, "NA"), ("00002.wav", 0.0, 0.0004, "a\tb")]
    events = pd.DataFrame(rows, columns=EVENT_COLUMNS)
    write_events(tmp_path / "events.tsv", events)
    assert [path.name for path in tmp_path.iterdir()] == ["events.tsv"]
    rounded = events.assign(offset=[1.25, 0.0])
    pd.testing.assert_frame_equal(read_events(tmp_path / "events.tsv"), rounded)
