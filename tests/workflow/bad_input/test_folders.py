"""Folders and lists of recordings, and folds that they cannot fill.

Each case spoils a folder of events, which holds two recordings of each of two classes, or the list
of them, and says what becomes of it: words of the line that refuses it, or further labels that are
used.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.workflow

Spoil = Callable[[Path], object]
LABELS = {
    "Bark/1.wav": "Bark", "Bark/2.wav": "Bark", "Flute/1.wav": "Flute", "Flute/2.wav": "Flute",
}  # fmt: skip
ROWS = [f"events/{name},{label}\n" for name, label in LABELS.items()]


def sound(seed: int) -> bytes:
    """A third of a second of quiet noise as WAV."""
    file, noise = io.BytesIO(), np.random.default_rng(seed).uniform(-0.2, 0.2, 3200)
    soundfile.write(file, noise, 9600, format="WAV")
    return file.getvalue()


@pytest.fixture
def root(tmp_path) -> Path:
    """A folder with `scenes`, `events` and `mine.csv`, which lists these."""
    for number, name in enumerate(
        ["scenes/a.wav", "scenes/b.wav", *(f"events/{n}" for n in LABELS)]
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(sound(number))
    (tmp_path / "mine.csv").write_text("".join(["file,label\n", *ROWS]))
    return tmp_path


def add(name: str | bytes, data: bytes | None = None) -> Spoil:
    """A further file below the root."""

    def spoil(root: Path) -> None:
        path = root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sound(9) if data is None else data)

    return spoil


def link(name: str, to: str) -> Spoil:
    return lambda root: (root / name).symlink_to(to)


# folder -> words of the line that refuses it, or the labels that are used beside LABELS
FOLDERS: dict[str, tuple[Spoil, tuple[str, ...] | dict[str, str]]] = {
    "a label with spaces and Unicode": (
        add("events/Fl\u00f6te tief/3.wav"),
        {"3.wav": "Fl\u00f6te tief"},
    ),
    "a label of the shell": (add("events/$(touch x)/3.wav"), {"3.wav": "$(touch x)"}),
    "a label of HTML": (add("events/<b>/3.wav"), ("data.events", "<b>", "rename it")),
    "a label with braces": (add("events/{snr}/3.wav"), ("data.events", "{snr}", "rename it")),
    "a file of no folder": (add("events/3.wav"), {}),
    "a hidden file": (add("events/Bark/._1.wav"), {}),
    "a name that is not UTF-8": (
        add(b"events/Bark/\xe4.wav"),
        ("data.events", "\\udce4.wav", "not UTF-8", "rename it"),
    ),
    "a name of two lines": (
        add("events/Bark/3\n4.wav"),
        ("data.events", "Bark/3\\n4.wav'", "line break", "rename it"),
    ),
    "a link to nothing": (link("events/Bark/3.wav", "nothing.wav"), {}),
    "a link to itself": (link("events/Bark/3.wav", "3.wav"), {}),
    "a link to the folder above": (link("events/Bark/up", ".."), {}),
    "a pipe": (lambda root: os.mkfifo(root / "events/Bark/3.wav"), {}),
    "a table of something else": (add("events/weather.csv", b"day,rain\n1,2\n"), {}),
    "a table that is no text": (
        add("events/x.csv", bytes(range(256))),
        {},
    ),
    "scenes among the events": (
        link("events/Bark/a.wav", "../../scenes/a.wav"),
        ("data.scenes", "data.events", "are not apart", "give each set files of its own"),
    ),
}

# list -> the same
LISTS: dict[str, tuple[bytes | None, tuple[str, ...] | dict[str, str]]] = {
    "no list": (None, ("mine.csv: cannot be read (No such file or directory)", "correct the path")),
    "an empty list": (b"", ("mine.csv: it lists nothing", "add a line a recording")),
    "a header alone": (b"file,label\n", ("mine.csv: it lists nothing", "add a line a recording")),
    "no label": (
        b"file,class\nx.wav,y\n",
        ("no column label", "file, class", "must be file,label"),
    ),
    "another separator": (
        "".join(["file,label\n", *ROWS]).replace(",", "|").encode(),
        ("mine.csv: no column file", "file|label", "must be file,label"),
    ),
    "UTF-16": ("".join(["file,label\n", *ROWS]).encode("utf-16"), ("not UTF-8", "CSV UTF-8")),
    "a quote that is not closed": (b'file,label\nx.wav,"Bark\n', ("line 2", "must be closed")),
    "a cell of a megabyte": (b"file,label\nx.wav," + b"x" * 10**6, ("line 2", "at most 131072")),
    "a header of a megabyte": (b"x" * 10**6 + b"\nx.wav", ("line 1", "at most 131072")),
    "two columns of one name": (b"file,label,label\nx.wav,y,z\n", ("columns", "keep one of them")),
    "a row without a file": (b"file,label\n,Bark\n", ("a row has no file (, Bark)", "complete it")),
    "a file of two labels": (
        "".join(["file,label\n", *ROWS, "events/Bark/1.wav,Mew\n"]).encode(),
        ("events/Bark/1.wav is listed as 'Bark' and as 'Mew'", "keep one of the two"),
    ),
    "files that are not there": (b"file,label\nx.wav,Bark\n", ("no file that", "x.wav", "correct")),
    "one that is not there": ("".join(["file,label\n", *ROWS, "x.wav,Bark\n"]).encode(), {}),
    "line ends of Windows and a mark": (
        b"\xef\xbb\xbf" + "".join(["file,label\n", *ROWS]).replace("\n", "\r\n").encode(),
        {},
    ),
    "a NUL": (
        "".join(["file,label\n", *ROWS]).replace("Flute\n", "Fl\0ute\n", 1).encode(),
        {"Flute/1.wav": ""},
    ),
}


def require(ended: Any, expected: tuple[str, ...] | dict[str, str], index: Any) -> None:
    if isinstance(expected, tuple):
        ended.require_line(*expected)
        return
    assert ended.status == 0 and "error" not in ended.errors, ended.errors
    table = index()
    used = table[table.usable]
    names = [name.removeprefix("events/") for name in used["name"]]
    wanted = {name: label for name, label in (LABELS | expected).items() if label}
    assert dict(zip(names, used.label, strict=True)) == wanted


@pytest.mark.parametrize(("spoil", "expected"), FOLDERS.values(), ids=FOLDERS)
def test_folders(spoil, expected, root, index_sets, events):
    spoil(root)
    require(index_sets("folders"), expected, events)


@pytest.mark.parametrize(("content", "expected"), LISTS.values(), ids=LISTS)
def test_lists(content, expected, root, index_sets, events):
    (root / "mine.csv").unlink()
    if content is not None:
        (root / "mine.csv").write_bytes(content)
    require(index_sets("folders", "mine.csv"), expected, events)


def test_a_table_that_has_other_columns_is_passed_over_with_a_warning(root, index_sets):
    (root / "events" / "notes.csv").write_text("name,remark\n1.wav,loud\n")
    ended = index_sets("folders")
    assert ended.status == 0
    assert ended.errors.count("warning: notes.csv: its first line, 'name,remark', does not") == 1


# ---------------------------------------------------------------- what the recordings cannot fill


@pytest.mark.parametrize(
    ("n_folds", "published", "group", "words"),
    [
        (
            3,
            False,
            True,
            ("class Bark", "from 2 sources cannot fill 3 folds", "lower mixtures.folds"),
        ),
        (3, False, False, ("cannot fill 3 folds", "lower mixtures.folds")),
        (100, False, True, ("cannot fill 100 folds", "lower mixtures.folds")),
    ],
)
def test_more_folds_than_sources(n_folds, published, group, words, root, index_sets, run_step):
    assert index_sets("folders").status == 0
    (root / "folds.csv").write_text("finished")
    ended = run_step(
        "assign_folds",
        input={role: str(root / f"{role}.csv") for role in ("scenes", "events")},
        output={"folds": str(root / "folds.csv")},
        params={
            "settings": {"n_folds": n_folds, "published": published, "group": group, "seed": 1}
        },
    )
    ended.require_line(*words)
    assert (root / "folds.csv").read_text() == "finished"


@pytest.mark.parametrize(
    ("published", "changes", "words"),
    [
        (
            True,
            {"per_fold": 5},
            ("2 scenes are fewer than the mixtures", "lower mixtures.per_fold"),
        ),
        (
            False,
            {"seconds": 0.5, "n_events": 3},
            ("do not fit in 0.5 s without overlap", "mixtures.overlap to true"),
        ),
    ],
)
def test_plans_that_cannot_be_made(published, changes, words, root, index_sets, run_step):
    assert index_sets("folders").status == 0
    inputs = {role: str(root / f"{role}.csv") for role in ("scenes", "events")}
    folds = {"n_folds": 2, "published": published, "group": True, "seed": 1}
    outputs = {"folds": str(root / "folds.csv")}
    assigned = run_step("assign_folds", input=inputs, output=outputs, params={"settings": folds})
    assert assigned.status == 0
    settings = {
        "published": published, "per_fold": 1, "n_events": 1, "overlap": False, "reshuffle": True,
        "onsets": [0.0] if published else "random", "event_seconds": 0.3, "level_over": "heard",
        "seconds": 1.0, "seed": 1,
    }  # fmt: skip
    ended = run_step(
        "plan_mixtures",
        input=inputs | outputs,
        output={"plan": str(root / "mixtures.yaml")},
        params={"settings": settings | changes},
    )
    ended.require_line(*words)
    assert not (root / "mixtures.yaml").exists()
