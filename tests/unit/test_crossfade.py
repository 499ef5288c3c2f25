"""weakseg.crossfade: a waveform that begins again."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from weakseg.crossfade import crossfade, repeated


@given(length=st.integers(1, 60), n_samples=st.integers(1, 400), share=st.floats(0, 0.5))
def test_repeated_is_one_crossfade_after_the_other(length, n_samples, share):
    audio = np.random.default_rng(length).normal(size=length).astype(np.float32)
    fade = int(share * length)
    expected = audio
    while len(expected) < n_samples:
        expected = crossfade(expected, audio, fade)
    np.testing.assert_array_equal(repeated(audio, n_samples, fade), expected[:n_samples])
