"""The recordings that a user names."""

import os
from pathlib import Path

import pytest

from weakseg.audio_paths import ListingError, list_audio, passed_over


@pytest.fixture
def folder(tmp_path):
    for name in ("b.wav", "a.flac", "sub/b.wav", "sub/.hidden.wav", "notes.txt", "out/c.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(listed):
    return [file.name for file in listed]


def test_a_folder_is_listed_with_its_sub_folders(folder):
    listed = list_audio([folder], but_not_in=folder / "out")
    assert names(listed) == ["a.flac", "b.wav", "sub/b.wav"]
    assert all(file.path == folder / file.name for file in listed)


def test_sound_that_is_not_read_is_counted_by_its_ending(folder):
    assert passed_over([folder]) is None
    for name in ("x.wma", "sub/y.M4A", "sub/z.m4a", "out/o.m4a", ".hidden.wma"):
        (folder / name).touch()
    said = passed_over([folder, folder / "b.wav"], but_not_in=folder / "out")
    assert said.startswith("files of formats that are not read are passed over (2 .m4a, 1 .wma);")
    assert passed_over([folder / "x.wma"]) is None  # which is tried


def test_a_named_file_counts_whatever_its_ending(folder):
    assert names(list_audio([folder / "notes.txt"])) == ["notes.txt"]


def test_equal_names_are_told_apart(folder):
    listed = list_audio([folder / "b.wav", folder / "sub" / "b.wav", folder / "sub"])
    assert names(listed) == ["b.wav", "b-2.wav", "b-3.wav"]
    assert [file.path for file in listed[1:]] == [folder / "sub" / "b.wav"] * 2


def test_a_name_that_is_no_utf8_becomes_text(tmp_path):
    for number in (0xE4, 0xF6):
        Path(os.fsdecode(bytes(tmp_path) + b"/%c.wav" % number)).touch()
    listed = list_audio([tmp_path])
    assert names(listed) == ["\ufffd.wav", "\ufffd-2.wav"]
    assert all(file.path.exists() for file in listed)


def test_what_is_not_there_is_named(folder):
    with pytest.raises(ListingError, match=r"nowhere: no such file or folder"):
        list_audio([folder / "nowhere"])
    (folder / "empty").mkdir()
    with pytest.raises(ListingError, match=r"empty: holds no recording"):
        list_audio([folder / "empty"])
