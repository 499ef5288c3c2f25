import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from weakseg.detection import Detector
from weakseg.metrics.event_table import Events
from weakseg.tuned_limits import event_counter, find_ranges, tune_limits

DETECTOR = Detector(clip_threshold=0.1, high=0.2, low=0.1, merge_gap=10, drop=10)
CLIP = np.full(2, 0.1, np.float32)
FRAMES, SECOND = 156, 31.25


@given(
    arrays.arrays(np.float32, (3, 50), elements=st.sampled_from(np.float32([0, 0.1, 0.2, 0.3]))),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_ranges_of_many_rows_are_those_of_the_detector(scores, gap, drop):
    detectors = [
        Detector(0.1, high, low, gap, drop) for high, low in ((0.2, 0.1), (0.1, 0.1), (0.25, 0.2))
    ]
    limits = (
        np.array([getattr(one, name) for one in detectors], np.float32)
        for name in ("high", "low", "merge_gap", "drop")
    )
    found = [tuple(map(int, event)) for event in zip(*find_ranges(scores, *limits), strict=True)]
    expected = [
        (row, *event) for row, one in enumerate(detectors) for event in one.ranges(scores[row])
    ]
    assert found == expected


def two_classes():
    """Short, weak barks that the published detector drops, and long mews in three pieces."""
    scores = np.zeros((8, FRAMES, 2), np.float32)
    scores[:, 30:36, 0] = 0.15
    for first in (60, 75, 90):
        scores[:, first : first + 6, 1] = 0.6
    rows = [(c, k, t) for c in range(8) for k, t in enumerate([(30, 36), (60, 96)])]
    clip, label, times = (np.array(column) for column in zip(*rows, strict=True))
    return scores, Events(clip, label, *(times.T / SECOND))


def test_each_class_gets_the_detector_that_finds_all_its_events():
    scores, reference = two_classes()
    found = np.ones((8, 2), bool)
    bark, mew = tune_limits(scores, found, reference, 1 / SECOND, CLIP, DETECTOR)
    assert bark.drop < 6 and bark.high < 0.15
    assert bark.ranges(scores[0, :, 0]) == [(30, 36)] and mew.ranges(scores[0, :, 1]) == [(60, 96)]


def test_a_detector_that_finds_all_stays_the_published_one():
    scores = np.zeros((4, FRAMES, 1), np.float32)
    scores[:, 30:60] = 0.9
    reference = Events(np.arange(4), np.zeros(4, int), *np.full((2, 4), [[30], [60]]) / SECOND)
    found = np.ones((4, 1), bool)
    assert tune_limits(scores, found, reference, 1 / SECOND, CLIP[:1], DETECTOR) == [DETECTOR]


def test_an_event_counts_only_where_the_clip_is_tagged():
    scores, reference = two_classes()
    found = np.ones((8, 2), bool)
    found[:3, 1] = False
    count = event_counter(scores, found, reference, 1 / SECOND, 0.02)
    values = {"high": 0.1, "low_share": 1.0, "median": 1, "merge_gap": 10, "drop": 0}
    tp, fp, fn = count({name: np.full(2, value, np.float32) for name, value in values.items()})
    assert tp.tolist() == [8, 5] and fp.tolist() == [0, 0] and fn.tolist() == [0, 3]
