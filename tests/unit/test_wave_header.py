"""weakseg.wave_header: how long a WAV file says that it is, and recordings that are shorter."""

import io
import struct

import numpy as np
import pytest
import soundfile

from weakseg.audio import AudioError, read_header, read_mono
from weakseg.wave_header import Length, length_of

RATE = 8000
SOUND = np.random.default_rng(1).uniform(-0.5, 0.5, (2 * RATE, 2))


def wav(subtype: str = "PCM_16", kind: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, SOUND, RATE, subtype=subtype, format=kind)
    return file.getvalue()


def with_size(data: bytes, size: int) -> bytes:
    """The same with another size of its samples in the header."""
    at = data.index(b"data") + 4
    return data[:at] + struct.pack("<I", size) + data[at + 4 :]


@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE"])
def test_a_whole_file_holds_what_it_promises(subtype, kind):
    assert length_of(io.BytesIO(wav(subtype, kind))) == Length(2 * RATE, 2 * RATE, RATE)


def test_chunks_before_the_samples_are_passed_over():
    data = wav()
    at = data.index(b"data")
    odd = data[:at] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + data[at:]
    assert length_of(io.BytesIO(odd)) == Length(2 * RATE, 2 * RATE, RATE)


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x7FFF_F000])
def test_a_length_that_nobody_knew_is_none(tmp_path, size):
    (tmp_path / "piped.wav").write_bytes(with_size(wav(), size))
    assert length_of(io.BytesIO((tmp_path / "piped.wav").read_bytes())) is None


@pytest.mark.parametrize("data", [b"", b"RIFF", wav(kind="AIFF"), wav()[:30], wav()[:40]])
def test_what_is_no_whole_header_has_no_length(data):
    assert length_of(io.BytesIO(data)) is None


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
@pytest.mark.parametrize("read", [read_header, lambda source: read_mono(source, RATE)])
def test_a_recording_that_ends_early_is_damaged(tmp_path, subtype, read):
    data = wav(subtype)
    data = data[: data.index(b"data") + 8 + (len(data) - 100) // 2]
    (tmp_path / "a.wav").write_bytes(data)
    for source in (tmp_path / "a.wav", str(tmp_path / "a.wav"), io.BytesIO(data)):
        with pytest.raises(AudioError, match=r"damaged: it ends at 1\.0 s of 2\.0 s"):
            read(source)


def test_a_few_lost_samples_are_no_damage(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav()[:-200])
    assert len(read_mono(tmp_path / "a.wav", RATE)) == 2 * RATE - 50
