"""Sounds are Opus, the same bytes each time, and sound as they did."""

import io
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from weakseg.gallery.sounds import OPUS_RATE, QUALITIES, SERIAL, opus, with_serial


def tone(seconds=1.0, rate=32000, hz=440):
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [8000, 32000, 44100, 48000])
@pytest.mark.parametrize("quality", QUALITIES)
def test_a_sound_keeps_its_length_and_its_pitch(rate, quality):
    audio, read_rate = soundfile.read(io.BytesIO(opus(tone(rate=rate), rate, quality)))
    assert read_rate == OPUS_RATE and len(audio) == OPUS_RATE
    spectrum = np.abs(np.fft.rfft(audio))
    assert spectrum.argmax() == 440
    assert np.sqrt(np.mean(audio**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_each_quality_takes_less_room_than_the_one_before():
    noise = np.random.default_rng(0).normal(0, 0.1, 64000)
    sizes = [len(opus(noise, 32000, quality)) for quality in QUALITIES]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 2.5 * sizes[-1]


def test_another_process_makes_the_same_bytes():
    code = (
        "import sys, numpy as np; from weakseg.gallery.sounds import opus;"
        "sys.stdout.buffer.write(opus(np.sin(np.arange(20000) / 9) / 2, 32000, 0.8))"
    )
    made = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in "12"
    ]
    assert made[0].stdout == made[1].stdout == opus(np.sin(np.arange(20000) / 9) / 2, 32000, 0.8)
    assert SERIAL in made[0].stdout[:20]


def test_a_serial_number_is_replaced_with_all_checksums():
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", 48000, 1, format="OGG", subtype="OPUS") as file:
        file.write(tone(rate=48000))
    original = buffer.getvalue()
    assert with_serial(original, original[14:18]) == original  # libsndfile's own checksums
    assert with_serial(with_serial(original, b"1234"), original[14:18]) == original


def test_loud_and_empty_sounds_are_written():
    loud = soundfile.read(io.BytesIO(opus(4 * tone(), 32000, 0.8)))[0]
    assert np.isfinite(loud).all() and np.abs(loud).max() < 1.5
    assert len(soundfile.read(io.BytesIO(opus(np.zeros(10), 32000, 0.8)))[0]) == 15
