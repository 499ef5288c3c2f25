import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.metrics import binary, bootstrap, frames, tagging

SOURCES = [["a", "b"], ["a"], ["c", "c"], [], ["d", "e", "b"]]


@pytest.fixture
def fold():
    rng = np.random.default_rng(6)
    truth = rng.random((40, 3)) < 0.3
    return truth, np.round(rng.random((40, 3)) + 0.3 * truth, 1)


def test_same_seed_same_weights_and_another_seed_others():
    first, again, other = (bootstrap.source_weights(SOURCES, 50, seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_clip_counts_as_the_product_of_its_recordings():
    weights = bootstrap.source_weights([["a"], ["b"], ["a", "b"], ["b", "b"], []], 200)
    np.testing.assert_array_equal(weights[:, 2], weights[:, 0] * weights[:, 1])
    np.testing.assert_array_equal(weights[:, 3], weights[:, 1])
    np.testing.assert_array_equal(weights[:, 4], 1)


def test_each_draw_takes_as_many_recordings_as_there_are():
    weights = bootstrap.source_weights([[name] for name in "abcdefgh"], 100)
    np.testing.assert_array_equal(weights.sum(axis=1), 8)


def test_a_clip_counts_about_once_on_average():
    clips = [[str(3 * clip + take) for take in range(3)] for clip in range(100)]
    weights = bootstrap.source_weights(clips, 2000)
    assert weights.mean() == pytest.approx(1, abs=0.02)


@given(st.permutations(range(5)))
def test_order_of_clips_does_not_matter(order):
    weights = bootstrap.source_weights(SOURCES, 20)
    mixed = bootstrap.source_weights([SOURCES[clip] for clip in order], 20)
    np.testing.assert_array_equal(mixed, weights[:, order])


def repeat_clips(weights, *arrays):
    """The clips of one draw, each as often as its weight says."""
    times = weights.astype(int)
    return [np.repeat(values, times, axis=0) for values in arrays]


def test_weighted_counts_are_the_counts_of_repeated_clips(fold):
    weights = np.random.default_rng(0).integers(0, 3, (5, 40)).astype(float)
    counts = tagging.clip_counts(*fold, 0.5)
    weighted = binary.Counts(*(bootstrap.weighted_sum(weights, part) for part in counts))
    f1 = binary.precision_recall_f1(weighted)["f1"]
    for draw, of_draw in zip(weights, f1, strict=True):
        expected = tagging.class_metrics(*repeat_clips(draw, *fold), 0.5)["f1"]
        np.testing.assert_allclose(of_draw, expected, atol=1e-12)


def test_weighted_areas_of_tags_are_those_of_repeated_clips(fold):
    weights = np.random.default_rng(1).integers(0, 3, (5, 40)).astype(float)
    areas = bootstrap.clip_areas(weights, *fold)
    for i, draw in enumerate(weights):
        expected = tagging.class_metrics(*repeat_clips(draw, *fold), 0.5)
        for name, values in areas.items():
            assert values.shape == (5, 3)
            np.testing.assert_allclose(values[i], expected[name], atol=1e-12)


def test_weighted_areas_of_levels_are_those_of_repeated_clips(fold):
    truth, scores = (values.reshape(10, 4, 3) for values in fold)
    weights = np.random.default_rng(2).integers(0, 3, (5, 10)).astype(float)
    counts = frames.clip_level_counts(truth, scores)
    areas = bootstrap.level_areas(weights, counts)
    for i, draw in enumerate(weights):
        repeated = [part.sum(axis=0) for part in repeat_clips(draw, *counts)]
        expected = binary.curve_areas(binary.LevelCounts(*repeated))
        for name, values in areas.items():
            np.testing.assert_allclose(values[i], expected[name], atol=1e-12)


def test_weighted_mean_leaves_nan_out():
    weights = np.array([[1.0, 2.0, 1.0], [0.0, 0.0, 1.0]])
    values = np.array([[1.0], [4.0], [np.nan]])
    np.testing.assert_array_equal(bootstrap.weighted_mean(weights, values), [[3.0], [np.nan]])


def test_interval_covers_95_percent_of_the_draws():
    low, high = bootstrap.interval(np.arange(1001.0))
    assert (low, high) == pytest.approx((25, 975))
    low, high = bootstrap.interval(np.array([[1.0, np.nan], [3.0, np.nan]]), confidence=0)
    np.testing.assert_array_equal([low, high], [[2, np.nan], [2, np.nan]])


def test_interval_of_a_mean_has_its_known_width():
    values = np.random.default_rng(3).normal(size=400)
    weights = bootstrap.source_weights([[str(clip)] for clip in range(400)], 4000)
    low, high = bootstrap.interval(bootstrap.weighted_mean(weights, values))
    error = values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_the_interval_of_differences_is_narrow_for_models_that_err_alike():
    rng = np.random.default_rng(4)
    one = rng.normal(size=100)
    other = one - 0.1 + 0.01 * rng.normal(size=100)
    weights = bootstrap.source_weights([[str(clip)] for clip in range(100)])
    draws, others = (bootstrap.weighted_mean(weights, values) for values in (one, other))
    low, high = bootstrap.interval(draws - others)
    assert 0.09 < low < high < 0.11


def test_refuses_values_of_other_clips():
    with pytest.raises(ValueError, match="3 clips but weights of 2"):
        bootstrap.weighted_sum(np.ones((5, 2)), np.ones(3))
