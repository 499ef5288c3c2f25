import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import label_ranking_average_precision_score

from weakseg.metrics import binary, tagging

tags = st.tuples(
    arrays(bool, (7, 4)),
    arrays(np.float64, (7, 4), elements=st.sampled_from([0, 0.2, 0.4, 0.9])),
)


@given(tags)
def test_lwlrap_equals_scikit_learn_weighted_by_labels(clips):
    truth, scores = clips
    some = truth.any(axis=1)
    if not some.any():
        assert np.isnan(tagging.lwlrap(truth, scores))
        return
    expected = label_ranking_average_precision_score(
        truth[some], scores[some], sample_weight=truth[some].sum(axis=1)
    )
    assert tagging.lwlrap(truth, scores) == pytest.approx(expected, abs=1e-12)


def test_lwlrap_by_hand():
    truth = np.array([[True, False, True], [False, True, False]])
    scores = np.array([[0.9, 0.5, 0.1], [0.3, 0.2, 0.1]])
    # ranks 1 and 3 of the first clip: 1/1 and 2/3; rank 2 of the second: 1/2
    expected = [[1, 0, 2 / 3], [0, 1 / 2, 0]]
    np.testing.assert_allclose(tagging.label_precisions(truth, scores), expected)
    assert tagging.lwlrap(truth, scores) == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)


@given(tags)
def test_perfect_tags_give_1(clips):
    truth, _ = clips
    for values in tagging.class_metrics(truth, truth * 1.0, 0.5).values():
        np.testing.assert_array_equal(values[~np.isnan(values)], 1)
    np.testing.assert_array_equal(tagging.label_precisions(truth, truth * 1.0), truth)


@given(tags)
def test_counts_of_clips_add_up_to_the_metrics(clips):
    truth, scores = clips
    counts = tagging.clip_counts(truth, scores, 0.2)
    assert counts.tp.shape == truth.shape
    rates = binary.precision_recall_f1(binary.Counts(*(part.sum(axis=0) for part in counts)))
    metrics = tagging.class_metrics(truth, scores, 0.2)
    for name, values in rates.items():
        np.testing.assert_array_equal(values, metrics[name])
