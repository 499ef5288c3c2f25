"""librosa is the oracle."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.mel import hz_to_mel, mel_filters, mel_to_hz

SETTINGS = [
    (32000, 2048, 64, 50.0, 16000.0),
    (16000, 512, 40, 0.0, 8000.0),
    (8000, 256, 12, 300.0, 3400.0),
    (44100, 4096, 128, 20.0, 20000.0),
]


@pytest.mark.parametrize("rate,window,mels,fmin,fmax", SETTINGS)
def test_filters_are_librosa_s(rate, window, mels, fmin, fmax):
    expected = librosa.filters.mel(sr=rate, n_fft=window, n_mels=mels, fmin=fmin, fmax=fmax).T
    filters = mel_filters(rate, window, mels, fmin, fmax)
    assert filters.dtype == expected.dtype and filters.shape == expected.shape
    np.testing.assert_allclose(filters, expected, rtol=2e-6, atol=1e-10)
    assert np.array_equal(filters > 0, expected > 0)


@given(hz=st.lists(st.floats(0, 1e5), min_size=1, max_size=20))
def test_the_scale_is_librosa_s_and_can_be_undone(hz):
    mel = hz_to_mel(hz)
    np.testing.assert_allclose(mel, librosa.hz_to_mel(hz), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(mel), librosa.mel_to_hz(mel), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(mel), hz, rtol=1e-9, atol=1e-9)
