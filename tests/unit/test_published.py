from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from weakseg.published import DCASE2018, Archive, ArchiveError, check, read_list, write_list

HEAD = "role,record,file,bytes,md5\n"
SCENES = "scenes,1,a.zip,3,900150983cd24fb0d6963f7d28e17f72\n"  # of "abc" (RFC 1321)
EVENTS = "events,22,b.zip,,\n"


@pytest.fixture
def listed(tmp_path):
    """Writes a list: listed(rows)."""

    def write(text: str) -> Path:
        path = tmp_path / "list.csv"
        path.write_text(text)
        return path

    return write


def test_the_published_archives():
    archives = read_list(DCASE2018)
    scenes = [archive for archive in archives if archive.role == "scenes"]
    assert {a.record for a in scenes} == {"1228142"} and len(scenes) == 15
    assert sum(archive.bytes for archive in scenes) == 21_353_171_682
    assert all(len(archive.md5) == 32 for archive in scenes)
    events = [archive for archive in archives if archive.role == "events"]
    assert events == [
        Archive("events", "2552860", f"FSDKaggle2018.{what}.zip", 0, "")
        for what in ("audio_train", "meta")
    ]


def test_a_list_is_written_as_it_was_read(listed, tmp_path):
    path = listed(HEAD + SCENES + EVENTS)
    archives = read_list(path)
    assert archives == [
        Archive("scenes", "1", "a.zip", 3, hashlib.md5(b"abc").hexdigest()),
        Archive("events", "22", "b.zip", 0, ""),
    ]
    write_list(tmp_path / "again.csv", archives)
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()


BAD = {
    HEAD + SCENES + "noises,1,c.zip,,\n": "list.csv, line 3: role is 'noises', expected scenes or",
    HEAD + SCENES + "events,x,c.zip,,\n": "record is 'x', expected the number",
    HEAD + SCENES + "events,1,../c.zip,,\n": "file is '../c.zip', expected a file name",
    HEAD + SCENES + "events,1,{c}.zip,,\n": "file is '{c}.zip'",
    HEAD + SCENES + "events,1,c.zip,2 GB,\n": "bytes is '2 GB', expected a number of bytes",
    HEAD + SCENES + "events,1,c.zip,,abc\n": "md5 is 'abc', expected 32 hexadecimal digits",
    HEAD + SCENES + SCENES + EVENTS: "a.zip is listed twice",
    HEAD + SCENES: "no archive with the role events",
    "file,size\na.zip,3\n": "line 2: role is None",
    "": "no archive with the role scenes",
}


@pytest.mark.parametrize("text,line", BAD.items(), ids=BAD.values())
def test_what_is_no_list_is_refused_with_its_line(listed, text, line):
    with pytest.raises(ArchiveError) as refusal:
        read_list(listed(text))
    assert line in str(refusal.value) and "\n" not in str(refusal.value)


def test_no_file_and_no_text(tmp_path):
    with pytest.raises(ArchiveError, match=r"nowhere\.csv: not a readable list"):
        read_list(tmp_path / "nowhere.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArchiveError, match=r"binary\.csv: not a readable list"):
        read_list(tmp_path / "binary.csv")


def test_a_file_is_the_archive_if_length_and_md5_are_right(listed, tmp_path):
    archive = read_list(listed(HEAD + SCENES + EVENTS))[0]
    path = tmp_path / "a.zip"
    path.write_bytes(b"abc")
    check(path, archive)
    path.write_bytes(b"abd")
    with pytest.raises(ArchiveError, match=r"a\.zip: not the published archive: its MD5 is 4911e5"):
        check(path, archive)
    path.write_bytes(b"ab")
    with pytest.raises(ArchiveError, match="it has 2 bytes, the published archive 3; move it away"):
        check(path, archive)
