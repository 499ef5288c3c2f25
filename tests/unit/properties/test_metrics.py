"""Metrics against counting by hand, and what no order, no draw and no perfect model may break."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.properties import holds
from weakseg.metrics import events, frames, psds, separation
from weakseg.metrics.bootstrap import source_weights
from weakseg.metrics.event_table import merged, read_events
from weakseg.metrics.masks import each_clip_level_counts
from weakseg.scores import event_scores, frame_scores, mask_scores, separation_scores, tag_scores

CLIPS, CLASSES, CLIP_SECONDS = ["a", "b", "c"], ["x", "y"], 10.0
times = st.tuples(st.integers(0, 80), st.integers(1, 40)).map(
    lambda t: (t[0] / 10, min(CLIP_SECONDS, (t[0] + t[1]) / 10))
)
rows = st.tuples(st.sampled_from(CLIPS), times, st.sampled_from(CLASSES))
tables = st.lists(rows, max_size=8).map(
    lambda found: pd.DataFrame(
        [(clip, *span, label) for clip, span, label in found],
        columns=["filename", "onset", "offset", "event_label"],
    )
)
LEVELS = st.sampled_from(np.float32([0, 0.05, 0.1, 0.2, 0.5, 0.9, 1]))
active = arrays(np.bool_, (3, 10, 2))
scores = arrays(np.float32, (3, 10, 2), elements=LEVELS)
orders = st.permutations(range(3))


def within(values: dict[str, np.ndarray], low: float, high: float) -> None:
    for name, value in values.items():
        known = np.asarray(value)[~np.isnan(value)]
        assert ((known >= low - 1e-12) & (known <= high + 1e-12)).all(), name


def largest_matching(ref: Any, est: Any) -> int:
    """By trying each way to pair events of one clip and class."""
    near = [
        [
            abs(r.onset - e.onset) <= 0.2 + 1e-6
            and abs(r.offset - e.offset) <= max(0.2, 0.5 * (r.offset - r.onset)) + 1e-6
            for e in est
        ]
        for r in ref
    ]
    if len(ref) > len(est):
        near = [list(column) for column in zip(*near, strict=True)] if est else []
    n_others = max(len(ref), len(est))
    ways = permutations(range(n_others), len(near))
    return max((sum(row[i] for row, i in zip(near, way, strict=True)) for way in ways), default=0)


@holds(60, reference=tables, estimated=tables)
def test_events_are_matched_as_well_as_any_pairing_can(
    reference: pd.DataFrame, estimated: pd.DataFrame
) -> None:
    counts = events.collar_counts(reference, estimated, CLIPS, CLASSES)
    for c, clip in enumerate(CLIPS):
        for k, label in enumerate(CLASSES):
            ref, est = (
                list(t[(t.filename == clip) & (t.event_label == label)].itertuples())
                for t in (reference, estimated)
            )
            if max(len(ref), len(est)) <= 6:
                assert counts.tp[c, k] == largest_matching(ref, est)
            assert counts.tp[c, k] + counts.fn[c, k] == len(ref)
            assert counts.tp[c, k] + counts.fp[c, k] == len(est)
    metrics = events.class_metrics(events.totals(counts))
    within({name: metrics[name] for name in ("precision", "recall", "f1")}, 0, 1)


@holds(60, reference=tables, estimated=tables)
def test_segments_are_those_in_which_an_event_sounds_and_both_sides_are_alike(
    reference: pd.DataFrame, estimated: pd.DataFrame
) -> None:
    counts = events.segment_counts(reference, estimated, CLIPS, CLASSES, CLIP_SECONDS)

    def sounding(table: pd.DataFrame) -> set[tuple[str, str, int]]:
        return {
            (e.filename, e.event_label, second)
            for e in table.itertuples()
            for second in range(10)
            if e.onset < second + 1 - 1e-9 and e.offset > second + 1e-9
        }

    ref, est = sounding(reference), sounding(estimated)
    assert counts.tp.sum() == len(ref & est)
    assert counts.fp.sum() == len(est - ref) and counts.fn.sum() == len(ref - est)
    swapped = events.segment_counts(estimated, reference, CLIPS, CLASSES, CLIP_SECONDS)
    np.testing.assert_array_equal(swapped.fp, counts.fn)
    np.testing.assert_array_equal(swapped.tp, counts.tp)


@holds(reference=tables, estimated=tables, order=orders, shuffle=st.randoms(use_true_random=False))
def test_neither_the_order_of_clips_nor_that_of_rows_matters(
    reference: pd.DataFrame, estimated: pd.DataFrame, order: list[int], shuffle: Any
) -> None:
    clips = [CLIPS[i] for i in order]
    rows = shuffle.sample(range(len(estimated)), len(estimated))
    for count, options in (
        (events.collar_counts, ()),
        (events.segment_counts, (CLIP_SECONDS,)),
    ):
        first = count(reference, estimated, CLIPS, CLASSES, *options)
        again = count(reference, estimated.iloc[rows], clips, CLASSES, *options)
        for one, other in zip(first[:3], again[:3], strict=True):
            np.testing.assert_array_equal(one[order], other)


@holds(reference=tables)
def test_the_truth_itself_is_perfect(reference: pd.DataFrame) -> None:
    of_task = event_scores(reference, reference, CLIPS, CLASSES, CLIP_SECONDS)
    for name, values in of_task.values.items():
        best = 0.0 if name.endswith("error_rate") else 1.0
        assert (values[~np.isnan(values)] == best).all()
        np.testing.assert_array_equal(
            np.isnan(values), [label not in set(reference.event_label) for label in CLASSES]
        )


@holds(reference=tables)
def test_merging_covers_the_same_time_and_merges_once(reference: pd.DataFrame) -> None:
    one = read_events(reference, CLIPS, CLASSES)
    joined = merged(one)
    again = merged(joined)
    assert all((a == b).all() for a, b in zip(joined, again, strict=True))
    moments = np.arange(0.05, 12, 0.1)

    def covers(table: Any) -> set[tuple[int, int, int]]:
        return {
            (clip, label, int(i))
            for clip, label, onset, offset in zip(*table, strict=True)
            for i in np.flatnonzero((moments > onset) & (moments < offset))
        }

    assert covers(joined) == covers(one)


@holds(reference=tables, values=arrays(np.float32, (3, 20, 2), elements=LEVELS), order=orders)
def test_psds_lies_between_0_and_1_and_knows_ranks_alone(
    reference: pd.DataFrame, values: np.ndarray, order: list[int]
) -> None:
    found = psds.psds(values, reference, CLIPS, CLASSES, 0.5, CLIP_SECONDS)
    squared = psds.psds(
        values[order] ** 2, reference, [CLIPS[i] for i in order], CLASSES, 0.5, CLIP_SECONDS
    )
    for name, one in found.items():
        within({name: np.append(one.of_class, one.overall)}, 0, 1)
        np.testing.assert_allclose(squared[name].of_class, one.of_class, atol=1e-9)
        np.testing.assert_allclose(squared[name].overall, one.overall, atol=1e-9)


@holds(truth=active, values=scores, order=orders, threshold=LEVELS)
def test_frames_and_tags_do_not_know_the_order_of_clips(
    truth: np.ndarray, values: np.ndarray, order: list[int], threshold: Any
) -> None:
    first = frame_scores(truth, values, float(threshold)).values
    again = frame_scores(truth[order], values[order], float(threshold)).values
    tags, turned = (
        tag_scores(truth[i].any(axis=1), values[i].max(axis=1), float(threshold)).values
        for i in ([0, 1, 2], order)
    )
    for one, other in ((first, again), (tags, turned)):
        within(one, 0, 1)
        for name, value in one.items():
            np.testing.assert_allclose(other[name], value, atol=1e-12)
    best = frames.class_metrics(truth, truth.astype(np.float32), 0.5)
    assert all((value[~np.isnan(value)] == 1).all() for value in best.values())


@holds(truth=active, values=scores, reference=tables, estimated=tables, seed=st.integers(0, 99))
def test_a_draw_of_each_clip_once_gives_the_values_themselves(
    truth: np.ndarray, values: np.ndarray, reference: Any, estimated: Any, seed: int
) -> None:
    codes = np.random.default_rng(seed).integers(0, 256, (3, 2, 10, 4)).astype(np.uint8)
    masks = [{0: truth[i, :, :1].repeat(4, axis=1)} for i in range(3)]
    quality = np.where(truth[:, :2, :1], 1.0, np.nan) * np.arange(5)
    of_tasks = [
        tag_scores(truth.any(axis=1), values.max(axis=1), 0.1),
        frame_scores(truth, values, 0.1),
        event_scores(reference, estimated, CLIPS, CLASSES, CLIP_SECONDS),
        mask_scores(each_clip_level_counts(zip(codes, masks, strict=True)), 0.1),
        separation_scores(quality, truth.any(axis=1)),
    ]
    once = np.ones((2, 3))
    for of_task in of_tasks:
        drawn = of_task.draw(once)
        for name, value in of_task.values.items():
            if name in drawn:
                np.testing.assert_allclose(drawn[name][1], value, atol=1e-9, err_msg=name)


@holds(
    sources=st.lists(st.lists(st.sampled_from("pqrst"), max_size=3), min_size=1, max_size=6),
    seed=st.integers(0, 99),
)
def test_a_clip_counts_as_often_as_all_of_its_recordings_were_drawn(
    sources: list[list[str]], seed: int
) -> None:
    weights = source_weights(sources, 50, seed)
    names = sorted({name for clip in sources for name in clip})
    alone = source_weights([[name] for name in names] or [[]], 50, seed)
    for clip, its_sources in enumerate(sources):
        columns = [names.index(name) for name in set(its_sources)]
        np.testing.assert_array_equal(weights[:, clip], alone[:, columns].prod(axis=1))
    if names:
        assert (alone.sum(axis=1) == len(names)).all()


@holds(seed=st.integers(0, 999), gain=st.floats(0, 3), taps=st.sampled_from([1, 8, 32]))
def test_sdr_is_never_better_than_sir_or_sar(seed: int, gain: float, taps: int) -> None:
    rng = np.random.default_rng(seed)
    sources = rng.normal(size=(3, 400))
    estimates = sources[:2] + gain * rng.normal(size=(2, 400)) + 0.3 * gain * sources[2]
    found = separation.bss_eval(sources, estimates, np.array([0, 1]), taps)
    assert (found.sdr <= found.sir + 1e-3).all() and (found.sdr <= found.sar + 1e-3).all()
    assert all((np.abs(values) <= separation.LIMIT_DB + 1e-9).all() for values in found)
    if taps == 1:
        np.testing.assert_allclose(found.sdr, separation.si_sdr(sources[:2], estimates), atol=1e-4)
