import numpy as np
import pytest

from weakseg.durations import DurationDetector, log_odds
from weakseg.metrics.event_table import Events
from weakseg.tuned_durations import (
    CANDIDATES,
    SHARED,
    event_finder,
    planned_durations,
    tune_durations,
)

FRAMES, SECOND = 156, 31.25
CLIP = np.array([0.2, 0.3, 0.4], np.float32)


def three_classes():
    """Barks of six frames, mews of 36 in three pieces with noise elsewhere, and nothing."""
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 0.05, (8, FRAMES, 3)).astype(np.float32)
    scores[:, 30:36, 0] = 0.4
    for first in (60, 75, 90):
        scores[:, first : first + 6, 1] = 0.6
    scores[:, 120:123, 1] = 0.6
    rows = [(c, k, t) for c in range(8) for k, t in enumerate([(30, 36), (60, 96)])]
    clip, label, times = (np.array(column) for column in zip(*rows, strict=True))
    return scores, Events(clip, label, *(times.T / SECOND))


def test_each_class_gets_the_detector_that_finds_all_its_events():
    scores, reference = three_classes()
    found = np.ones((8, 3), bool)
    bark, mew, nothing = tune_durations(scores, found, reference, 1 / SECOND, CLIP)
    for clip in range(8):
        (first, end), *others = bark.ranges(scores[clip, :, 0])
        assert abs(first - 30) < 4 and abs(end - 36) < 4 and not others
        (first, end), *others = mew.ranges(scores[clip, :, 1])
        assert abs(first - 60) < 7 and abs(end - 96) < 12 and not others
        assert nothing.ranges(scores[clip, :, 2]) == []
    assert [one.clip_threshold for one in (bark, mew, nothing)] == pytest.approx([0.2, 0.3, 0.4])


def test_a_class_without_an_event_goes_by_the_others():
    scores, reference = three_classes()
    *_, nothing = tune_durations(scores, np.ones((8, 3), bool), reference, 1 / SECOND, CLIP)
    assert nothing.durations == {6: SHARED / 2, 36: SHARED / 2}
    assert (nothing.level, nothing.weight, nothing.cost) in CANDIDATES


def test_durations_are_counted_in_frames():
    reference = Events(
        np.zeros(3, int), np.array([0, 0, 1]), np.zeros(3), np.array([2.0, 2.01, 0.001])
    )
    bark, mew = planned_durations(reference, 0.032, 2)
    assert bark == pytest.approx({1: SHARED / 3, 62: 1 + SHARED / 3, 63: 1 + SHARED / 3}, abs=1e-3)
    assert mew == pytest.approx({1: 1 + SHARED / 3, 62: SHARED / 3, 63: SHARED / 3}, abs=1e-3)


@pytest.mark.parametrize("found", [np.zeros((8, 3), bool), np.ones((8, 3), bool)])
def test_without_any_event_there_is_a_detector_still(found):
    scores, reference = three_classes()
    detectors = tune_durations(scores, found, reference.at(slice(0)), 1 / SECOND, CLIP)
    assert all(one.durations == {} for one in detectors)
    assert detectors[2].ranges(scores[0, :, 2]) == []


def test_clips_that_are_not_tagged_have_no_say():
    """Bark's scores are useless in clips that are not tagged; the level is that of the others."""
    scores, reference = three_classes()
    found = np.ones((8, 3), bool)
    found[4:, 0] = False
    kept = tune_durations(scores, found, reference, 1 / SECOND, CLIP)
    scores[4:, :, 0] = 0.9
    assert tune_durations(scores, found, reference, 1 / SECOND, CLIP) == kept
    assert log_odds(kept[0].level) < log_odds(0.4)


@pytest.mark.parametrize("candidate", CANDIDATES[::23])
def test_candidates_find_what_detectors_find(candidate):
    scores, reference = three_classes()
    durations = planned_durations(reference, 1 / SECOND, 3)
    found = np.ones((8, 3), bool)
    found[2:4, 1] = False
    clip, label, onset, offset = event_finder(scores, found, 1.0, durations)(*candidate)
    expected = [
        (row, kind, *event)
        for row, kind in np.argwhere(found).tolist()
        for event in DurationDetector(0.1, *candidate, durations[kind]).ranges(scores[row, :, kind])
    ]
    assert list(zip(clip, label, onset, offset, strict=True)) == expected
