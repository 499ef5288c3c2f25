"""weakseg.flac_encoder: libsndfile decodes what was encoded; files are small."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weakseg.demo_audio import SCENE_RATE, SCENES, scene_signal
from weakseg.flac_encoder import BLOCK, ORDER_0, _frame_header, encoded

RATE = 32_000
rng = np.random.default_rng(1)
n = np.arange(2 * BLOCK + 100)
SIGNALS = {
    "silence": np.zeros(9000),
    "one value": np.full(5000, -32768),
    "noise as loud as can be": rng.integers(-32768, 32768, 9000),
    "signs as loud as can be": rng.choice([-32768, 32767], 9000),
    "noise of one bit": rng.integers(0, 2, 9000),
    "the largest steps": np.where(n % 2, 32767, -32768),
    "a tone": np.round(32767 * np.sin(0.05 * n)),
    "a fast tone": np.round(30000 * np.sin(3.1 * n)),
    "two tones and silence": np.round(9000 * (np.sin(0.3 * n) + np.sin(0.7 * n)) * (n < BLOCK)),
    "a click": np.where(n == BLOCK + 7, 32767, 0),
    "a slope": np.arange(-32768, 32768, 8),
    "a sum of noise": np.clip(np.cumsum(rng.integers(-300, 301, 50_000)), -32768, 32767),
}


def check(audio):
    """Encode audio (samples, channels), which comes back whole; returns the file."""
    data = encoded(audio, RATE)
    file = soundfile.SoundFile(io.BytesIO(data))
    assert (file.frames, file.channels, file.samplerate) == (*audio.shape, RATE)
    assert file.subtype == "PCM_16"
    assert np.array_equal(file.read(dtype="int16", always_2d=True), audio)
    return data


@pytest.mark.parametrize("name", SIGNALS)
def test_any_signal_comes_back(name):
    signal = SIGNALS[name].astype(np.int16)
    check(np.stack([signal, signal[::-1]], axis=1))


@pytest.mark.parametrize("n_samples", [1, 2, 9, 16, 63, 64, 65, 255, 256, 257, 4095, 4096, 4097])
def test_any_length_comes_back(n_samples):
    check(rng.integers(-9, 10, (n_samples, 3)).astype(np.int16))


@pytest.mark.parametrize("n_channels", range(1, 9))
def test_any_number_of_channels_comes_back(n_channels):
    check(rng.integers(-999, 1000, (5000, n_channels)).astype(np.int16)[:, ::-1])


@pytest.mark.parametrize("n_frames", [127, 129, 2047, 2049])
def test_numbers_of_frames_that_take_more_bytes(n_frames):
    audio = (np.arange(n_frames * BLOCK)[:, None] // 1000).astype(np.int16)
    with soundfile.SoundFile(io.BytesIO(check(audio))) as file:
        for place in (n_frames // 2 * BLOCK + 1, len(audio) - BLOCK):  # found by numbers of frames
            file.seek(place)
            assert np.array_equal(file.read(9, "int16")[:, None], audio[place : place + 9])


@pytest.mark.parametrize(
    ("number", "coded"), [(0x7F, "7f"), (0x80, "c280"), (0xD800, "eda080"), (0x10000, "f0908080")]
)
def test_any_number_of_a_frame_is_coded(number, coded):
    assert _frame_header(BLOCK, 1, number)[4:-3].hex() == coded


def test_the_header_is_that_of_the_standard():
    header = encoded(np.zeros((70_000, 3), np.int16), 44_100)[:42].hex()
    sizes = "10001000" + 12 * "0"  # blocks of 4096, frames of any size
    assert header == "664c614380000022" + sizes + "0ac444f000011170" + 32 * "0"


@pytest.mark.parametrize(
    ("shape", "dtype"), [((9, 9), "i2"), ((9, 0), "i2"), ((0, 1), "i2"), ((9, 1), "i4")]
)
def test_what_a_flac_cannot_hold_is_refused(shape, dtype):
    with pytest.raises(ValueError, match="not samples of 1 to 8 channels in int16"):
        encoded(np.zeros(shape, dtype), RATE)


def test_a_prediction_that_does_not_help_is_left_out():
    """Of clicks: what it takes from them it spreads over the samples behind."""
    clicks = rng.choice([-32768, 32767, 0], (BLOCK, 1), p=[0.02, 0.02, 0.96]).astype(np.int16)
    assert check(clicks)[50] >> 1 == ORDER_0


@given(arrays(np.int16, st.tuples(st.integers(1, 600), st.integers(1, 8))))
def test_whatever_numbers_come_back(audio):
    check(audio)


@pytest.mark.parametrize("scene", SCENES)
def test_files_are_as_small_as_those_of_libflac(scene):
    """Of more than two channels, as of two it codes the difference where that is smaller."""
    audio = np.zeros((5 * SCENE_RATE, 3), np.int16)
    signal = scene_signal(scene, location=1, segment=1, seed=1)
    audio[:, :2] = np.round(signal[: len(audio)] * 32767)
    audio[SCENE_RATE : 3 * SCENE_RATE, 1] = 0
    theirs = io.BytesIO()
    soundfile.write(theirs, audio, SCENE_RATE, format="FLAC")
    assert len(check(audio)) < 1.02 * len(theirs.getvalue())


def test_a_frame_that_was_altered_is_noticed():
    """The decoders compare both checks of a frame; without them they would pass what they read."""
    audio = rng.integers(-999, 1000, (2 * BLOCK, 1)).astype(np.int16)
    data = bytearray(encoded(audio, RATE))
    data[len(data) // 4] ^= 1
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.read(io.BytesIO(bytes(data)))
