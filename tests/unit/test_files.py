import pytest

from weakseg.files import keep_only, replacing


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old" and temporary.parent == path.parent
    assert path.read_text() == "new"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_what_an_earlier_run_left_is_removed(tmp_path):
    for name in ("a.flac", "b.flac", "notes.txt"):
        (tmp_path / name).touch()
    keep_only(tmp_path, "*.flac", {"b.flac"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.flac", "notes.txt"]
