import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from weakseg.separation import (
    Separator,
    bins_of_bands,
    file_name_of,
    overlap_add,
    separate_published,
)
from weakseg.spectral import Spectral


def test_golden_separation(golden, published_spectral):
    case = np.load(golden / "separation.npz")
    mixture = soundfile.read(golden / "mixing" / "00003_events_scene.flac")[0].mean(axis=1)
    separated = separate_published(mixture, case["mel_mask"], published_spectral)
    assert separated.shape == (319_488,)
    np.testing.assert_allclose(separated, case["separated"], atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(n_samples=st.integers(2048, 40_000), seed=st.integers(0, 99))
def test_a_mask_of_ones_gives_every_sample_back(n_samples, seed):
    spectral = Spectral(32000, 2048, 1024, 64, 50.0, 16000.0)
    audio = np.random.default_rng(seed).normal(0, 0.1, n_samples).astype(np.float32)
    ones = np.ones((spectral.n_frames(n_samples), 64), np.float32)
    separated = Separator(audio, spectral).separate(ones)
    assert separated.shape == audio.shape
    np.testing.assert_allclose(separated, audio, atol=1e-5)


def test_masks_that_sum_to_one_give_stems_that_sum_to_the_mixture(published_spectral):
    rng = np.random.default_rng(0)
    audio, mask = rng.normal(0, 0.1, 64_000), rng.uniform(0, 1, (61, 64)).astype(np.float32)
    separator = Separator(audio, published_spectral)
    both = separator.separate(mask) + separator.separate(1 - mask)
    np.testing.assert_allclose(both, audio, atol=1e-5)


def test_a_masked_tone_is_gone_and_the_other_stays(published_spectral):
    time = np.arange(64_000) / 32000
    low, high = np.sin(2 * np.pi * 300 * time), np.sin(2 * np.pi * 6000 * time)
    mask = np.zeros((61, 64), np.float32)
    mask[:, :20] = 1
    separated = Separator(low + high, published_spectral).separate(mask)
    inner = slice(3000, 61_000)
    np.testing.assert_allclose(separated[inner], low[inner], atol=0.02)


def test_every_bin_belongs_to_some_band(published_spectral):
    np.testing.assert_allclose(bins_of_bands(published_spectral).sum(axis=0), 1, atol=1e-6)
    uncovered = published_spectral.inverse_filterbank.sum(axis=0) < 0.5
    assert uncovered[:3].all()  # the fault that is mended


@pytest.mark.parametrize("window,hop", [(8, 4), (8, 3), (6, 6)])
def test_overlap_add_is_the_plain_sum(window, hop):
    frames = np.random.default_rng(0).normal(size=(5, window))
    plain = np.zeros(4 * hop + window)
    for t, frame in enumerate(frames):
        plain[t * hop : t * hop + window] += frame
    np.testing.assert_allclose(overlap_add(frames, hop), plain)


def test_file_names_hold_no_separator():
    name = file_name_of("00001.wav", 3, "../$(touch x)/<b>")
    assert "/" not in name and "$" not in name and name.startswith("00001-03-")
