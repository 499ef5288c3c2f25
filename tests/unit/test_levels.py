"""weakseg.levels: how loud a waveform is."""

import numpy as np
import pytest

from weakseg.levels import largest, rms


def test_levels_of_a_sine_and_of_nothing():
    sine = np.sin(np.arange(6283) / 1000).astype(np.float32)
    assert rms(sine) == pytest.approx(np.sqrt(0.5), abs=1e-4)
    assert largest(sine) == pytest.approx(1.0)
    assert largest(-2 * sine) == pytest.approx(2.0)
    assert rms(sine[:0]) == largest(sine[:0]) == 0.0


def test_what_is_not_finite_shows():
    assert np.isnan(largest(np.array([0.0, np.nan, 1.0])))
    assert largest(np.array([0.0, -np.inf])) == np.inf
