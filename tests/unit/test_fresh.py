from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.background import SILENT
from weakseg.fresh import FreshMixtures, Recipe, at_speed, share_of_events
from weakseg.levels import rms
from weakseg.material import Entry, Material, write_material
from weakseg.spectral import Spectral

RATE = 8000
CLASSES = ["high", "low", "none"]
TONES = {"high": 2500.0, "low": 500.0}
SPECTRAL = Spectral(RATE, 256, 128, 32, 50.0, 4000.0)
HISS = np.random.default_rng(3).normal(0, 1000, RATE).astype(np.int16)
RECIPE = Recipe(
    seconds=1.5,
    event_seconds=0.4,
    snr_db=20.0,
    events=(0, 3),
    level_db=(0.0, 0.0),
    speed=0.0,
    crop=0.5,
)


def recording(role: str, name: str) -> np.ndarray:
    if role == "scene":
        return np.random.default_rng(1).normal(0, 0.1, RATE)
    return np.sin(2 * np.pi * TONES[name.split("-")[0]] * np.arange(RATE) / RATE)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    path = tmp_path_factory.mktemp("material") / "fold1.h5"
    events = [Entry("event", f"{tone}-{i}", tone) for tone in TONES for i in range(3)]
    write_material(path, [Entry("scene", "hiss", "park"), *events], recording, CLASSES, RATE)
    return Material([path])


def draw(material, seed=1, spectral=SPECTRAL, n=40, softer_db=None, **changes):
    mixtures = FreshMixtures(material, spectral, replace(RECIPE, **changes), seed, softer_db)
    return [mixtures.clip(iteration, 0) for iteration in range(n)]


def loud(clip, tone: str) -> np.ndarray:
    """The frames in which a tone stands out of its band, (frames,)."""
    band = clip.logmel[:, np.argmax(SPECTRAL.filterbank[round(TONES[tone] / RATE * 256)])]
    return band > np.quantile(band, 0.1) + 2


def test_what_is_heard_is_what_the_label_says(material):
    clips = draw(material)
    for clip in clips:
        for label, tone in enumerate(TONES):
            assert loud(clip, tone).any() == clip.labels[label], clip.name
        assert not clip.labels[CLASSES.index("none")]
    assert {clip.name.count(" + ") for clip in clips} == {0, 1, 2, 3}


def test_an_event_lasts_no_longer_than_is_heard_of_it(material):
    frames = 0.4 * RATE / 128 + 2
    for clip in draw(material, events=(1, 1)):
        (tone,) = (tone for label, tone in enumerate(TONES) if clip.labels[label])
        assert 0.4 * frames <= loud(clip, tone).sum() <= frames


def test_a_clip_depends_on_seed_iteration_and_place_alone(material):
    mixtures = FreshMixtures(material, SPECTRAL, RECIPE, 3)
    later, first = mixtures.clip(7, 1), mixtures.clip(0, 0)
    again = FreshMixtures(material, SPECTRAL, RECIPE, 3)
    for clip, other in ((first, again.clip(0, 0)), (later, again.clip(7, 1))):
        assert clip.name == other.name
        assert np.array_equal(clip.logmel, other.logmel)
    others = [mixtures.clip(7, 0), mixtures.clip(8, 1), draw(material, seed=4, n=1)[0]]
    assert not any(np.array_equal(later.logmel, other.logmel) for other in others)


def test_a_clip_has_the_shape_and_level_of_a_rendered_mixture(material):
    clip = draw(material, n=1)[0]
    assert clip.logmel.shape == (SPECTRAL.n_frames(round(1.5 * RATE)), 32)
    assert clip.logmel.dtype == np.float32
    assert np.isfinite(clip.logmel).all()


@pytest.mark.parametrize("softer_db", [0.0, 20.0])
def test_a_softer_scene_leaves_all_else_as_it_is(material, softer_db):
    """Both are scaled by the loudest part, so levels are compared within a clip."""
    as_they_are, twice = draw(material), draw(material, softer_db=softer_db)
    for clip, both in zip(as_they_are, twice, strict=True):
        assert clip.softer is None and clip.name == both.name
        assert np.array_equal(clip.logmel, both.logmel)
        if both.labels.any():
            louder = both.softer - both.logmel
            label = int(np.flatnonzero(both.labels)[0])
            heard = loud(both, CLASSES[label])
            band = np.argmax(SPECTRAL.filterbank[round(TONES[CLASSES[label]] / RATE * 256)])
            event, hiss = np.median(louder[heard, band]), np.median(louder[:, 15])
            assert event - hiss == pytest.approx(softer_db / 20 * np.log(10), abs=0.1)


def test_the_foreground_is_what_is_not_the_scene(material):
    """Tones 20 dB over hiss; `foreground` comes with the softer scene alone."""
    assert draw(material, n=1)[0].foreground is None
    for clip in draw(material, softer_db=20.0):
        assert clip.foreground.shape == clip.logmel.shape and clip.foreground.dtype == np.float32
        assert clip.foreground[:, 15].mean() < 0.1  # a band without a tone
        for tone, label in zip(TONES, clip.labels, strict=False):
            of_tone = clip.foreground[
                :, np.argmax(SPECTRAL.filterbank[round(TONES[tone] / RATE * 256)])
            ]
            heard = loud(clip, tone)
            assert heard.any() == label and (not label or np.median(of_tone[heard]) > 0.9)
            assert of_tone[~heard].mean() < 0.3


@given(st.floats(0, 0.9), st.floats(0, 1))
def test_the_share_of_events_is_of_magnitudes(left, share):
    """Where the phases of both are the same, events that are `share` of the whole."""
    logmel = np.zeros((2, 3), np.float32)
    softer = np.full_like(logmel, np.log(max(share + left * (1 - share), 1e-30)))
    np.testing.assert_allclose(share_of_events(logmel, softer, left), share, atol=1e-4)


def test_a_scene_that_is_left_as_it_is_says_nothing_of_events():
    assert (share_of_events(np.zeros((2, 3)), np.zeros((2, 3)), 1.0) == 1).all()


def test_features_are_those_of_stored_mixtures(material, monkeypatch):
    drawn = draw(material, n=5)
    monkeypatch.setattr(FreshMixtures, "_logmel", lambda self, audio: SPECTRAL.logmel(audio))
    for clip, stored in zip(drawn, draw(material, n=5), strict=True):
        np.testing.assert_allclose(clip.logmel, stored.logmel, atol=1e-3)


@pytest.mark.parametrize("level", [-6.0, 6.0])
def test_levels_are_over_the_scene(material, level):
    """A scene's rms is 1."""
    mixtures = FreshMixtures(
        material, SPECTRAL, replace(RECIPE, snr_db=0.0, level_db=(level, level), events=(1, 1)), 1
    )
    heard = []
    scene = np.ones(12_000, np.float32)
    for seed in range(5):
        mixture = scene.copy()
        mixtures._add(material.events[0][0], mixture, np.random.default_rng(seed))
        added = mixture - scene
        first, *_, last = np.flatnonzero(np.abs(added) > 1e-3)
        heard.append(rms(added[first : last + 1]))
    assert np.allclose(20 * np.log10(heard), level, atol=0.2)


def test_filters_change_the_spectrum_of_events_and_not_their_level(material):
    mixtures = [
        FreshMixtures(material, SPECTRAL, replace(RECIPE, filter_db=most, crop=0.0), 1)
        for most in (0.0, 20.0)
    ]
    added = [np.zeros((20, 12_000), np.float32) for _ in mixtures]
    for one, clips in zip(mixtures, added, strict=True):
        for seed, clip in enumerate(clips):
            one._add(
                (HISS, Entry("event", "hiss", "high", 0, RATE, 1000.0)),
                clip,
                np.random.default_rng(seed),
            )
    levels = [[rms(clip[clip != 0]) for clip in clips] for clips in added]
    assert np.allclose(levels, 10, rtol=1e-3)  # 20 dB
    shares = [np.abs(np.fft.rfft(clips)[:, :1500]).sum(1) for clips in added]
    assert shares[1].std() > 10 * shares[0].std()


@given(speed=st.floats(0.5, 1.5), n=st.integers(2, 2000))
def test_speed_changes_length_and_pitch(speed, n):
    phase = np.arange(n, dtype=np.float32)
    played = at_speed(phase, speed)
    assert abs(len(played) - (n - 1) / speed) <= 1
    assert np.allclose(played, np.arange(len(played)) * speed, atol=1e-3)


@pytest.mark.parametrize("length", [1, 2, 300, 5000, 20_000])
def test_a_short_scene_begins_again_without_a_click(tmp_path, length):
    """A slow ramp from -1 to 1 would fall by 2 at a hard splice."""
    path = tmp_path / "ramp.h5"
    entries = [Entry("scene", "ramp", "park"), Entry("event", "high-0", "high")]

    def read(role, name):
        return np.linspace(-1, 1, length) if role == "scene" else recording(role, name)

    write_material(path, entries, read, CLASSES, RATE)
    material = Material([path])
    mixtures = FreshMixtures(material, SPECTRAL, RECIPE, 1)
    for seed in range(10):
        scene = mixtures._scene(material.scenes[0], np.random.default_rng(seed))
        assert len(scene) == 12_000
        assert rms(scene) == pytest.approx(1, rel=1e-3)
        if length >= 5000:
            assert np.abs(np.diff(scene)).max() < 0.3


def test_a_silent_part_of_a_scene_alone_is_a_clip(tmp_path):
    path = tmp_path / "material.h5"
    scene = np.concatenate([0.1 * np.ones(8), np.zeros(16_000)])
    entries = [Entry("scene", "s", "park"), Entry("event", "e", "bark")]
    write_material(path, entries, lambda role, name: scene, ["bark"], 8000)
    recipe = Recipe(1.0, 0.5, 0.0, (0, 0), (0.0, 0.0), 0.0, 0.0)
    spectral = Spectral(8000, 512, 256, 16, 50.0, 4000.0)
    mixtures = FreshMixtures(Material([path]), spectral, recipe, seed=1)
    assert all(np.isfinite(mixtures.clip(0, number).logmel).all() for number in range(20))


def test_digital_silence_in_a_scene_is_no_event(tmp_path):
    """Also where the scene is so soft that both mixtures are scaled alike."""
    rate, rng = 8000, np.random.default_rng(1)
    heard = {
        "scene": np.concatenate([0.01 * rng.standard_normal(2 * rate), np.zeros(2 * rate)]),
        "event": np.sin(np.arange(rate // 4)),
    }
    entries = [Entry("scene", "s", "park"), Entry("event", "e", "bark")]
    path = tmp_path / "material.h5"
    write_material(path, entries, lambda role, name: heard[role], ["bark"], rate)
    recipe = Recipe(4.0, 0.25, 20.0, (1, 1), (0.0, 0.0), 0.0, 0.0)
    mixtures = FreshMixtures(
        Material([path]), Spectral(rate, 512, 256, 16, 50.0, 4000.0), recipe, 1, softer_db=20.0
    )
    for clip in (mixtures.clip(0, number) for number in range(10)):
        silent = clip.logmel.max(1) < SILENT
        assert silent.any() and not clip.foreground[silent].any()
        assert clip.foreground.max() > 0.9
