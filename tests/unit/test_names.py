"""What the files of a data set are called."""

import pytest
import soundfile

from weakseg.names import AUDIO_SUFFIXES, fold_of_mixture, is_audio, mixture_name


def test_every_format_of_libsndfile_is_known_but_raw():
    formats = {f".{name.lower()}" for name in soundfile.available_formats()}
    assert formats - {".raw"} <= set(AUDIO_SUFFIXES)


@pytest.mark.parametrize(
    "name,is_one", [("a/b.WAV", True), ("b.opus", True), ("a/._b.wav", False), ("b.raw", False)]
)
def test_a_recording_is_told_by_its_name(name, is_one):
    assert is_audio(name) is is_one


@pytest.mark.parametrize(
    "name,fold",
    [
        ("00000.wav", 1),
        ("00059.wav", 1),
        ("00060.wav", 2),
        ("00239.wav", 4),
        ("00240.wav", None),
        ("60.wav", None),
        ("00060", None),
        ("x.wav", None),
        ("-0001.wav", None),
    ],
)
def test_a_mixtures_fold_is_told_by_its_name(name, fold):
    assert fold_of_mixture(name, folds=4, per_fold=60) == fold


def test_mixtures_beyond_five_digits_have_names():
    assert fold_of_mixture(mixture_name(100_000), folds=2, per_fold=70_000) == 2
