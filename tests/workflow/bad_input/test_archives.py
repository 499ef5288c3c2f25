"""Archives and their tables: what is refused, what is left out with a reason, what is read.

Each case spoils the archives of the events, which hold four recordings of two classes, and says
what becomes of it: `refused` with words of the line, `left_out` with words of the reason for each
recording, or `labels` of the recordings that are used.
"""

from __future__ import annotations

import io
import shutil
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from weakseg.recordings import read_index
from weakseg.separation import class_file_name

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.filterwarnings("ignore:Duplicate name"),
]

Spoil = Callable[[Path], None]
FOLDER = "FSD.audio_train"
LABELS = {"a.wav": "Bark", "b.wav": "Bark", "c.wav": "Flute", "d.wav": "Flute"}
HEADER = "fname,label,manually_verified,freesound_id"
ROWS = [f"{name},{label},1,{n}" for n, (name, label) in enumerate(LABELS.items())]
TABLE = "FSD.meta/train.csv"


def sound(seed: int) -> bytes:
    """A third of a second of quiet noise as WAV."""
    file, noise = io.BytesIO(), np.random.default_rng(seed).uniform(-0.2, 0.2, 3200)
    soundfile.write(file, noise, 9600, format="WAV")
    return file.getvalue()


def pack(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def table(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.fixture
def archives(tmp_path) -> Path:
    """The folder of events, which is as it should be; one of scenes lies beside it."""
    scenes, events = tmp_path / "scenes", tmp_path / "events"
    for folder in (scenes, events):
        folder.mkdir()
    park = {"TUT/audio/park-1.wav": sound(8), "TUT/audio/park-2.wav": sound(9)}
    meta = table(
        "filename\tscene_label\tidentifier",
        "audio/park-1.wav\tpark\tpark-1",
        "audio/park-2.wav\tpark\tpark-2",
    )
    pack(scenes / "scenes.zip", park | {"TUT/meta.csv": meta})
    pack(events / "audio.zip", {f"{FOLDER}/{name}": sound(n) for n, name in enumerate(LABELS)})
    pack(events / "meta.zip", {TABLE: table(HEADER, *ROWS)})
    return events


# ---------------------------------------------------------------- ways to spoil


def add(name: str, data: bytes | None = None, archive: str = "audio.zip", mode: int = 0) -> Spoil:
    """A further member; mode: of Unix."""

    def spoil(events: Path) -> None:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(events / archive, "a") as opened:
            opened.writestr(info, sound(7) if data is None else data)

    return spoil


def listed(data: bytes) -> Spoil:
    """Another table."""
    return lambda events: pack(events / "meta.zip", {TABLE: data})


def rows(*further: str) -> Spoil:
    """The table with further rows."""
    return listed(table(HEADER, *ROWS, *further))


def labelled(label: str) -> Spoil:
    """The table with another label for c.wav."""
    quoted = '"' + label.replace('"', '""') + '"'
    return listed(table(HEADER, *ROWS[:2], f"c.wav,{quoted},1,2", ROWS[3]))


def changed(archive: str, change: Callable[[bytes], bytes]) -> Spoil:
    """An archive with other bytes."""
    return lambda events: (events / archive).write_bytes(change((events / archive).read_bytes()))


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def without_last(archive: str) -> Spoil:
    """An archive without its last member."""

    def spoil(events: Path) -> None:
        with zipfile.ZipFile(events / archive) as opened:
            members = {name: opened.read(name) for name in opened.namelist()[:-1]}
        pack(events / archive, members)

    return spoil


def directory_fields(data: bytes, offset: int, value: bytes, local: int | None = None) -> bytes:
    """Each record of the central directory with another value at an offset, and local headers."""
    changed = bytearray(data)
    for signature, at in ((b"PK\x01\x02", offset), (b"PK\x03\x04", local)):
        place = data.find(signature)
        while at is not None and place >= 0:
            changed[place + at : place + at + len(value)] = value
            place = data.find(signature, place + 4)
    return bytes(changed)


def encrypted(data: bytes) -> bytes:
    return directory_fields(data, 8, b"\x01\x00", local=6)


def unheard_of_packing(data: bytes) -> bytes:
    return directory_fields(data, 10, struct.pack("<H", 99), local=8)


def said_to_be_huge(data: bytes) -> bytes:
    return directory_fields(data, 24, struct.pack("<I", 2**32 - 2), local=22)


def bomb(start: bytes, n_bytes: int) -> bytes:
    return start + bytes(n_bytes)


def copied_below(events: Path) -> None:
    (events / "further").mkdir()
    shutil.copy(events / "audio.zip", events / "further")


# ---------------------------------------------------------------- the table


@dataclass(frozen=True)
class Case:
    name: str
    spoil: Spoil
    refused: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=lambda: LABELS)


LAST_OUT = {"a.wav": "Bark", "b.wav": "Bark", "c.wav": "Flute"}
WITHOUT_C = {"a.wav": "Bark", "b.wav": "Bark", "d.wav": "Flute"}
EXACTLY = ("train.csv", "fname,label")

CASES = [
    # the archives themselves
    Case("no directory", shutil.rmtree, ("data.events", "not a directory", "give the one that")),
    Case(
        "an empty directory",
        lambda events: [path.unlink() for path in events.iterdir()],
        ("data.events", "holds no zip archive", "give the directory that does"),
    ),
    Case(
        "a file in place of the directory",
        lambda events: (shutil.rmtree(events), events.write_text("x")),
        ("data.events", "not a directory"),
    ),
    Case("a truncated archive", changed("audio.zip", cut), ("audio.zip", "not a readable zip")),
    Case("an empty archive", changed("audio.zip", lambda _: b""), ("audio.zip", "fetch or make")),
    Case("no zip", changed("audio.zip", lambda _: b"Rar!\x1a\x07"), ("audio.zip", "readable zip")),
    Case(
        "names that are no text",
        changed(
            "audio.zip",
            lambda data: directory_fields(data, 8, b"\x00\x08").replace(
                b"FSD.", b"\xff\xfe\xff\xfe"
            ),
        ),
        ("audio.zip", "not a readable zip archive", "fetch or make it again"),
    ),
    Case("encrypted recordings", changed("audio.zip", encrypted), ("events", "encrypted")),
    Case("an encrypted table", changed("meta.zip", encrypted), ("meta.zip", TABLE, "encrypted")),
    Case(
        "a way of packing that is not known",
        changed("audio.zip", unheard_of_packing),
        ("no usable recording among the events", "compression method"),
    ),
    Case(
        "an archive of nothing",
        lambda events: pack(events / "audio.zip", {}),
        ("no usable recording among the events", "listed in train.csv but not there"),
    ),
    Case("archives in a folder below are not read", copied_below),
    # members
    Case(
        "a recording that is missing",
        without_last("audio.zip"),
        left_out={"d.wav": "listed in train.csv but not there"},
        labels=LAST_OUT,
    ),
    Case(
        "a damaged recording",
        changed("audio.zip", lambda data: data[:60] + bytes(2000) + data[2060:]),
        left_out={"a.wav": "damaged in its archive"},
        labels={"b.wav": "Bark", "c.wav": "Flute", "d.wav": "Flute"},
    ),
    Case(
        "a member that is there twice",
        add(f"{FOLDER}/d.wav"),
        left_out={"d.wav": "2 files have this name"},
        labels=LAST_OUT,
    ),
    Case(
        "two tables of one name",
        add(TABLE, table(HEADER, *ROWS[:2]), "meta.zip"),
        ("several tables", "train.csv", "keep one"),
    ),
    Case(
        "an absolute path",
        lambda events: (add("/etc/e.wav")(events), rows("e.wav,Bark,1,9")(events)),
        left_out={"e.wav": "its path leads out of the archive"},
    ),
    Case(
        "a path that goes up",
        lambda events: (add(f"{FOLDER}/../../../e.wav")(events), rows("e.wav,Bark,1,9")(events)),
        left_out={"e.wav": "its path leads out of the archive"},
    ),
    Case(
        "a path of Windows that goes up",
        lambda events: (add("..\\..\\e.wav")(events), rows("..\\..\\e.wav,Bark,1,9")(events)),
        left_out={"..\\..\\e.wav": "its path leads out of the archive"},
    ),
    Case(
        "a link in place of a recording",
        lambda events: (
            add(f"{FOLDER}/e.wav", b"/etc/passwd", mode=stat.S_IFLNK | 0o777)(events),
            rows("e.wav,Bark,1,9")(events),
        ),
        left_out={"e.wav": "a link, which is not followed"},
    ),
    Case(
        "a link in place of the table",
        lambda events: (
            (events / "meta.zip").unlink(),
            add(TABLE, b"/etc/passwd", mode=stat.S_IFLNK | 0o777)(events),
        ),
        ("audio.zip", TABLE, "a link, which is not followed"),
    ),
    Case(
        "a zip bomb in place of a recording",
        lambda events: (
            add(f"{FOLDER}/e.wav", bomb(sound(3), 70_000_000))(events),
            rows("e.wav,Bark,1,9")(events),
        ),
        left_out={"e.wav": "a zip bomb"},
    ),
    Case(
        "a zip bomb in place of the table",
        listed(bomb(table(HEADER, *ROWS), 70_000_000)),
        ("meta.zip", TABLE, "a zip bomb", "leave it out"),
    ),
    Case(
        "recordings that are said to be huge",
        changed("audio.zip", said_to_be_huge),
        ("no usable recording among the events", "a zip bomb"),
    ),
    # the table
    Case(
        "no such columns",
        listed(table("fname,class", *(row[:10] for row in ROWS))),
        (*EXACTLY, "'fname,class'", "correct the line"),
    ),
    Case(
        "no header",
        listed(table(*ROWS)),
        (*EXACTLY, "'a.wav,Bark,1,0'", "correct the line"),
    ),
    Case(
        "another separator",
        listed(table(HEADER, *ROWS).replace(b",", b"|")),
        (*EXACTLY, "fname|label", "parted by"),
    ),
    Case("semicolons", listed(table(HEADER, *ROWS).replace(b",", b";"))),
    Case("tabs", listed(table(HEADER, *ROWS).replace(b",", b"\t"))),
    Case("a byte order mark", listed(b"\xef\xbb\xbf" + table(HEADER, *ROWS))),
    Case("line ends of Windows", listed(table(HEADER, *ROWS).replace(b"\n", b"\r\n"))),
    Case("line ends of old Macs", listed(table(HEADER, *ROWS).replace(b"\n", b"\r"))),
    Case(
        "UTF-16",
        listed(table(HEADER, *ROWS).decode().encode("utf-16")),
        ("meta.zip", TABLE, "not UTF-8 text", "save it as CSV UTF-8"),
    ),
    Case(
        "Latin-1",
        listed(table(HEADER, *ROWS, "e.wav,Fl\xf6te,1,9").decode().encode("latin-1")),
        ("meta.zip", TABLE, "not UTF-8 text", "save it as CSV UTF-8"),
    ),
    Case("an empty table", listed(b"\n"), (*EXACTLY, "leave the table out")),
    Case(
        "a table of a header alone",
        listed(table(HEADER)),
        ("no usable recording", "none was found"),
    ),
    Case("two columns of one name", listed(table(f"{HEADER},label", *ROWS)), ("label", "keep one")),
    Case("a row that is too long", rows("e.wav,Bark,1,9,loud"), ("train.csv, line 6", "5 cells")),
    Case("a quote that is not closed", rows('e.wav,"Bark,1,9'), ("train.csv", "must be closed")),
    Case("a cell of a megabyte", labelled("x" * 1_000_000), ("train.csv", "at most 131072")),
    Case(
        "a flag that is none",
        rows("a.wav,Bark,perhaps,0"),
        ("a.wav", "manually_verified", "'perhaps'", "expected 0 or 1"),
    ),
    Case(
        "a row for a file that is not there",
        rows("e.wav,Bark,1,9"),
        left_out={"e.wav": "listed in train.csv but not there"},
    ),
    Case(
        "a file that no row lists",
        add(f"{FOLDER}/e.wav"),
        left_out={"e.wav": "not listed in train.csv"},
    ),
    Case("a row that is there twice", rows(ROWS[0]), left_out={"a.wav": "listed twice"}),
    Case(
        "rows for none of the files",
        listed(table(HEADER, "x.wav,Bark,1,1", "y.wav,Flute,1,2")),
        ("no usable recording among the events", "listed in train.csv but not there"),
    ),
    Case(
        "a path in a row that leads elsewhere",
        rows("../../../../etc/passwd,Bark,1,9", "/etc/hostname,Bark,1,9"),
        left_out={"passwd": "not there", "hostname": "not there"},
    ),
    # labels
    Case(
        "a class without a verified recording",
        listed(table(HEADER, *ROWS[:3], "d.wav,Bell,0,3")),
        left_out={"d.wav": "label Bell has no verified recording"},
        labels=LAST_OUT,
    ),
    Case(
        "no verified recording at all",
        listed(table(HEADER, *(row.replace(",1,", ",0,") for row in ROWS))),
        ("no usable recording among the events", "has no verified recording"),
    ),
    Case(
        "a label that is empty",
        labelled(" "),
        left_out={"c.wav": "no label"},
        labels=WITHOUT_C,
    ),
    *(
        Case(f"a label {name}", labelled(label), labels=LABELS | {"c.wav": label})
        for name, label in {
            "with spaces": "Alto flute, low",
            "with slashes": "../../Wind/Flute",
            "of HTML": "<script>alert('x')</script>",
            "of the shell": "$(touch x)",
            "that is a number": "007",
            "that stands for nothing": "NaN",
            "in Chinese": "\u957f\u7b1b",
            "with quotes": 'Flute "low"',
            "with braces": "{wildcard}",
            "of 200 letters": "x" * 200,
        }.items()
    ),
    Case(
        "a label of 201 letters",
        labelled("x" * 201),
        left_out={"c.wav": "its label has 201 characters, more than 200"},
        labels=WITHOUT_C,
    ),
    Case(
        "a label of two lines",
        labelled("Flute\nlow"),
        left_out={"c.wav": "holds a line break"},
        labels=WITHOUT_C,
    ),
    Case(
        "a label that commands a terminal",
        labelled("\x1b[31mFlute"),
        left_out={"c.wav": "another control character"},
        labels=WITHOUT_C,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_archives(case, archives, index_sets, events):
    case.spoil(archives)
    ended = index_sets("archives")
    if case.refused:
        ended.require_line(*case.refused)
        return
    assert ended.status == 0 and "error" not in ended.errors, ended.errors
    index = events()
    used = index[index.usable]
    assert dict(zip(used["name"], used.label, strict=True)) == case.labels
    unused = index[~index.usable]
    assert set(unused.name) == set(case.left_out)
    for name, words in case.left_out.items():
        assert words in unused.why_not[name]
        assert f"not used: {unused.why_not[name]}" in ended.log
    for number, label in enumerate(used.label):
        file = class_file_name(number, label)
        assert Path(file).name == file and len(file.encode()) < 256


@pytest.mark.parametrize(
    "name", ["a zip bomb in place of a recording", "a zip bomb in place of the table"]
)
def test_a_bomb_takes_no_memory(name, archives, index_sets):
    next(case for case in CASES if case.name == name).spoil(archives)
    tracemalloc.start()
    try:
        index_sets("archives")
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()


def test_a_table_of_scenes_that_has_other_columns_is_passed_over_with_a_warning(
    archives, index_sets
):
    members = {"park-1.wav": sound(8), "meta.csv": table("clip,place", "park-1.wav,park")}
    pack(archives.parent / "scenes" / "scenes.zip", members)
    ended = index_sets("archives")
    assert ended.status == 0
    assert ended.errors.count("warning: meta.csv: its first line, 'clip,place', does not") == 1


# ---------------------------------------------------------------- the same by Snakemake

IN_BRIEF = ("an encrypted table",)
BY_SNAKEMAKE = [
    case if case.name in IN_BRIEF else pytest.param(case, marks=pytest.mark.soak) for case in CASES
]


@pytest.mark.parametrize("case", BY_SNAKEMAKE, ids=[case.name for case in CASES])
def test_archives_in_a_run(case, archives, fresh, refused_run):
    case.spoil(archives)
    sets = f"data={{source: archives, scenes: {archives.parent / 'scenes'}, events: {archives}}}"
    arguments = "--until", "index_recordings", "--config", sets
    if case.refused:
        refused_run(case.refused, *arguments)
        assert not (fresh.results / "recordings" / "events.csv").exists()
        return
    fresh.must_run(*arguments)
    index = read_index(fresh.results / "recordings" / "events.csv")
    used = index[index.usable]
    assert dict(zip(used["name"], used.label, strict=True)) == case.labels
    assert not (archives.parent / "e.wav").exists()
