"""Streams of samples are what `read_mono` reads at once."""

import numpy as np
import pytest
import soundfile

from weakseg.audio import AudioError, read_mono
from weakseg.audio_stream import check_array, stream_array, stream_file


def joined(blocks):
    return np.concatenate(list(blocks))


@pytest.mark.parametrize("rate", [8000, 11025, 32000, 44100, 48000, 192000])
def test_a_stream_is_the_recording_read_at_once(tmp_path, noise, rate):
    sound = noise(1.7, rate).reshape(-1, 1) * [1, 0.5]
    soundfile.write(tmp_path / "a.wav", sound, rate, subtype="PCM_24")
    streamed = joined(stream_file(tmp_path / "a.wav", 32000))
    assert np.array_equal(streamed, read_mono(tmp_path / "a.wav", 32000).astype(np.float32))
    stored = soundfile.read(tmp_path / "a.wav")[0]
    assert np.array_equal(joined(stream_array(stored, rate, 32000)), streamed)


@pytest.mark.parametrize("channels", range(1, 9))
def test_channels_are_averaged(noise, channels):
    sound = noise(0.3).reshape(-1, 1) * np.arange(1, channels + 1)
    expected = sound[:, 0] * (channels + 1) / 2
    np.testing.assert_allclose(joined(stream_array(sound, 32000, 32000)), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32", "float64"])
def test_whole_numbers_are_in_the_range_of_their_type(dtype):
    numbers = {"uint8": (192, 64), "int16": (2**14, -(2**14)), "int32": (2**30, -(2**30))}
    values = np.array(numbers.get(dtype, (0.5, -0.5)), dtype)
    assert joined(stream_array(values, 8000, 8000)).tolist() == [0.5, -0.5]


@pytest.mark.parametrize(
    "audio,rate,message",
    [
        (np.zeros(0), 8000, "empty"),
        (np.zeros((2, 800)), 8000, "transpose it"),
        (np.zeros((2, 2, 2)), 8000, r"shape \(2, 2, 2\)"),
        (np.zeros(8, complex), 8000, "complex128"),
        (np.zeros(8, bool), 8000, "bool"),
        (np.zeros(8), 0, "sample_rate"),
        (np.zeros(8), 44100.5, "sample_rate"),
        (np.zeros(8), None, "sample_rate"),
        (np.zeros(8), float("inf"), "sample_rate"),
    ],
)
def test_what_is_no_waveform_is_refused(audio, rate, message):
    with pytest.raises(AudioError, match=message):
        check_array(audio, rate)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(tmp_path, noise, value):
    sound = noise(6)
    sound[-5] = value
    soundfile.write(tmp_path / "a.wav", sound, 32000, subtype="FLOAT")
    for stream in (stream_file(tmp_path / "a.wav", 8000), stream_array(sound, 32000, 8000)):
        with pytest.raises(AudioError, match="NaN or infinite"):
            joined(stream)


def test_a_file_that_ends_early_is_refused(tmp_path, noise):
    soundfile.write(tmp_path / "a.mp3", noise(4), 32000)
    whole = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AudioError, match=r"damaged|unreadable"):
        joined(stream_file(tmp_path / "a.mp3", 32000))
    (tmp_path / "b.wav").write_bytes(b"no audio")
    with pytest.raises(AudioError, match="unreadable"):
        joined(stream_file(tmp_path / "b.wav", 32000))
