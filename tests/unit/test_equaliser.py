"""weakseg.equaliser: gains where they should be, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import sosfilt, sosfreqz

from weakseg.equaliser import equalised, high_shelf, low_shelf, peak, random_sections

RATE = 32_000


def gains_db(sections, *frequencies: float) -> np.ndarray:
    _, response = sosfreqz(np.array(sections), worN=np.array(frequencies) * 2 * np.pi / RATE)
    return 20 * np.log10(np.abs(response))


@pytest.mark.parametrize("gain", [-12.0, 0.0, 9.0])
def test_each_section_changes_its_part_of_the_spectrum(gain):
    """Half its gain, in dB, where it begins: as in the cookbook."""
    place = 1000 / RATE
    frequencies = 10.0, 1000.0, 15_900.0
    for section, expected in (
        (low_shelf(place, gain), (gain, gain / 2, 0)),
        (peak(place, gain), (0, gain, 0)),
        (high_shelf(place, gain), (0, gain / 2, gain)),
    ):
        assert gains_db([section], *frequencies) == pytest.approx(expected, abs=0.1)


@given(
    seed=st.integers(0, 1000),
    most=st.floats(0, 40),
    rate=st.sampled_from([4000, 8000, RATE, 96_000]),
)
def test_random_sections_are_stable_and_as_strong_as_asked(seed, most, rate):
    sections = np.array(random_sections(most, rate, np.random.default_rng(seed)))
    for section in sections:
        assert np.abs(np.roots(section[3:])).max() < 1
        gains = gains_db([section], *np.linspace(1, RATE / 2 - 1, 400))
        assert np.abs(gains).max() <= most + 1e-6


def test_audio_is_louder_and_softer_where_the_sections_say():
    rng, time = np.random.default_rng, np.arange(RATE) / RATE
    tones = {hz: np.sin(2 * np.pi * hz * time).astype(np.float32) for hz in (150, 1500, 9000)}
    sections = random_sections(12, RATE, rng(5))
    for hz, tone in tones.items():
        out = equalised(tone, 12, RATE, rng(5))
        assert out.dtype == np.float32 and out.shape == tone.shape
        rms = np.sqrt(np.mean(out[RATE // 2 :] ** 2) * 2)
        assert 20 * np.log10(rms) == pytest.approx(gains_db(sections, hz)[0], abs=0.05)


def test_equals_scipy():
    audio = np.random.default_rng(1).normal(size=RATE).astype(np.float32)
    sections = random_sections(20, RATE, np.random.default_rng(2))
    expected = sosfilt(np.array(sections), audio.astype(np.float64))
    found = equalised(audio, 20, RATE, np.random.default_rng(2))
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_nothing_asked_for_changes_nothing():
    audio = np.random.default_rng(1).normal(size=1000).astype(np.float32)
    assert np.allclose(equalised(audio, 0.0, RATE, np.random.default_rng(2)), audio, atol=1e-5)
