import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from weakseg.background import standing_out
from weakseg.separation import (
    Separator,
    bins_of_bands,
    file_name_of,
    overlap_add,
    separate_published,
)
from weakseg.spectral import EPSILON, Spectral


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


FOREGROUND = {"above": 1.5, "steepness": 3.0}
ONE = np.ones(1, bool)


@pytest.fixture
def tone_in_noise(published_spectral):
    """A separator of a tone in noise, both, and masks: of its time, cut to what stands out."""
    rng = np.random.default_rng(0)
    n_samples = 96_000
    noise = rng.normal(0, 0.05, n_samples).astype(np.float32)
    time = np.arange(n_samples) / 32_000
    partials = sum(np.sin(2 * np.pi * hz * time) for hz in (3000, 4500, 6000, 7500, 9000))
    tone = (0.05 * partials * (abs(time - 1.5) < 0.5)).astype(np.float32)
    mask = np.zeros((2, published_spectral.n_frames(n_samples), 64), np.float32)
    logmel = published_spectral.logmel(noise + tone)
    mask[0, 32:62] = standing_out(logmel, **FOREGROUND)[32:62]
    return Separator(noise + tone, published_spectral), tone, noise, mask


def test_sharpening_leaves_less_noise_around_a_tone(tone_in_noise):
    separator, tone, _, mask = tone_in_noise
    plain, sharp = (separator.separate_classes(mask, [0], f)[0] for f in (None, FOREGROUND))

    def si_sdr(estimate):
        scaled = tone * (estimate @ tone) / (tone @ tone)
        return 10 * np.log10((scaled @ scaled) / ((estimate - scaled) @ (estimate - scaled)))

    assert si_sdr(sharp) > si_sdr(plain) + 3


def test_sharpened_masks_come_to_at_most_one(tone_in_noise):
    """So that no part of the mixture is in two stems, and stems and the rest sum to it."""
    separator, tone, noise, mask = tone_in_noise
    doubled = np.stack([mask[0], mask[0], np.ones_like(mask[0])])  # up to 3 together
    masks = separator.sharpened(doubled, np.ones(3, bool), **FOREGROUND)
    assert (masks >= 0).all() and masks.sum(axis=0).max() <= 1 + 1e-6
    stems = separator.separate_classes(doubled, [0, 1, 2], FOREGROUND)
    rest = separator.apply((1 - masks.sum(axis=0))[separator._lead :])
    whole = stems.sum(axis=0) + rest
    np.testing.assert_allclose(whole[4096:], (tone + noise)[4096:], atol=1e-5)


def test_a_share_of_the_foreground_is_one_of_power(tone_in_noise):
    """The equation of docs/method.md, bin by bin, also where little stands out or a share is 1."""
    separator, tone, noise, _ = tone_in_noise
    spectral = separator._spectral
    logmel = spectral.logmel(tone + noise)
    level = np.log(np.abs(spectral.stft(tone + noise)[: len(logmel)]) + EPSILON)
    to_bins = bins_of_bands(spectral)
    bands = standing_out(logmel, 1.5, 3.0) @ to_bins
    bins = standing_out(level, 2.5, 3.0)
    assert (bands < 0.05).mean() > 0.1 and (bands > 0.5).sum() > 50
    for mask in (0.002, 0.2, 1.0):
        masks = np.full((1, *logmel.shape), mask, np.float32)
        share = np.minimum(masks[0] @ to_bins / np.maximum(bands, 0.05), 1)
        expected = np.sqrt(share) * (bands + bins) / 2
        given = separator.sharpened(masks, ONE, **FOREGROUND)[0, separator._lead :][: len(logmel)]
        np.testing.assert_allclose(given, expected, atol=1e-4)


def test_what_a_model_has_learnt_not_to_be_foreground_is_in_no_stem(tone_in_noise):
    """The equation of docs/method.md for a map in place of what stands out of mel bands."""
    separator, tone, noise, _ = tone_in_noise
    spectral = separator._spectral
    level = np.log(np.abs(spectral.stft(tone + noise)[:92]) + EPSILON)
    learnt = np.random.default_rng(0).random((len(level), 64)).astype(np.float32)
    learnt[40:50] = 0
    share = np.float32([0.1, 0.9])[:, None, None]
    of_bands, bins = learnt @ bins_of_bands(spectral), standing_out(level, 2.5, 3.0)
    given = separator.sharpened(share * learnt, np.ones(2, bool), learnt, **FOREGROUND)
    given = given[:, separator._lead :][:, : len(level)]
    surely = of_bands > 0.05
    root = np.sqrt(share) / np.maximum(np.sqrt(share).sum(axis=0) * of_bands * (1 + bins) / 2, 1)
    expected = root * of_bands * (1 + bins) / 2
    np.testing.assert_allclose(given[:, surely], expected[:, surely], atol=1e-4)
    assert not given[:, 40:50].any() and bins[40:50].max() > 0.9


@pytest.mark.parametrize("past", [1, 500, 1023])
def test_what_is_past_the_last_whole_frame_sharpens_nothing(published_spectral, past):
    """A frame partly past the end is soft: the noise before it is no foreground for that."""
    n_samples = 2048 + 90 * 1024
    noise = np.random.default_rng(3).normal(0, 0.05, n_samples + past).astype(np.float32)
    masks = np.full((1, published_spectral.n_frames(n_samples), 64), 0.05, np.float32)
    longer, whole = (
        Separator(sound, published_spectral).sharpened(masks, ONE, **FOREGROUND)[0, 1:92]
        for sound in (noise, noise[:n_samples])
    )
    np.testing.assert_array_equal(longer, whole)


def test_only_classes_that_were_found_share_the_mixture(tone_in_noise):
    """Of many classes the small false shares would add up; a missed one takes nothing."""
    separator, _, _, mask = tone_in_noise
    masks = np.stack([mask[0], *(0.2 * mask[0] for _ in range(30))])
    alone = separator.separate_classes(masks[:1], [0], FOREGROUND)[0]
    among_all = separator.separate_classes(masks, range(31), FOREGROUND)[0]
    assert np.abs(among_all).max() < 0.5 * np.abs(alone).max()
    given = separator.separate_classes(masks, [0, 7], FOREGROUND, found=[0])
    np.testing.assert_allclose(given[0], alone, atol=1e-6)
    both = separator.separate_classes(masks, [7, 0], FOREGROUND, found=[0, 7])
    np.testing.assert_allclose(given[1], both[0], atol=1e-6)
    assert separator.separate_classes(masks, [], FOREGROUND).shape == (0, len(alone))
    assert separator.separate_classes(masks, [], FOREGROUND, found=[3]).shape == (0, len(alone))


def test_masks_without_a_foreground_are_taken_as_they_are(tone_in_noise):
    separator, _, _, mask = tone_in_noise
    together = separator.separate_classes(mask, [1, 0])
    for waveform, one in zip(together, mask[::-1], strict=True):
        np.testing.assert_allclose(waveform, separator.separate(one), atol=1e-6)
