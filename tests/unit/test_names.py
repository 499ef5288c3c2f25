"""What the files of a data set are called."""

import pytest
import soundfile

from weakseg.names import AUDIO_SUFFIXES, is_audio


def test_every_format_of_libsndfile_is_known_but_raw():
    formats = {f".{name.lower()}" for name in soundfile.available_formats()}
    assert formats - {".raw"} <= set(AUDIO_SUFFIXES)


@pytest.mark.parametrize(
    "name,is_one", [("a/b.WAV", True), ("b.opus", True), ("a/._b.wav", False), ("b.raw", False)]
)
def test_a_recording_is_told_by_its_name(name, is_one):
    assert is_audio(name) is is_one
