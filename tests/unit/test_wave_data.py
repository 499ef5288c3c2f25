"""weakseg.wave_data: WAV files in memory are what libsndfile makes of them, or are left to it."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from weakseg.wave_data import read_wave


def wav(samples, rate=48000, subtype="PCM_24", form="WAV"):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype=subtype, format=form)
    file.seek(0)
    return file


@pytest.fixture
def noise():
    rng = np.random.default_rng(1)
    return lambda n_channels, n_samples=4801: rng.uniform(-1, 1, (n_samples, n_channels))


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 8])
def test_samples_are_to_the_bit_those_of_libsndfile(noise, subtype, n_channels):
    file = wav(noise(n_channels), subtype=subtype)
    mono, rate = read_wave(file)
    file.seek(0)
    expected = sum(soundfile.read(file, always_2d=True)[0].T) / n_channels
    assert rate == 48000
    assert np.array_equal(mono, expected)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_the_extremes_of_a_format_are_kept(subtype):
    mono, _ = read_wave(wav(np.array([-1.0, 1.0, 0.0, -1.0]), subtype=subtype))
    step = 2.0 ** -(int(subtype[-2:]) - 1)
    assert mono.tolist() == [-1, 1 - step, 0, -1]


def test_no_more_is_read_than_is_needed(noise):
    file = wav(noise(2))
    all_of_it = read_wave(file).mono
    assert np.array_equal(read_wave(file, 0.05).mono, all_of_it[:2400])
    assert np.array_equal(read_wave(file, 0.050001).mono, all_of_it[:2401])
    assert np.array_equal(read_wave(file, 9.0).mono, all_of_it)


@pytest.mark.parametrize(
    ("subtype", "form"),
    [
        ("PCM_U8", "WAV"),
        ("PCM_32", "WAV"),
        ("FLOAT", "WAV"),
        ("PCM_16", "WAVEX"),
        ("PCM_16", "FLAC"),
    ],
)
def test_other_formats_are_left_to_libsndfile_from_their_start_on(noise, subtype, form):
    file = wav(noise(2), subtype=subtype, form=form)
    expected = None if form != "WAVEX" else soundfile.read(file, always_2d=True)[0].mean(1)
    read = read_wave(file)
    # Python 3.12 and later know the extensible header
    assert read is None or np.array_equal(read.mono, expected)
    assert file.tell() == 0


@pytest.mark.parametrize("length", [0, 3, 11, 30, 44, 45, 4000])
def test_a_file_that_ends_early_is_left_to_libsndfile(noise, length):
    assert read_wave(io.BytesIO(wav(noise(2)).getvalue()[:length])) is None


def test_what_is_needed_may_lie_before_the_end_that_is_missing(noise):
    data = wav(noise(2)).getvalue()
    mono, _ = read_wave(io.BytesIO(data[:20_000]), 0.05)
    assert np.array_equal(mono, read_wave(io.BytesIO(data), 0.05).mono)
    assert read_wave(io.BytesIO(data[:20_000]), 0.09) is None


def test_chunks_before_the_data_are_skipped_also_odd_ones(noise):
    data = wav(noise(1)).getvalue()
    at = data.index(b"data")
    longer = bytearray(data[:at] + b"LIST\x03\x00\x00\x00abc\x00" + data[at:])
    longer[4:8] = (len(longer) - 8).to_bytes(4, "little")
    assert np.array_equal(read_wave(io.BytesIO(longer)).mono, read_wave(io.BytesIO(data)).mono)


def test_more_channels_than_their_sum_has_bits_for_are_left_to_libsndfile():
    loudest = np.full((3, 128), -1.0)
    assert np.array_equal(read_wave(wav(loudest)).mono, [-1.0] * 3)
    assert read_wave(wav(np.zeros((3, 129)))) is None


def test_a_file_whose_header_promises_nothing_is_left_to_libsndfile(noise):
    data = bytearray(wav(noise(1)).getvalue())
    at = data.index(b"data") + 4
    data[at : at + 4] = bytes(4)
    assert read_wave(io.BytesIO(data)) is None


@given(
    st.sampled_from(["PCM_16", "PCM_24"]),
    st.dictionaries(st.integers(0, 59), st.integers(0, 255), min_size=1, max_size=3),
)
def test_where_a_header_is_damaged_what_is_read_is_what_libsndfile_reads(subtype, damage):
    data = bytearray(wav(np.linspace(-0.9, 0.9, 400).reshape(200, 2), subtype=subtype).getvalue())
    for place, value in damage.items():
        data[place] = value
    read = read_wave(io.BytesIO(data))
    try:
        samples, rate = soundfile.read(io.BytesIO(data), always_2d=True)
    except soundfile.LibsndfileError:  # such a recording is not in the index
        return
    if read is not None:
        assert read.sample_rate == rate
        assert np.array_equal(read.mono, sum(samples.T) / samples.shape[1])
