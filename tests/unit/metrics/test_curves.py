"""Curves over thresholds agree with the decisions that are made at each one."""

import numpy as np
import pytest

from weakseg.metrics.binary import class_metrics, macro
from weakseg.metrics.curves import CURVE_COLUMNS, counts_on_levels, threshold_curve
from weakseg.metrics.masks import fold_level_counts
from weakseg.scores import curves, frame_scores, mask_scores, tag_scores
from weakseg.store import decode_masks, mask_level_borders, mask_level_values


@pytest.fixture
def decided():
    """Truth and scores (samples, classes); the last class has no positive."""
    rng = np.random.default_rng(1)
    truth = rng.random((300, 4)) < [0.5, 0.2, 0.05, 0]
    scores = np.clip(rng.random((300, 4)) + 0.3 * truth, 0, 1).astype(np.float32)
    return truth, scores.round(2)  # ties among scores, and with thresholds


def test_a_curve_has_the_values_of_each_threshold(decided):
    truth, scores = decided
    thresholds = np.linspace(0, 0.99, 34).astype(np.float32)
    curve = threshold_curve("tagging", counts_on_levels(*decided, thresholds), thresholds)
    assert list(curve.columns) == CURVE_COLUMNS and set(curve.task) == {"tagging"}
    for row in curve.itertuples():
        expected = class_metrics(truth, scores, np.float32(row.threshold))
        for name in ("precision", "recall", "f1"):
            assert getattr(row, name) == pytest.approx(macro(expected[name])), row.threshold


def test_levels_hold_every_sample(decided):
    counts = counts_on_levels(*decided, np.array([0.25, 0.5]))
    assert counts.positives.shape == (4, 3)
    assert (counts.positives.sum(axis=1) == decided[0].sum(axis=0)).all()
    assert (counts.positives + counts.negatives).sum() == decided[0].size


def test_a_level_too_few_is_named(decided):
    counts = counts_on_levels(*decided, np.array([0.25, 0.5]))
    with pytest.raises(ValueError, match="3 thresholds, 3 levels; give one level more"):
        threshold_curve("tagging", counts, np.array([0.1, 0.2, 0.3]))


def test_curves_pass_through_the_tables_values_at_the_published_threshold(decided):
    truth, scores = decided
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)
    masks = [{label: rng.random((6, 3)) < 0.4 for label in range(3)} for _ in codes]
    clips = list(zip(codes, masks, strict=True))
    counts = fold_level_counts(clips)
    at = 0.1
    of_task = {
        "tagging": tag_scores(truth, scores, at),
        "frames": frame_scores(truth[None], scores[None], at),
        "masks": mask_scores(type(counts)(*(part[None] for part in counts)), at),
    }
    table = curves(of_task)
    borders = mask_level_borders()
    nearest = borders[np.abs(borders - at).argmin()]
    assert nearest == pytest.approx(at, abs=1e-7)
    row = table[table.threshold == nearest].set_index("task")
    for task, score in of_task.items():
        for name in ("precision", "recall", "f1"):
            assert row.loc[task, name] == pytest.approx(macro(score.values[name])), (task, name)


def test_a_mask_code_lies_between_its_borders():
    borders, values = mask_level_borders(), mask_level_values()
    assert (borders < values).all() and (values[:-1] < borders[1:]).all()
    np.testing.assert_array_equal(decode_masks(np.arange(256, dtype=np.uint8)), values)
