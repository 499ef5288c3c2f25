import errno
import io

import numpy as np
import pytest
import soundfile

from weakseg.audio import (
    AudioError,
    _blocks,
    loop,
    opened,
    read_header,
    read_mono,
    read_part,
    read_pcm16,
    sum_of_channels,
    to_level,
    to_pcm16,
    write_flac,
)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_any_depth_and_channel_count_reads_alike(wav, noise, subtype, channels):
    mono = noise(0.5)
    data = wav(np.repeat(mono[:, None], channels, axis=1), subtype=subtype)
    header = read_header(io.BytesIO(data))
    assert (header.seconds, header.sample_rate, header.channels) == (0.5, 32000, channels)
    np.testing.assert_allclose(read_mono(io.BytesIO(data), 32000), mono, atol=1 / 127)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000, 192000])
def test_resampling_keeps_a_tone_and_its_length(wav, rate):
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    audio = read_mono(io.BytesIO(wav(tone, rate)), 32000)
    assert abs(len(audio) - 32000) <= 1
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(32000) / 32000)
    np.testing.assert_allclose(audio[2000:30000], expected[2000:30000], atol=1e-3)


@pytest.mark.parametrize("format_", ["FLAC", "OGG", "MP3", "AIFF"])
def test_other_formats_read(wav, noise, format_):
    data = wav(noise(1.0), format=format_)
    assert read_header(io.BytesIO(data)).seconds == pytest.approx(1.0, abs=0.05)
    assert len(read_mono(io.BytesIO(data), 16000)) == pytest.approx(16000, abs=800)


def no_memory_for(samples):
    return np._core._exceptions._ArrayMemoryError((samples, 2), np.dtype(float))


@pytest.mark.parametrize(
    "error, raised",
    [
        (no_memory_for(1 << 20), MemoryError),
        (no_memory_for(1 << 46), AudioError),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), MemoryError),
        (OSError(errno.EIO, "Input/output error"), AudioError),
    ],
    ids=str,
)
def test_too_little_memory_is_no_fault_of_a_recording(wav, noise, error, raised):
    with pytest.raises(raised), opened(io.BytesIO(wav(noise(0.2)))):
        raise error


def test_unusable_recordings_say_why(wav, noise):
    broken = noise(0.2)
    broken[-1] = np.nan
    cases = {
        "empty": wav(np.zeros(0)),
        "silent": wav(np.zeros(1000)),
        "NaN": wav(broken, subtype="FLOAT"),
        "unreadable": b"<html>not audio</html>",
    }
    for why, data in cases.items():
        with pytest.raises(AudioError, match=why):
            read_header(io.BytesIO(data))


def test_header_says_where_the_sound_starts(wav, noise):
    audio = np.concatenate([np.zeros(70_000), noise(0.5)])
    assert read_header(io.BytesIO(wav(audio))).starts == pytest.approx(70_000 / 32000, abs=1e-3)


def test_header_of_whole_numbers_reads_only_up_to_the_first_sound(wav, noise):
    class Counting(io.BytesIO):
        total = 0

        def read(self, *size):
            data = super().read(*size)
            self.total += len(data)
            return data

        def readinto(self, buffer):
            n = super().readinto(buffer)
            self.total += n
            return n

    file = Counting(wav(noise(60.0)))
    read_header(file)
    assert file.total < 0.1 * len(file.getvalue())


def test_level_is_the_rms(noise):
    levelled = to_level(noise(0.1), -6.0)
    assert 20 * np.log10(np.sqrt(np.mean(levelled**2))) == pytest.approx(-6.0)
    with pytest.raises(AudioError, match="silent"):
        to_level(np.zeros(10), 0.0)


def test_loop_cuts_or_repeats_without_a_gap(noise):
    audio = noise(1.0)
    np.testing.assert_array_equal(loop(audio, 1000, 100), audio[:1000])
    looped = loop(audio, 100_000, 1600)
    assert len(looped) == 100_000
    power = (looped[:99_000].reshape(-1, 500) ** 2).mean(axis=1)
    assert power.min() > 0.5 * power.mean()
    with pytest.raises(AudioError, match="empty"):
        loop(np.zeros(0), 10, 1)


def test_loop_of_a_single_sample_ends():
    np.testing.assert_array_equal(loop(np.ones(1), 5, 100), np.ones(5))


def test_flac_keeps_whole_numbers_and_leaves_no_temporary(tmp_path):
    samples = np.random.default_rng(1).integers(-32768, 32767, (5000, 4)).astype(np.int16)
    write_flac(tmp_path / "a.flac", samples, 32000)
    np.testing.assert_array_equal(read_pcm16(tmp_path / "a.flac"), samples)
    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]


def test_damaged_flac_is_named(tmp_path):
    path = tmp_path / "a.flac"
    path.write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(
        AudioError, match=r"a\.flac: damaged or missing .*run the same command again"
    ):
        read_pcm16(path)


def test_pcm16_rounds_and_clips():
    np.testing.assert_array_equal(
        to_pcm16(np.array([0, 1.0, -1.0, 2.0])), [0, 32767, -32767, 32767]
    )
    assert soundfile.available_formats()["FLAC"]


def test_a_part_is_read_at_its_own_rate(tmp_path):
    ramp = np.arange(8000) / 8000
    soundfile.write(tmp_path / "a.wav", np.stack([ramp, -ramp / 2], axis=1), 8000, subtype="FLOAT")
    part = read_part(tmp_path / "a.wav", 0.5, 0.25)
    assert part == pytest.approx(ramp[4000:6000] / 4)
    assert len(read_part(tmp_path / "a.wav", 0.9, 1.0)) == 800


def test_what_libsndfile_says_comes_without_the_file_object():
    with pytest.raises(AudioError, match=r"^unreadable \(Format not recognised\)$"):
        read_header(io.BytesIO(b"not audio"))
    with pytest.raises(AudioError, match=r"^unreadable \(Format not recognised\)$"):
        read_part(io.BytesIO(b"not audio"), 0.0, 1.0)


@pytest.mark.parametrize("n_channels", [0, 1, 2, 7])
def test_channels_add_up_as_numpy_adds_them(n_channels):
    audio = np.random.default_rng(1).normal(size=(50, n_channels))
    found = sum_of_channels(audio, audio.dtype)
    np.testing.assert_array_equal(found, audio.sum(axis=1))


def test_whole_numbers_do_not_run_over():
    audio = np.full((3, 7), 32767, np.int16)
    assert list(sum_of_channels(audio, np.dtype(np.int32))) == [7 * 32767] * 3


def test_a_file_that_ends_early_gives_nothing_that_was_not_in_it(tmp_path, noise):
    """soundfile's blocks would go on with what was in memory."""
    path = tmp_path / "a.mp3"
    soundfile.write(path, noise(3.0), 44100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with opened(path) as file:
        promised = file.frames
        heard = np.concatenate([block.copy() for block in _blocks(file, promised)])[:, 0]
    expected = soundfile.read(path)[0]
    assert 0 < len(heard) < promised
    np.testing.assert_array_equal(heard, expected)


@pytest.mark.parametrize("seconds", [None, 0.1])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_recording_is_the_same_in_memory_and_on_disk(tmp_path, subtype, seconds):
    path = tmp_path / "a.wav"
    samples = np.random.default_rng(1).uniform(-0.9, 0.9, (9000, 2))
    soundfile.write(path, samples, 44100, subtype=subtype)
    in_memory = read_mono(io.BytesIO(path.read_bytes()), 32000, seconds)
    assert np.array_equal(in_memory, read_mono(path, 32000, seconds))


def test_the_rate_of_a_file_in_memory_is_checked(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full(400, 0.5), 50, subtype="PCM_16")
    for source in (tmp_path / "a.wav", io.BytesIO((tmp_path / "a.wav").read_bytes())):
        with pytest.raises(AudioError, match="50 Hz, less than 100"):
            read_mono(source, 32000)
