"""A trained model from Python: any length, rate, type and number of channels."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import weakseg
from weakseg.audio import AudioError
from weakseg.detection import PUBLISHED, Detector, detect
from weakseg.separation import Separator
from weakseg.store import decode_masks, encode_mask_logits
from weakseg.thresholds import ClassThresholds, ThresholdError, write_thresholds

CLASSES = ["bark", "bell / ring", "rain"]


@pytest.fixture
def model(tiny_model):
    return weakseg.load_model(tiny_model, threads=1)


@pytest.fixture
def sound():
    """6 s of noise with two tones, (samples,) at 8 kHz."""
    rng, time = np.random.default_rng(2), np.arange(6 * 8000) / 8000
    tones = np.sin(2 * np.pi * 700 * time) * (time > 2) * (time < 3)
    tones += np.sin(2 * np.pi * 2000 * time) * (time > 4) * (time < 4.5)
    return rng.normal(0, 0.02, len(time)) + 0.2 * tones


def test_the_name_is_there_and_costs_no_torch_before_it_is_used():
    code = "import sys, weakseg; print('torch' in sys.modules, 'load_model' in dir(weakseg))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"
    with pytest.raises(AttributeError, match="nothing"):
        weakseg.nothing  # noqa: B018


def test_what_comes_out_has_the_shapes_it_says(model, sound):
    found = model.segment(sound, 8000)
    n_frames = (len(sound) - 512) // 256 + 1
    assert found.classes == CLASSES and found.sample_rate == 8000
    assert found.frame_seconds == 256 / 8000
    assert found.probabilities.shape == (3,)
    assert found.frame_scores.shape == (n_frames, 3)
    assert found.masks.shape == (3, n_frames, 16)
    assert found.mixture.shape == found.residual.shape == sound.shape
    assert list(found.events.columns) == ["onset", "offset", "event_label"]
    np.testing.assert_array_equal(found.mixture, sound.astype(np.float32))
    assert found.masks.min() >= 0 and found.masks.max() <= 1
    assert found.learnt_foreground is None


def test_stems_and_residual_sum_to_the_mixture(model, sound):
    found = model.segment(np.stack([sound, 0.5 * sound], axis=1), 8000)
    assert found.stems and set(found.stems) <= set(CLASSES)
    total = found.residual + sum(found.stems.values())
    np.testing.assert_allclose(total, found.mixture, atol=1e-6)
    assert max(np.abs(stem).max() for stem in found.stems.values()) > 0.01


def test_events_and_stems_are_those_of_the_rules(model, sound):
    found = model.segment(sound[: 8000 + 256], 8000)  # no longer than a training clip
    expected = detect(
        "", found.probabilities, found.frame_scores, CLASSES, PUBLISHED, found.frame_seconds
    )
    assert found.events.equals(expected.drop(columns="filename"))
    separator = Separator(found.mixture, model.spectral)
    wanted = [index for index in range(3) if found.probabilities[index] > 0.1]
    cut = {"above": 1.5, "steepness": 3.0}
    stems = separator.separate_classes(found.masks, wanted, cut)
    assert list(found.stems) == [CLASSES[index] for index in wanted]
    np.testing.assert_allclose(list(found.stems.values()), stems, atol=2e-5)


def test_stems_of_a_learnt_foreground_are_cut_to_its_map(learnt_model, sound):
    model = weakseg.load_model(learnt_model, threads=1)
    found = model.segment(sound, 8000)
    with torch.inference_mode():
        logmel = model.spectral.logmel(found.mixture)
        logits = model._model(torch.from_numpy(logmel)[None]).foreground_logits[0]
    learnt = decode_masks(encode_mask_logits(logits.numpy()))
    np.testing.assert_allclose(found.learnt_foreground, learnt, atol=0.025)  # a step of the codes
    separator, cut = Separator(found.mixture, model.spectral), {"above": 1.5, "steepness": 3.0}
    wanted = [index for index in range(3) if found.probabilities[index] > 0.1]
    stems = separator.separate_classes(found.masks, wanted, cut, learnt=found.learnt_foreground)
    np.testing.assert_allclose(list(found.stems.values()), stems, atol=2e-5)
    others = separator.separate_classes(found.masks, wanted, cut)
    assert np.abs(others - stems).max() > 0.02


def test_masks_are_averaged_over_three_shifts_unless_it_says_otherwise(tiny_model, sound):
    masks = {
        shifts: weakseg.load_model(tiny_model, shifts=shifts, threads=1).segment(sound, 8000).masks
        for shifts in (None, 1, 3)
    }
    np.testing.assert_array_equal(masks[None], masks[3])
    assert np.abs(masks[1] - masks[3]).max() > 0.02


def thresholds(tmp_path, clip=0.05, high=0.3):
    one = ClassThresholds(0.1, 1, Detector(clip, high, 0.1, 2, 2), mask=0.5)
    write_thresholds(tmp_path / "t.yaml", "a test", CLASSES, [one] * 3)
    return tmp_path / "t.yaml"


def test_tuned_thresholds_are_used(model, sound, tmp_path):
    usual = model.segment(sound, 8000)
    none = model.segment(sound, 8000, thresholds=thresholds(tmp_path, clip=1.0))
    assert len(usual.events) and usual.stems
    assert not len(none.events) and not none.stems
    np.testing.assert_array_equal(none.residual, none.mixture)
    np.testing.assert_array_equal(none.frame_scores, usual.frame_scores)
    with pytest.raises(ValueError, match=r"no\.yaml: no such file"):
        model.segment(sound, 8000, thresholds=tmp_path / "no.yaml")
    (tmp_path / "o.yaml").write_text("classes: {x: {}}")
    with pytest.raises(ThresholdError, match=r"o\.yaml: thresholds of other classes"):
        model.segment(sound, 8000, thresholds=tmp_path / "o.yaml")


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 192000])
@pytest.mark.parametrize("channels", [1, 3, 8])
def test_a_tenth_of_a_second_of_any_rate(model, noise, rate, channels):
    sound = np.repeat(noise(0.1, rate)[:, None], channels, axis=1)
    found = model.segment((sound * 32767).astype(np.int16), rate)
    assert abs(len(found.mixture) - 800) <= 1
    assert len(found.frame_scores) == 2
    assert np.isfinite(found.probabilities).all() and np.isfinite(found.residual).all()


@pytest.mark.parametrize("n_samples", [1, 100, 511, 512, 513])
def test_less_than_a_frame_is_one_frame(model, noise, n_samples):
    found = model.segment(noise(1)[:n_samples], 8000)
    assert found.frame_scores.shape == (1, 3) and found.mixture.shape == (n_samples,)


@pytest.mark.parametrize("seconds", [0.1, 4])
def test_silence_holds_nothing_that_is_not_finite(model, seconds):
    found = model.segment(np.zeros(round(seconds * 8000)), 8000)
    assert np.isfinite(found.probabilities).all() and np.isfinite(found.masks).all()
    assert not found.mixture.any() and not found.residual.any()


def test_what_is_no_sound_is_refused_by_name(model):
    with pytest.raises(AudioError, match="NaN"):
        model.segment([0.0, float("nan")], 8000)
    with pytest.raises(AudioError, match="empty"):
        model.segment([], 8000)
    with pytest.raises(AudioError, match="too short: no sample is left"):
        model.segment(np.full(40, 0.1), 1_000_000)


def test_a_class_at_its_threshold_has_neither_stem_nor_event(model):
    detectors = [replace(PUBLISHED, clip_threshold=0.1)] * len(model.classes)
    heard = SimpleNamespace(probabilities=np.full(len(model.classes), 0.1, np.float32))
    assert model.found(heard, detectors) == []


@pytest.mark.parametrize(
    "options",
    [
        {"resolution": "fft"},
        {"device": "tpu"},
        {"threads": -1},
        {"threads": 100_000},
        {"shifts": 0},
        {"shifts": 2.5},
        {"smooth_frames": 4},
        {"smooth_frames": 0},
        {"smooth_frames": 2.5},
        {"nearby_frames": 4},
    ],
)
def test_an_unknown_option_is_refused(tiny_model, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        weakseg.load_model(tiny_model, **options)


def test_a_model_as_published_is_taken_as_it_is(plain_model, sound):
    model = weakseg.load_model(plain_model, threads=1)
    found = model.segment(sound, 8000)
    separator = Separator(found.mixture, model.spectral)
    stem = separator.separate(found.masks[0])
    np.testing.assert_allclose(found.stems[CLASSES[0]], stem, atol=2e-5)


def test_a_gap_in_a_recording_changes_little_around_it(model, noise):
    """Digital silence, as editing leaves it, is no background over which noise would stand out."""
    sound = noise(6.0, 8000)
    gap = sound.copy()
    gap[24000:25600] = 0
    whole, cut = (model.segment(one, 8000).masks for one in (sound, gap))
    assert np.abs(whole.mean() - cut.mean()) < 0.3 * whole.mean()
