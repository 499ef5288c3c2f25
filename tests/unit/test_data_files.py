import errno
import os
from pathlib import Path

import pytest

from workflow.consistency import ConfigurationError
from workflow.data_files import (
    both_sets,
    both_sets_or_stop,
    download_directories,
    files_of_set,
    folder_of_set,
    published_or_stop,
)
from workflow.own_audio import file_or_stop, own_audio_or_stop


@pytest.fixture
def directory(tmp_path):
    for name in (
        "b.zip",
        "a.zip",
        "train.csv",
        "notes.txt",
        ".hidden.zip",
        "Bark/1.wav",
        "Bark/x.csv",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_archives_and_their_tables_in_order(directory):
    found = files_of_set("events", str(directory), "archives")
    assert found == [str(directory / name) for name in ("a.zip", "b.zip", "train.csv")]


def test_folders_are_searched_to_their_depth(directory):
    found = files_of_set("events", str(directory), "folders")
    assert found == [str(directory / name) for name in ("Bark/1.wav", "Bark/x.csv", "train.csv")]


def test_what_is_missing_is_named(directory, tmp_path):
    with pytest.raises(ConfigurationError, match=r"data\.scenes: .*nowhere is not a directory"):
        files_of_set("scenes", str(tmp_path / "nowhere"), "archives")
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        ConfigurationError, match=r"holds no zip archive.*set data\.source to folders"
    ):
        files_of_set("events", str(tmp_path / "empty"), "archives")
    with pytest.raises(ConfigurationError, match="null is not a directory"):
        files_of_set("events", None, "archives")


def test_the_workflow_stops_with_the_line(tmp_path):
    with pytest.raises(SystemExit, match=r"^configuration: data\.scenes: "):
        both_sets_or_stop(None, str(tmp_path / "nowhere"), "folders")


@pytest.fixture
def locked(directory, monkeypatch):
    """A folder that may not be read, as root may read all."""
    scandir = os.scandir

    for name in (".Trashes", "lost+found"):  # of the system, and of nobody's concern
        (directory / name).mkdir()

    def refuse(path):
        if Path(path).name in ("Bark", ".Trashes", "lost+found"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    return directory / "Bark"


def test_what_may_not_be_read_is_named(locked, directory):
    with pytest.raises(SystemExit, match=rf"^configuration: data: {locked}: Permission denied; a"):
        both_sets_or_stop(str(directory), str(directory), "folders")
    with pytest.raises(SystemExit, match=rf"predict\.audio: {locked}: Permission denied; allow"):
        own_audio_or_stop({"audio": str(directory)}, "results")
    for audio in ("n" * 300, f"{directory}/{'n' * 300}.wav"):
        with pytest.raises(SystemExit, match=r"predict\.audio: .*nn.*: File name too long; give"):
            own_audio_or_stop({"audio": audio}, "results")
        with pytest.raises(SystemExit, match=r"predict\.model: .*nn.*: File name too long; give"):
            file_or_stop("model", audio)
        with pytest.raises(SystemExit, match=r"data: .*nn.*: File name too long; give"):
            both_sets_or_stop(audio, audio, "folders")


def test_what_systems_keep_for_themselves_is_passed_over(locked, directory):
    locked.rename(directory / "Meow")
    assert f"{directory}/Meow/1.wav" in files_of_set("events", str(directory), "folders")


def test_a_list_of_a_file_that_may_not_be_looked_at_is_no_list_of_what_is_not_there(
    directory, monkeypatch
):
    (directory / "mine.csv").write_text("file,label\nBark/1.wav,Bark")

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(PermissionError):
        files_of_set("events", str(directory / "mine.csv"), "folders")


def test_a_list_names_its_recordings(directory, tmp_path):
    """Those that are there; one may lie elsewhere, or be listed twice."""
    lists = tmp_path / "lists"
    lists.mkdir()
    rows = ["file,label", "../Bark/1.wav,Bark", f"{tmp_path}/Bark/1.wav,Bark", "gone.wav,Bark"]
    rows.append(f"{'n' * 300}.wav,Bark")  # no file has such a name
    (lists / "mine.csv").write_text("\n".join(rows))
    found = files_of_set("events", str(lists / "mine.csv"), "folders")
    assert found == [str(lists / "mine.csv"), f"{lists}/../Bark/1.wav", f"{tmp_path}/Bark/1.wav"]
    assert folder_of_set(str(lists / "mine.csv"), "folders") == str(lists)
    assert folder_of_set(str(directory), "folders") == str(directory)
    with pytest.raises(ConfigurationError, match="are not apart, both have"):
        both_sets(str(directory / "Bark"), str(lists / "mine.csv"), "folders")


def test_a_list_of_what_is_not_there_or_no_list_is_refused(directory):
    for text, message in {
        "file,label\nx.wav,Bark": r"data\.events: no file that .*mine\.csv lists is there, ",
        "name,label\nx.wav,Bark": r"data\.events: .*mine\.csv: no column file \(there are name",
    }.items():
        (directory / "mine.csv").write_text(text)
        with pytest.raises(ConfigurationError, match=message):
            files_of_set("events", str(directory / "mine.csv"), "folders")


@pytest.mark.parametrize("scenes,events", [("", ""), ("Bark", ""), ("", "Bark")])
def test_extracted_sets_must_lie_apart(directory, scenes, events):
    with pytest.raises(
        ConfigurationError, match=r"are not apart, both have .*; give each set files of its own"
    ):
        both_sets(str(directory / scenes), str(directory / events), "folders")
    assert both_sets(str(directory), str(directory), "archives")["scenes"]


def test_braces_in_a_name_are_refused(directory):
    (directory / "Bark" / "x{b}.wav").touch()
    with pytest.raises(ConfigurationError, match=r"x\{b\}\.wav has one of \{\}<> in its path"):
        files_of_set("events", str(directory), "folders")


def test_published_archives_by_role(tmp_path):
    published = published_or_stop(None)
    assert {role: len(archives) for role, archives in published.items()} == {
        "scenes": 15,
        "events": 2,
    }
    with pytest.raises(SystemExit, match=r"^configuration: data\.published: .*nowhere\.csv: not a"):
        published_or_stop(str(tmp_path / "nowhere.csv"))


def test_downloads_lie_beside_the_results_or_where_they_are_wanted():
    both = {"scenes": "/big/data", "events": "/big/data"}
    assert download_directories(None, None, "/big/results") == both
    assert download_directories(None, "e", "results") == {"scenes": "data", "events": "e"}
