"""What all pictures share: axes of mel bands, waveforms, names cut to fit, files."""

from itertools import pairwise

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.figures import panels, style
from weakseg.figures.from_stores import chosen_clips
from weakseg.spectral import Spectral

SPECTRAL = Spectral(sample_rate=8000, window=512, hop=256, mels=32, fmin=50.0, fmax=4000.0)


def test_a_picture_has_a_known_ending(tmp_path):
    with pytest.raises(ValueError, match=r"x\.gif: a picture is written as \.png or \.svg"):
        style.save(style.new_figure(1), tmp_path / "x.gif")


def test_a_picture_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    path.write_text("old")
    monkeypatch.setattr("os.replace", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        style.save(style.new_figure(1), path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_mel_positions_are_the_filters_centres():
    centres = librosa.mel_frequencies(SPECTRAL.mels + 2, fmin=SPECTRAL.fmin, fmax=SPECTRAL.fmax)
    expected = np.arange(-1, SPECTRAL.mels + 1)
    np.testing.assert_allclose(panels.mel_position(centres, SPECTRAL), expected, atol=1e-9)
    bins = np.arange(257) * 8000 / 512
    loudest = bins[SPECTRAL.filterbank.argmax(axis=0)]  # of wide filters, near the centre
    np.testing.assert_allclose(
        panels.mel_position(loudest, SPECTRAL)[16:], expected[17:-1], atol=0.5
    )


@given(st.floats(0, 9000), st.floats(1.2, 100), st.integers(8, 256), st.floats(0.01, 0.5))
def test_mel_ticks_are_inside_and_apart(fmin, span, n_mels, share):
    spectral = Spectral(48000, 2048, 1024, n_mels, fmin, min(24000, max(fmin, 200) * span))
    ticks = panels.mel_ticks(spectral, share * n_mels)
    assert ticks
    assert all(spectral.fmin <= tick <= spectral.fmax for tick in ticks)
    places = panels.mel_position(ticks, spectral)
    assert all(high - low >= share * n_mels for low, high in pairwise(places))


def test_ticks_of_the_published_features(published_spectral):
    ticks = panels.mel_ticks(published_spectral, 7)
    assert [panels.hertz(tick) for tick in ticks] == ["100", "500", "1k", "2k", "5k", "10k"]


def test_waveform_is_the_range_of_the_samples():
    waveform = np.random.default_rng(1).normal(size=30_100)
    axes = style.add_panel(style.new_figure(2), 1, 0.5, 5, 1)
    vertices = panels.show_waveform(axes, waveform, 8000).get_paths()[0].vertices
    assert vertices[:, 1].min() == waveform.min() and vertices[:, 1].max() == waveform.max()
    first = vertices[(vertices[:, 0] == 0)][:, 1]
    assert {waveform[:21].min(), waveform[:21].max()} <= set(first)


@given(st.text("ab_$ W", max_size=60), st.floats(0.5, 4))
def test_shortened_names_fit_and_keep_both_ends(text, width):
    with style.style():
        short = style.shortened(text, width)
        assert short == text or style.text_width(short) <= width
        assert short == text or (text[0] == short[0] and "…" in short)


@pytest.mark.parametrize(
    ("wanted", "n_clips", "expected"),
    [
        ([], 3, [0, 2, 4]),
        (["c", "f"], 3, [2, 5, 0]),
        (["a"], 1, [0]),
        (["b"], 6, [1, 0, 2, 3, 4, 5]),
    ],
)
def test_named_clips_stand_before_evenly_spread_ones(wanted, n_clips, expected):
    assert chosen_clips("abcdef", wanted, n_clips) == expected


def test_clips_that_are_not_there_are_named():
    with pytest.raises(ValueError, match="x is not one of the 6 mixtures from a to f"):
        chosen_clips("abcdef", ["x"], 2)
    with pytest.raises(ValueError, match="7 clips of 6 to choose; lower"):
        chosen_clips("abcdef", [], 7)
