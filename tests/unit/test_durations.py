from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.durations import (
    SURE,
    UNSEEN,
    DurationDetector,
    likeliest,
    log_frequencies,
    log_odds,
)

TWO_SECONDS = DurationDetector(0.1, level=0.2, weight=0.25, cost=5.0, durations={62: 40, 20: 2})


def worth(events, gains, by_duration, cost):
    """What some events are worth together, by the words of `likeliest`."""

    def of_length(n):
        return by_duration[n - 1] if n <= len(by_duration) else np.log(UNSEEN) - cost

    return sum(gains[first:end].sum() + of_length(end - first) for first, end in events)


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
def test_no_other_events_are_worth_more(gains, by_duration, cost):
    gains, by_duration = np.array(gains, float), np.array(by_duration, float) - cost
    found = list(zip(*likeliest(gains, by_duration, cost), strict=True))
    best = max(worth(events, gains, by_duration, cost) for events in CHOICES[len(gains)])
    assert worth(found, gains, by_duration, cost) == pytest.approx(best)
    assert all(end <= first for (_, end), (first, _) in pairwise(found))


def test_an_event_of_a_known_duration_is_found_though_parts_of_it_are_not_heard():
    scores = np.random.default_rng(0).uniform(0, 0.1, 300)
    scores[100:162] = 0.9
    scores[120:140] = 0.05  # where thresholds see two events
    scores[200:205] = 0.9  # and here a third
    assert TWO_SECONDS.ranges(scores) == [(100, 162)]


def test_a_sound_of_minutes_stays_whole_though_none_was_planned():
    scores = np.full(4000, 0.01)
    scores[500:3500] = 0.9
    assert TWO_SECONDS.ranges(scores) == [(500, 3500)]


def test_events_that_touch_are_told_apart_by_their_duration():
    scores = np.full(300, 0.01)
    scores[100:224] = 0.9
    assert TWO_SECONDS.ranges(scores) == [(100, 162), (162, 224)]


@pytest.mark.parametrize("scores", [np.zeros(0), np.zeros(3, np.float32), np.full(200, 0.1)])
def test_where_nothing_sounds_there_is_no_event(scores):
    assert TWO_SECONDS.ranges(scores) == []


def test_frequencies_are_of_one_event_and_spread_over_some_frames():
    logs = log_frequencies({20: 1, 62: 3})
    assert np.exp(logs).sum() == pytest.approx(1, abs=1e-3)
    assert np.exp(logs[59:65]).sum() > 0.6 and logs.argmax() == 61
    assert logs[40] == pytest.approx(np.log(UNSEEN)) and len(logs) == 68
    for nothing in ({}, {7: 0.0}):
        assert log_frequencies(nothing) == pytest.approx(np.log(UNSEEN))


def test_no_score_is_surer_than_sure():
    assert log_odds(np.array([0, 1, 0.5])) == pytest.approx(
        [log_odds(SURE), -log_odds(SURE), 0], abs=1e-9
    )
