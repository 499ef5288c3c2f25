import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from weakseg.metrics import binary, frames


@pytest.fixture
def fold():
    """Truth and float32 scores (clips, frames, classes); the third class never occurs."""
    rng = np.random.default_rng(2)
    truth = rng.random((20, 50, 3)) < [0.3, 0.05, 0]
    scores = 1 / (1 + np.exp(-(rng.normal(size=truth.shape) + 2 * truth)))
    return truth, scores.astype(np.float32)


def test_each_frame_is_a_sample(fold):
    truth, scores = fold
    found = frames.class_metrics(truth, scores, 0.5)
    for label in range(2):
        t, s = truth[..., label].ravel(), scores[..., label].ravel()
        assert found["auc"][label] == pytest.approx(sklearn_metrics.roc_auc_score(t, s), abs=1e-9)
        area = sklearn_metrics.average_precision_score(t, s)
        assert found["average_precision"][label] == pytest.approx(area, abs=1e-9)
        assert found["f1"][label] == pytest.approx(sklearn_metrics.f1_score(t, s > 0.5), abs=1e-9)
    assert all(np.isnan(values[2]) for values in found.values())


def test_counts_of_clips_add_up_to_the_metrics(fold):
    counts = frames.clip_counts(*fold, 0.5)
    assert counts.tp.shape == (20, 3)
    rates = binary.precision_recall_f1(binary.Counts(*(part.sum(axis=0) for part in counts)))
    np.testing.assert_array_equal(rates["f1"], frames.class_metrics(*fold, 0.5)["f1"])


def test_levels_count_each_frame_of_each_clip_once(fold):
    truth, _ = fold
    counts = frames.clip_level_counts(*fold)
    assert counts.positives.shape == (20, 3, 256)
    np.testing.assert_array_equal(counts.positives.sum(axis=2), truth.sum(axis=1))
    np.testing.assert_array_equal(counts.negatives.sum(axis=2), (~truth).sum(axis=1))


def test_areas_from_levels_are_close_to_the_exact_ones(fold):
    counts = frames.clip_level_counts(*fold)
    areas = binary.curve_areas(binary.LevelCounts(*(part.sum(axis=0) for part in counts)))
    exact = frames.class_metrics(*fold, 0.5)
    np.testing.assert_allclose(areas["auc"], exact["auc"], atol=1e-3)
    np.testing.assert_allclose(areas["average_precision"], exact["average_precision"], atol=0.01)
