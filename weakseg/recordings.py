"""What an archive or a folder holds: an index with a row a recording.

Conventions
-----------
- The index is a table with the columns `COLUMNS`, in the order of the metadata file.
- `archive`, `member` and `version` are those of `weakseg.collection`.
- `source` names what takes of one thing have in common: an event's original
  recording (`freesound_id`), a scene's location (`identifier`).

The layouts are those of TUT Urban Acoustic Scenes 2018 (Mesaros et al.,
arXiv 1807.09840) and FSDKaggle2018 (Fonseca et al., arXiv 1807.09902).
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from weakseg.audio import read_header
from weakseg.collection import UNREADABLE, Collection, DataError, Member
from weakseg.layouts import Table, find_table
from weakseg.listing import Row
from weakseg.names import is_audio
from weakseg.progress import counted
from weakseg.sealed import read_table

COLUMNS = [
    "archive",
    "member",
    "name",
    "label",
    "seconds",
    "sample_rate",
    "channels",
    "starts",
    "verified",
    "source",
    "version",
    "usable",
    "why_not",
]
NUMBERS: dict[str, type] = {"seconds": float, "starts": float, "sample_rate": int, "channels": int}
# What a row has where nothing is known
NOTHING = dict.fromkeys(COLUMNS, "") | {name: kind() for name, kind in NUMBERS.items()}
SHORTEST_SECONDS = 0.01
UNWRITTEN = ("Cc", "Cs", "Zl", "Zp")  # Unicode's categories: controls, lone surrogates, line breaks
LONGEST_LABEL = 200  # characters: a label stands in tables, in pictures and in names of columns


def _index(
    files: Collection,
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    listed_in: str,
    folder: PurePosixPath,
) -> pd.DataFrame:
    """Join described recordings (path as listed -> label, source, verified) with the files there.

    A recording is named by its file name, or, where the list holds that twice, by its path.
    folder: of the list, which paths are relative to, or as much of them as there is.
    """
    by_name = defaultdict(list)
    for member in files.members:
        by_name[member.name].append(member)
    listed = Counter(PurePosixPath(path).name for path in dict.fromkeys(path for path, _ in rows))
    index: list[dict[str, Any]] = []
    taken: set[Member] = set()
    for path, description in counted(rows, len(rows), " recordings"):
        name = PurePosixPath(path).name
        exact = files.named(str(folder / path))
        found = _matching(by_name[name], path, exact, listed[name] == 1)
        first = found[0] if found else None
        problem = (
            f"listed in {listed_in} but not there"
            if first is None
            else f"{len(found)} files have this name"
            if len(found) > 1
            else "listed twice"
            if first in taken
            else ""
        )
        taken.update(found)
        name = name if listed[name] == 1 else path
        row = {"name": name, "source": name} | dict(description)
        index.append(row | _describe(files, first, problem))
    # a directory may hold the archives of both sets: what lies beside no listed file is not ours
    ours = {_place(member) for member in taken}
    index += [
        _unlisted(member, listed_in)
        for member in files.members
        if is_audio(member.member) and member not in taken and _place(member) in ours
    ]
    return _as_table(index)


def _matching(members: Sequence[Member], path: str, exact: str, only_one: bool) -> Sequence[Member]:
    """The members that `path` may mean, of those that have its file name.

    It lies at `exact`, or its path ends with `path`, or, if no other listed file has its name, it
    lies anywhere.
    """
    return (
        [member for member in members if member.member == exact]
        or [member for member in members if f"/{member.member}".endswith(f"/{path}")]
        or (members if only_one else [])
    )


def _place(member: Member) -> tuple[str, str]:
    return member.archive, str(PurePosixPath(member.member).parent)


def _unlisted(member: Member, listed_in: str) -> dict[str, Any]:
    row = {"name": member.name, "label": "", "source": member.name, "verified": False}
    where = {"archive": member.archive, "member": member.member, "version": member.version}
    return row | where | {"usable": False, "why_not": f"no label: not listed in {listed_in}"}


def _describe(files: Collection, member: Member | None, problem: str) -> dict[str, Any]:
    """Where a recording is, its header, and why it cannot be used."""
    if member is None:
        return {"archive": "", "member": "", "usable": False, "why_not": problem}
    where = {"archive": member.archive, "member": member.member, "version": member.version}
    problem = problem or ("its path leads out of the archive" if member.leads_out else "")
    if problem:
        return where | {"usable": False, "why_not": problem}
    try:
        with files.open(member.archive, member.member) as file:
            header = read_header(file)
    except UNREADABLE as error:
        return where | {"usable": False, "why_not": str(error).replace("\n", " ")}
    heard = header.seconds - header.starts
    why_not = "" if heard >= SHORTEST_SECONDS else f"only {heard:.4f} s are heard"
    return where | vars(header) | {"usable": not why_not, "why_not": why_not}


def nothing() -> pd.DataFrame:
    """The index of an empty set."""
    return _as_table([])


def _as_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([_labelled(row) for row in rows], columns=COLUMNS).astype(
        NUMBERS | {"usable": bool, "verified": bool}
    )


def _labelled(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with all columns, not usable if no class can be called as its label is."""
    whole = {**NOTHING, **row}
    why_not = _why_no_label(whole["label"]) if whole["usable"] else ""
    return whole | ({"usable": False, "why_not": why_not} if why_not else {})


def _why_no_label(label: str) -> str:
    """Why no class can be called so; empty if it can."""
    if not label.strip():
        return "no label"
    if len(label) > LONGEST_LABEL:
        return f"its label has {len(label)} characters, more than {LONGEST_LABEL}"
    if any(unicodedata.category(letter) in UNWRITTEN for letter in label):
        return f"its label {label!r} holds a line break or another control character"
    return ""


def index_scenes(files: Collection) -> pd.DataFrame:
    """Index of the scenes: those that a table lists, or, without one, every recording.

    The table is meta.csv, `filename scene_label identifier source_label`, where `identifier` is the
    location, or a list `file[,label][,source]`.  Without it each recording is its own location.
    Raises DataError if no recording can be used; `list_scenes` gives the index also then.
    """
    return _require(list_scenes(files), "scenes")


def list_scenes(files: Collection) -> pd.DataFrame:
    table = find_table(files, "scenes")
    if table is None:
        return _index_untabled(files, lambda member: {"label": "scene"})
    described = [
        (
            row[table.file],
            {"label": row.get(table.label) or "scene", "verified": True} | _source(row, table),
        )
        for row in table.rows
    ]
    return _index(files, described, table.member.name, table.folder)


def index_events(files: Collection) -> pd.DataFrame:
    """Index of the events: those that a table lists, or, without one, every recording.

    The table is a CSV `fname,label[,manually_verified][,freesound_id]`, or a list
    `file,label[,source]`.  Without it the recordings' folders are their labels (`_by_folder`).
    Where nothing says otherwise a recording is verified, and its own source.
    Raises DataError if no recording can be used; `list_events` gives the index also then.
    """
    return _require(list_events(files), "events")


def list_events(files: Collection) -> pd.DataFrame:
    table = find_table(files, "events")
    if table is None:
        index = _index_untabled(files, _by_folder)
        return index.replace({"why_not": {"no label": "no label: it lies in no sub-folder"}})
    described = [
        (
            row[table.file],
            {"label": row[table.label], "verified": _verified(row, table)} | _source(row, table),
        )
        for row in table.rows
    ]
    return _without_classless(_index(files, described, table.member.name, table.folder))


def _source(row: Row, table: Table) -> dict[str, str]:
    return {"source": row[table.source]} if row.get(table.source) else {}


def _by_folder(member: Member) -> dict[str, str]:
    """An event's folder is its label.

    In a directory it is the sub-folder, and what lies together in a folder below has one source.
    """
    folders = PurePosixPath(member.member).parent.parts
    if member.archive or len(folders) < 2:
        return {"label": folders[-1] if folders else ""}
    return {"label": folders[0], "source": "/".join(folders)}


def _without_classless(index: pd.DataFrame) -> pd.DataFrame:
    """Mark the recordings of labels that no verified recording has: no mixture can hold them."""
    classless = index.usable & ~index.label.isin(class_names(index))
    index.loc[classless, "why_not"] = "label " + index.label + " has no verified recording"
    index.loc[classless, "usable"] = False
    return index


def _verified(row: Row, table: Table) -> bool:
    value = row.get("manually_verified", "").lower() or "1"
    if value not in ("0", "1", "true", "false"):
        raise DataError(
            f"{table.member.member}: {row[table.file]}: manually_verified is {value!r}, "
            "expected 0 or 1; correct it"
        )
    return value in ("1", "true")


def _index_untabled(
    files: Collection, describe: Callable[[Member], dict[str, str]]
) -> pd.DataFrame:
    """Index of all recordings, each its own source unless its description says otherwise."""
    rows = [
        (member.member, {"verified": True} | describe(member))
        for member in files.members
        if is_audio(member.member)
    ]
    return _index(files, rows, "the directory", PurePosixPath())


def _require(index: pd.DataFrame, what: str) -> pd.DataFrame:
    if not index.usable.any():
        first = index.drop_duplicates("why_not").sort_values("why_not")[:3]
        reasons = [
            f"{why} ({name})" for why, name in zip(first.why_not, first["name"], strict=True)
        ]
        raise DataError(
            f"no usable recording among the {what}: {'; '.join(reasons) or 'none was found'}; "
            f"correct data.{what}, or what is there"
        )
    return index


def has_sources(index: pd.DataFrame) -> bool:
    """Whether the data say which recordings belong together, so that folds can keep them so."""
    return bool((index["source"] != index["name"]).any())


def read_index(path: Path) -> pd.DataFrame:
    """Read an index as `index_scenes` and `index_events` make it."""
    text = dict.fromkeys(
        ("archive", "member", "name", "label", "source", "version", "why_not"), str
    )
    return read_table(
        path, COLUMNS, dtype=text, keep_default_na=False, float_precision="round_trip"
    )


def class_names(events: pd.DataFrame) -> list[str]:
    """The classes that mixtures can hold, sorted: the order of class indices everywhere."""
    return sorted(set(events[events.usable & events.verified].label))
