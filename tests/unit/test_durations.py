from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.durations import (
    SURE,
    UNSEEN,
    DurationDetector,
    Durations,
    events_worth_most,
    known_durations,
    log_odds,
)

TWO_SECONDS = DurationDetector(0.1, level=0.2, weight=0.25, cost=5.0, durations={62: 40, 20: 2})


UNKNOWN = np.log(UNSEEN)


def worth(events, gains, logs, cost):
    """What some events are worth together, by the words of `DurationDetector`."""
    of_length = dict(enumerate(logs, start=1))
    return sum(
        gains[first:end].sum() + of_length.get(end - first, UNKNOWN) - cost for first, end in events
    )


def best_events(gains, logs, cost):
    """By the function that is tested: gains are log-odds over those of one half."""
    known = Durations(np.arange(1, len(logs) + 1), np.array(logs, float))
    return list(zip(*events_worth_most(gains, known, 0.5, 1.0, cost), strict=True))


def every_choice(frames):
    """All lists of events that do not overlap, touching ones among them."""
    spans = list(combinations(range(frames + 1), 2))

    def after(start):
        yield []
        for first, end in spans:
            if first >= start:
                for others in after(end):
                    yield [(first, end), *others]

    return list(after(0))


CHOICES = {frames: every_choice(frames) for frames in range(7)}


@given(
    st.lists(st.integers(-8, 30), min_size=0, max_size=6),
    st.lists(st.integers(-12, 0), min_size=0, max_size=4),
    st.sampled_from([0.0, 2.0, 5.0]),
)
def test_no_other_events_are_worth_more(gains, logs, cost):
    gains = np.array(gains, float)
    found = best_events(gains, logs, cost)
    best = max(worth(events, gains, logs, cost) for events in CHOICES[len(gains)])
    assert worth(found, gains, logs, cost) == pytest.approx(best)
    assert all(end <= first for (_, end), (first, _) in pairwise(found))


def test_of_equal_events_the_shorter_is_found():
    gains = np.repeat([0.0, 5.0, 0.0], [10, 20, 10])
    assert best_events(gains, [], 1.0) == [(10, 30)]
    assert best_events(gains, [-1.0] * 30, 20.0) == [(10, 30)]
    assert best_events(np.zeros(10), [0.0] * 10, 0.0) == []


def test_an_event_of_a_known_duration_is_found_though_parts_of_it_are_not_heard():
    scores = np.random.default_rng(0).uniform(0, 0.1, 300)
    scores[100:162] = 0.9
    scores[120:140] = 0.05  # where thresholds see two events
    scores[200:205] = 0.9  # and here a third
    assert TWO_SECONDS.ranges(scores) == [(100, 162)]


def test_events_that_touch_are_told_apart_by_their_duration():
    scores = np.full(300, 0.01)
    scores[100:224] = 0.9
    assert TWO_SECONDS.ranges(scores) == [(100, 162), (162, 224)]


@pytest.mark.parametrize("scores", [np.zeros(0), np.zeros(3, np.float32), np.full(200, 0.1)])
def test_where_nothing_sounds_there_is_no_event(scores):
    assert TWO_SECONDS.ranges(scores) == []


@pytest.mark.parametrize(("seconds", "pieces"), [(2, 1), (4, 2), (8, 4), (20, 1), (96, 1)])
def test_sounds_of_some_planned_lengths_are_cut_and_longer_ones_are_not(seconds, pieces):
    scores = np.full(4000, 0.01)
    scores[500 : 500 + seconds * 31] = 0.9
    found = replace(TWO_SECONDS, cost=1.0).ranges(scores)
    assert len(found) == pieces
    assert found[0][0] == pytest.approx(500, abs=5)
    assert found[-1][1] == pytest.approx(500 + seconds * 31, abs=5)


def test_silence_before_a_sound_changes_nothing():
    scores = np.random.default_rng(1).beta(0.3, 1, 400)
    scores[100:162] = 0.9
    late = TWO_SECONDS.ranges(np.concatenate([np.zeros(1_000_000), scores]))
    early = TWO_SECONDS.ranges(scores)
    assert early and late == [(first + 1_000_000, end + 1_000_000) for first, end in early]


def test_frequencies_are_of_one_event_and_spread_over_some_frames():
    known = known_durations({20: 1, 62: 3})
    frequencies = dict(zip(known.frames.tolist(), np.exp(known.logs), strict=True))
    assert sum(frequencies.values()) == pytest.approx(1, abs=1e-3)
    assert sum(frequencies[n] for n in range(60, 65)) > 0.55
    assert max(frequencies, key=frequencies.get) == 62 and 40 not in frequencies
    assert np.diff(known.frames).min() > 0


def test_a_duration_of_one_frame_keeps_its_share():
    known = known_durations({1: 1, 62: 1})
    assert np.exp(known.logs[known.frames < 30]).sum() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("durations", "alike"),
    [
        ({9: 2, 30: 2, 40: 1, 62: 2, 66: 1}, True),  # 3 of 8 within two frames of 64
        ({9: 2, 30: 2, 40: 1, 62: 2, 67: 1}, False),
        ({1: 1, 5: 1, 40: 1, 50: 1, 60: 1, 70: 1}, True),  # a third exactly
        ({1: 1, 6: 1, 40: 1, 50: 1, 60: 1, 70: 1}, False),
        ({5: 1.667, 10: 1.833, 30: 0.833, 31: 1.833, 63: 1.833}, True),  # a third, rounded
        ({10: 6, 20: 6, 30: 5, 40: 3}, False),  # 0.3
        ({}, True),
        ({5: 0.5}, True),
    ],
)
def test_events_last_alike_where_a_third_do(durations, alike):
    assert replace(TWO_SECONDS, durations=durations).lasts_alike is alike


@pytest.mark.parametrize("durations", [{}, {7: 0.0}])
def test_without_an_event_no_duration_is_known(durations):
    assert not len(known_durations(durations).frames)


def test_no_score_is_surer_than_sure():
    assert log_odds(np.array([0, 1, 0.5])) == pytest.approx(
        [log_odds(SURE), -log_odds(SURE), 0], abs=1e-9
    )
