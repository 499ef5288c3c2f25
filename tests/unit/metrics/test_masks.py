import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from weakseg.metrics import binary, masks

LEVELS = 1 / (1 + np.exp(-np.linspace(-6, 6, 256)))


def make_clip(seed: int):
    """Codes (classes, frames, mels) and the masks of two of four classes."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (4, 9, 7), dtype=np.uint8)
    truth = {int(label): rng.random((9, 7)) < 0.4 for label in rng.permutation(3)[:2]}
    for label, mask in truth.items():
        codes[label][mask] |= 0x80
    return codes, truth


@pytest.fixture
def clips():
    return [make_clip(seed) for seed in range(12)]


def dense(clips):
    """Truth and scores (clips, frames, mels, classes) of everything."""
    truth = np.zeros((len(clips), 4, 9, 7), bool)
    for clip, (_, masks_of) in enumerate(clips):
        for label, mask in masks_of.items():
            truth[clip, label] = mask
    scores = LEVELS[np.stack([codes for codes, _ in clips])]
    return np.moveaxis(truth, 1, -1), np.moveaxis(scores, 1, -1)


def test_equals_the_metrics_of_all_cells(clips):
    found = masks.class_metrics(masks.fold_level_counts(clips), LEVELS, 0.1)
    expected = binary.class_metrics(*dense(clips), 0.1)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-12)
    assert np.isnan(found["f1"][3])


def test_auc_equals_scikit_learn(clips):
    truth, scores = (values[..., 0].ravel() for values in dense(clips))
    found = masks.class_metrics(masks.fold_level_counts(clips), LEVELS, 0.1)
    assert found["auc"][0] == pytest.approx(sklearn_metrics.roc_auc_score(truth, scores), abs=1e-12)


def test_counts_of_clips_add_up_to_the_fold(clips):
    fold, each = masks.fold_level_counts(clips), masks.each_clip_level_counts(clips)
    assert each.positives.shape == (12, 4, 256)
    for whole, parts in zip(fold, each, strict=True):
        np.testing.assert_array_equal(whole, parts.sum(axis=0))


def test_perfect_masks_give_1(clips):
    perfect = []
    for codes, truth in clips:
        codes = np.zeros_like(codes)
        for label, mask in truth.items():
            codes[label][mask] = 255
        perfect.append((codes, truth))
    found = masks.class_metrics(masks.fold_level_counts(perfect), LEVELS, 0.1)
    for values in found.values():
        np.testing.assert_array_equal(values, [1, 1, 1, np.nan])


def test_clips_may_come_from_a_generator_in_any_order(clips):
    forward = masks.fold_level_counts(iter(clips))
    backward = masks.fold_level_counts(iter(clips[::-1]))
    np.testing.assert_array_equal(forward.positives, backward.positives)


def test_refuses_codes_that_are_not_bytes(clips):
    codes, truth = clips[0]
    with pytest.raises(ValueError, match="uint8"):
        masks.clip_level_counts(codes.astype(np.int64), truth)


def test_refuses_a_mask_of_another_shape(clips):
    codes, _ = clips[0]
    with pytest.raises(ValueError, match=r"class 2.*\(9, 7\).*\(9, 6\)"):
        masks.clip_level_counts(codes, {2: np.ones((9, 6), bool)})
