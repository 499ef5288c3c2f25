import numpy as np
import pytest

from weakseg.references import (
    Chance,
    Ones,
    TrueActivity,
    ideal_masks,
    mask_clips,
    reference_masks,
    true_mask_codes,
)
from weakseg.separation_quality import Sources
from weakseg.spectral import Spectral
from weakseg.store import ClipFeatures, FeatureStore, decode_masks, write_features

SPECTRAL = Spectral(8000, 256, 128, 4, 50.0, 4000.0)
CLASSES = ["High", "Low"]
N_FRAMES = 10


def clip_of(name: str, label: int) -> ClipFeatures:
    """A clip whose class is active in frames 2 to 4, and alone in the lowest band of these."""
    active = np.zeros((N_FRAMES, 2), bool)
    active[2:5, label] = True
    mask = np.zeros((N_FRAMES, 4), bool)
    mask[2:5, 0] = True
    return ClipFeatures(name, np.zeros((N_FRAMES, 4), np.float32), active, {label: mask})


@pytest.fixture
def truth(tmp_path):
    clips = [clip_of("a.wav", 0), clip_of("b.wav", 1)]
    names = [clip.name for clip in clips]
    write_features(tmp_path / "f.h5", names, CLASSES, SPECTRAL.settings(), clips)
    with FeatureStore([tmp_path / "f.h5"]) as store:
        yield store


def test_true_activity_is_the_truth_over_all_bands(truth):
    oracle = TrueActivity(truth)
    np.testing.assert_array_equal(oracle.clip_probabilities(), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(oracle.frame_scores(1)[:, 1], truth.frame_truth(1)[:, 1])
    masks = decode_masks(oracle.mask_codes(1))
    assert masks.shape == (2, N_FRAMES, 4)
    assert (masks[1, 2:5] > 0.99).all() and masks.sum() == pytest.approx(12, abs=0.1)


def test_ones_are_everywhere(truth):
    floor = Ones(truth)
    assert floor.clip_probabilities().all() and floor.frame_scores(0).all()
    assert floor.masks(0).shape == (2, N_FRAMES, 4) and floor.masks(0).all()


def test_chance_depends_on_the_clip_s_name_alone(truth):
    floor, again = Chance(truth), Chance(truth)
    for scores, same in (floor.frame_scores, again.frame_scores), (floor.masks, again.masks):
        np.testing.assert_array_equal(scores(0), same(0))
        assert (scores(0) != scores(1)).all()
        assert 0 <= scores(0).min() < 0.3 and 0.7 < scores(0).max() < 1
    assert floor.clip_probabilities().shape == (2, 2)
    assert len(np.unique(floor.clip_probabilities())) == 4


def test_ideal_masks_split_the_mixture():
    time = np.arange(8000) / 8000
    tones = [np.sin(2 * np.pi * hertz * time) for hertz in (500, 3000)]
    scene = 1e-3 * np.random.default_rng(0).normal(size=8000)
    masks = ideal_masks(Sources([0, 1], np.stack([*tones, scene])), SPECTRAL, 0.0)
    low, high = masks["oracle_ibm"]
    assert low.shape == (SPECTRAL.n_frames(8000), 129)
    assert low[:, 16].all() and high[:, 96].all() and not (low * high).any()
    ratio = np.array(masks["oracle_irm"])
    assert ratio[0, :, 16].min() > 0.99 and ratio[0, :, 96].max() < 0.01
    assert np.array(masks["oracle_mel_irm"]).shape == (2, SPECTRAL.n_frames(8000), 4)


def test_masks_of_all_references_are_those_of_the_clip_s_classes(truth):
    sources = Sources([1], np.random.default_rng(0).normal(size=(2, 128 * N_FRAMES + 128)))
    masks = reference_masks(1, sources, truth, SPECTRAL, 0.0)
    assert all(len(of_classes) == 1 for of_classes in masks.values())
    np.testing.assert_array_equal(masks["oracle_mel_ibm"][0], truth.mask_truth(1)[1])
    np.testing.assert_array_equal(masks["oracle_activity"][0][:, 3], truth.frame_truth(1)[:, 1])


def test_true_masks_become_codes_and_their_truth(truth):
    for index, (codes, true) in enumerate(mask_clips(truth, true_mask_codes(truth))):
        label = [0, 1][index]
        np.testing.assert_array_equal(decode_masks(codes[label]) > 0.5, true[label])
        assert not codes[1 - label].any()
