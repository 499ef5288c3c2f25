import numpy as np
import pytest
import soundfile

from weakseg.spectral import (
    Spectral,
    class_masks,
    ideal_binary_mask,
    ideal_ratio_mask,
    log_of_mel,
)


@pytest.fixture
def rendered(golden):
    """The golden mixture's events and scene, (samples,) each."""
    audio = soundfile.read(golden / "mixing" / "00003_events_scene.flac")[0]
    return audio[:, 0], audio[:, 1]


@pytest.fixture
def expected(golden):
    return np.load(golden / "features.npz")


def test_golden_features(rendered, expected, published_spectral):
    events, scene = rendered
    logmel = published_spectral.logmel((events + scene) / 2)
    np.testing.assert_allclose(logmel, expected["mixture_logmel"], atol=1e-4)
    magnitude = np.abs(published_spectral.stft(events))[:60]
    np.testing.assert_allclose(magnitude, expected["events_stft_first_60_frames"], atol=1e-6)
    np.testing.assert_allclose(published_spectral.filterbank, expected["mel_filterbank"], atol=1e-7)
    inverse = published_spectral.inverse_filterbank
    np.testing.assert_allclose(inverse, expected["inverse_mel"], atol=1e-6)


def test_single_precision_features_are_close_enough(rendered, expected, published_spectral):
    events, scene = rendered
    logmel = published_spectral.logmel(((events + scene) / 2).astype(np.float32))
    np.testing.assert_allclose(logmel, expected["mixture_logmel"], atol=1e-4)


def test_golden_ideal_binary_mask(rendered, expected, published_spectral):
    events, scene = (published_spectral.mel(published_spectral.stft(x)) for x in rendered)
    mask = ideal_binary_mask(events, scene, -5.0)
    assert (mask == expected["ideal_binary_mask"]).mean() >= 0.9999


def test_golden_truth_of_a_clip(golden, rendered, expected, published_spectral):
    """The published truth: all events against the scene, cut to each class's frames."""
    events, scene = rendered
    onsets = ((0.5, 2.5), (3.0, 5.0), (5.5, 5.849977324263039))
    spans = [published_spectral.active_frames(*span, 311) for span in onsets]
    stems = np.stack([events, np.zeros_like(events), np.zeros_like(events), scene], axis=1)
    _, masks = class_masks(published_spectral, stems, [2, 2, 2], spans, -5.0, "events")
    frames = expected["sed_target"][:, 2].astype(bool)
    wanted = expected["ideal_binary_mask"].astype(bool) & frames[:, None]
    assert (masks[2] == wanted).mean() >= 0.9999
    active = np.zeros(311, bool)
    for span in spans:
        active[span] = True
    np.testing.assert_array_equal(active, frames)


def test_overlapping_classes_are_told_apart(published_spectral):
    time = np.arange(64000) / 32000
    low, high = np.sin(2 * np.pi * 300 * time), np.sin(2 * np.pi * 6000 * time)
    stems = np.stack([low, high, 1e-4 * np.random.default_rng(0).normal(size=64000)], axis=1)
    spans = [slice(0, 61)] * 2
    _, ours = class_masks(published_spectral, stems, [0, 1], spans, -5.0, "class")
    _, published = class_masks(published_spectral, stems, [0, 1], spans, -5.0, "events")
    assert not (ours[0] & ours[1]).any() and ours[0].any() and ours[1].any()
    np.testing.assert_array_equal(published[0], published[1])


@pytest.mark.parametrize("truth", ["class", "events"])
def test_masks_are_those_of_whole_spectra(published_spectral, noise, truth):
    """Events that begin and end anywhere: in the first frame, after the last, nowhere."""
    stems = np.stack([noise(2.0) for _ in range(5)], axis=1).astype(np.float32)
    for stem, (first, end) in enumerate([(0, 900), (5000, 40_000), (63_600, 64_000), (0, 0)]):
        stems[:first, stem] = stems[end:, stem] = 0
    labels, spans = [1, 0, 1, 2], [slice(0, 3), slice(4, 41), slice(58, 61), slice(10, 20)]
    logmel, masks = class_masks(published_spectral, stems, labels, spans, -5.0, truth)
    spectra = [published_spectral.stft(stem) for stem in stems.T]
    mixture = sum(spectra)
    np.testing.assert_allclose(logmel, log_of_mel(published_spectral.mel(mixture)), atol=1e-5)
    for label, mask in masks.items():
        mine = [i for i, other in enumerate(labels) if truth == "events" or other == label]
        wanted = sum(spectra[i] for i in mine)
        expected = ideal_binary_mask(
            published_spectral.mel(wanted), published_spectral.mel(mixture - wanted), -5.0
        )
        active = np.zeros(61, bool)
        for other, span in zip(labels, spans, strict=True):
            active[span] |= other == label
        assert (mask == expected & active[:, None]).mean() >= 0.9999


def test_frames_and_their_times(published_spectral):
    assert published_spectral.n_frames(320_000) == 311
    assert published_spectral.n_frames(2047) == 0 and published_spectral.n_frames(2048) == 1
    assert published_spectral.active_frames(0.5, 2.5, 311) == slice(15, 79)
    assert published_spectral.active_frames(9.0, 10.0, 311) == slice(281, 311)


def test_settings_survive(published_spectral):
    again = Spectral.from_settings(published_spectral.settings() | {"other": 1})
    assert again == published_spectral


def test_ratio_mask_is_a_share():
    a, b = np.random.default_rng(0).uniform(0, 1, (2, 50, 64))
    np.testing.assert_allclose(ideal_ratio_mask(a, b) + ideal_ratio_mask(b, a), 1, atol=1e-6)


def test_mel_is_the_product_with_the_filters(published_spectral, noise):
    spectrum = published_spectral.stft(noise(0.5).astype(np.float32))
    expected = np.abs(spectrum).astype(np.float64) @ published_spectral.filterbank
    mel = published_spectral.mel(spectrum)
    assert mel.dtype == np.float32
    np.testing.assert_allclose(mel, expected, rtol=1e-5)
