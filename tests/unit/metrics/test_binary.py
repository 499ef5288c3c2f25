from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sklearn_metrics

from weakseg.metrics import binary

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics.npz"
NAMES = ["precision", "recall", "f1", "auc", "average_precision"]

# few distinct scores, so that ties are the rule
samples = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        arrays(bool, (n, 2)), arrays(np.float64, (n, 2), elements=st.sampled_from([0, 0.1, 0.5, 1]))
    )
)


def test_golden_values():
    golden = np.load(GOLDEN)
    found = binary.class_metrics(golden["target"], golden["score"], float(golden["threshold"]))
    for name in NAMES:
        np.testing.assert_allclose(found[name], golden[name], rtol=0, atol=1e-9)


@given(samples)
def test_equals_scikit_learn(sample):
    truth, scores = sample
    found = binary.class_metrics(truth, scores, 0.1)
    for label in range(2):
        t, s = truth[:, label], scores[:, label]
        if not t.any():
            assert all(np.isnan(found[name][label]) for name in NAMES)
            continue
        expected = sklearn_metrics.precision_recall_fscore_support(
            t, s > 0.1, average="binary", zero_division=0
        )[:3]
        assert [found[name][label] for name in NAMES[:3]] == pytest.approx(expected, abs=1e-12)
        area = sklearn_metrics.average_precision_score(t, s)
        assert found["average_precision"][label] == pytest.approx(area, abs=1e-12)
        if t.all():
            assert np.isnan(found["auc"][label])
        else:
            auc = sklearn_metrics.roc_auc_score(t, s)
            assert found["auc"][label] == pytest.approx(auc, abs=1e-12)


@given(samples, st.randoms(use_true_random=False))
def test_order_of_samples_and_scale_of_scores_do_not_matter(sample, random):
    truth, scores = sample
    order = random.sample(range(len(truth)), len(truth))
    before = binary.class_metrics(truth, scores, 0.5)
    after = binary.class_metrics(truth[order], np.exp(scores[order]), np.exp(0.5))
    for name in NAMES:
        np.testing.assert_allclose(after[name], before[name], atol=1e-12)


@given(samples)
def test_values_lie_between_0_and_1_and_opposite_scores_turn_the_auc_round(sample):
    truth, scores = sample
    found = binary.class_metrics(truth, scores, 0.5)
    for name in NAMES:
        assert np.all(np.isnan(found[name]) | ((found[name] >= 0) & (found[name] <= 1)))
    opposite = binary.class_metrics(truth, -scores, 0.5)["auc"]
    np.testing.assert_allclose(found["auc"] + opposite, np.where(np.isnan(opposite), np.nan, 1))


def test_perfect_scores_give_1():
    truth = np.random.default_rng(0).random((50, 4, 3)) < 0.3
    for values in binary.class_metrics(truth, truth * 1.0, 0.5).values():
        np.testing.assert_array_equal(values, 1)


def test_threshold_is_exclusive():
    truth = np.array([[True], [True]])
    found = binary.class_metrics(truth, np.array([[0.5], [0.6]]), 0.5)
    assert found["recall"] == [0.5]


def test_classes_that_are_absent_or_never_predicted():
    truth = np.array([[False, True, True], [False, False, True]])
    found = binary.class_metrics(truth, np.zeros((2, 3)), 0.5)
    for name in ("precision", "recall", "f1"):
        np.testing.assert_array_equal(found[name], [np.nan, 0, 0])
    np.testing.assert_array_equal(found["auc"], [np.nan, 0.5, np.nan])
    np.testing.assert_array_equal(found["average_precision"], [np.nan, 0.5, 1])


def test_macro_leaves_undefined_classes_out():
    values = np.array([[1.0, np.nan, 0.0], [np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(binary.macro(values), [0.5, np.nan])


@given(samples, st.sampled_from([-1.0, 0.0, 0.1, 0.3, 1.0]))
def test_counts_at_levels_are_the_decisions(sample, threshold):
    truth, scores = sample[0][:, 0], sample[1][:, 0]
    levels = np.unique(scores)
    at_levels = binary.threshold_counts(binary.level_counts(truth, scores), levels, threshold)
    assert at_levels == binary.decision_counts(truth, scores > threshold, axis=0)


def test_metrics_of_counts_keep_leading_axes():
    rng = np.random.default_rng(1)
    counts = binary.LevelCounts(*rng.integers(0, 9, (2, 3, 4, 5)))
    areas = binary.curve_areas(counts)
    one = binary.LevelCounts(counts.positives[1, 2], counts.negatives[1, 2])
    for name, area in areas.items():
        assert area.shape == (3, 4)
        assert area[1, 2] == binary.curve_areas(one)[name]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_scores_that_are_not_finite(bad):
    with pytest.raises(ValueError, match="finite"):
        binary.class_metrics(np.ones((1, 1), bool), np.array([[bad]]), 0.5)


def test_refuses_shapes_that_differ():
    with pytest.raises(ValueError, match=r"\(2, 1\).*\(1, 2\)"):
        binary.class_metrics(np.ones((2, 1), bool), np.ones((1, 2)), 0.5)


@pytest.mark.parametrize("levels", [[0.1], [0.2, 0.1], [0.1, 0.1]])
def test_refuses_levels_that_do_not_increase_or_fit(levels):
    counts = binary.LevelCounts(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="2 strictly increasing"):
        binary.threshold_counts(counts, np.array(levels), 0.5)
