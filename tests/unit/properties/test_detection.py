"""Events against a detector that goes frame by frame, and how they follow the thresholds."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, pairwise

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.properties import holds
from weakseg.detection import Detector, detect, moving_means, smoothed
from weakseg.long_detection import detect_recording
from weakseg.streaming import ClipProbabilities

LEVELS = st.sampled_from(np.float32([0, 0.1, 0.2, 0.3, 0.5, 0.9, 1]))
steps = st.lists(st.tuples(LEVELS, st.integers(1, 5)), min_size=1, max_size=30)
# short steps, so that there are gaps and events of all lengths that detectors tell apart
any_scores = steps.map(lambda runs: np.concatenate([np.repeat(level, n) for level, n in runs]))
thresholds = st.sampled_from(np.float32([0, 0.1, 0.2, 0.3, 0.5, 0.95]).tolist())


@st.composite
def detectors(draw: st.DrawFn) -> Detector:
    low, high = sorted([draw(thresholds), draw(thresholds)])
    gap, drop = draw(st.integers(0, 5)), draw(st.integers(0, 3))
    return Detector(0.1, high, low, gap, drop, draw(st.sampled_from([1, 1, 3, 5])))


def plain_ranges(scores: np.ndarray, one: Detector) -> list[tuple[int, int]]:
    """What `Detector` promises, word by word, for one frame after the other."""
    n, half = len(scores), one.median // 2
    held = [scores[min(max(i, 0), n - 1)] for i in range(-half, n + half)]
    smooth = [sorted(held[i : i + one.median])[half] for i in range(n)]
    active = [False] * n
    for start in range(n):
        if smooth[start] > one.high and smooth[start] >= one.low:
            for step in (1, -1):
                frame = start
                while 0 <= frame < n and smooth[frame] >= one.low:
                    active[frame] = True
                    frame += step
    for start in range(n):  # close gaps: frames with an event on both sides, near enough
        before = next((i for i in range(start, -1, -1) if active[i]), None)
        after = next((i for i in range(start, n) if active[i]), None)
        if before is not None and after is not None and after - before - 1 <= one.merge_gap:
            active[start] = active[start] or before < start < after
    runs, place = [], 0
    for is_active, group in groupby(active):
        length = len(list(group))
        runs += [(place, place + length)] if is_active and length > one.drop else []
        place += length
    return runs


def covered(scores: np.ndarray, one: Detector) -> np.ndarray:
    active = np.zeros(len(scores), bool)
    for first, end in one.ranges(scores):
        active[first:end] = True
    return active


@holds(100, scores=any_scores, one=detectors())
def test_events_are_those_of_a_detector_that_goes_frame_by_frame(
    scores: np.ndarray, one: Detector
) -> None:
    found = one.ranges(scores)
    assert found == plain_ranges(scores, one)
    assert all(0 <= first < end <= len(scores) for first, end in found)
    assert all(b[0] > a[1] for a, b in pairwise(found))


@holds(100, scores=any_scores, one=detectors(), more=st.integers(1, 5), other=thresholds)
def test_a_detector_that_asks_for_less_finds_all_that_one_that_asks_for_more_finds(
    scores: np.ndarray, one: Detector, more: int, other: float
) -> None:
    lower, higher = min(other, one.low), max(other, one.high)
    looser = [
        replace(one, low=lower),
        replace(one, merge_gap=one.merge_gap + more),
        replace(one, drop=max(0, one.drop - more)),
    ]
    for each in looser:
        assert (covered(scores, one) <= covered(scores, each)).all()
    assert (covered(scores, replace(one, high=higher)) <= covered(scores, one)).all()


@holds(60, scores=any_scores, one=detectors(), silence=st.integers(1, 20))
def test_time_may_run_backwards_and_silence_may_come_before(
    scores: np.ndarray, one: Detector, silence: int
) -> None:
    backwards = [(len(scores) - end, len(scores) - first) for first, end in one.ranges(scores)]
    assert one.ranges(scores[::-1]) == backwards[::-1]
    one = replace(one, median=1, low=max(one.low, 0.05), high=max(one.high, 0.05))
    later = one.ranges(np.concatenate([np.zeros(silence, np.float32), scores]))
    assert later == [(first + silence, end + silence) for first, end in one.ranges(scores)]


@holds(
    scores=arrays(np.float32, (40, 3), elements=LEVELS),
    probabilities=arrays(np.float32, 3, elements=LEVELS),
    ones=st.lists(detectors(), min_size=3, max_size=3),
)
def test_a_recording_as_long_as_a_clip_has_the_events_of_the_clip(
    scores: np.ndarray, probabilities: np.ndarray, ones: list[Detector]
) -> None:
    table = detect("a.wav", probabilities, scores, ["x", "y", "z"], ones, 0.5)
    clips = ClipProbabilities(np.array([0]), 40, probabilities[None])
    whole = detect_recording("a.wav", clips, scores, ["x", "y", "z"], ones, 0.5)
    in_order = table.sort_values(["onset", "offset"], kind="stable", ignore_index=True)
    assert in_order.to_csv() == whole.to_csv()
    assert ((table.onset >= 0) & (table.offset <= 20) & (table.onset < table.offset)).all()
    silent = probabilities <= [one.clip_threshold for one in ones]
    assert not set(table.event_label) & set(np.array(["x", "y", "z"])[silent])


@holds(
    scores=arrays(
        np.float32, st.tuples(st.integers(1, 3), st.integers(1, 30), st.just(2)), elements=LEVELS
    ),
    sizes=st.tuples(*[st.sampled_from([1, 3, 5, 9])] * 2),
)
def test_moving_means_and_medians_are_those_of_their_frames(
    scores: np.ndarray, sizes: tuple[int, int]
) -> None:
    means = moving_means(scores, np.array(sizes))
    for label, size in enumerate(sizes):
        half = size // 2
        padded = np.pad(scores[..., label], [(0, 0), (half, half)], mode="edge")
        parts = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)
        np.testing.assert_allclose(means[..., label], parts.mean(axis=2), atol=1e-6)
        of_clip = smoothed(scores[..., label], size)
        np.testing.assert_array_equal(of_clip, np.median(parts, axis=2))
