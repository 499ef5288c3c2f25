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

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from weakseg.audio import read_header
from weakseg.collection import UNREADABLE, Collection, DataError, Member
from weakseg.names import is_audio
from weakseg.progress import counted

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
SHORTEST_SECONDS = 0.01


def _find_table(
    files: Collection, columns: Iterable[str], delimiter: str
) -> list[dict[str, str]] | None:
    """Rows of the one table that has `columns`, or None if there is none."""
    wanted, found = set(columns), []
    for member in files.members:
        if member.member.lower().endswith((".csv", ".tsv")) and not member.name.startswith("."):
            rows = csv.DictReader(io.StringIO(files.read_text(member)), delimiter=delimiter)
            if wanted <= set(rows.fieldnames or ()):
                found.append((member, rows))
    if len(found) > 1:
        # published archives also hold the test set's table; the training set's is wanted
        training = [pair for pair in found if "train" in pair[0].name]
        found = training if len(training) == 1 else found
    if len(found) > 1:
        names = ", ".join(member.member for member, _ in found)
        raise DataError(f"several tables have the columns {sorted(wanted)}: {names}; keep one")
    return [dict(row) for row in found[0][1]] if found else None


def _index(
    files: Collection, rows: Sequence[tuple[str, Mapping[str, Any]]], listed_in: str
) -> pd.DataFrame:
    """Join described recordings (path as listed -> label, source, verified) with the files there.

    A recording is named by its file name, or, where the list holds that twice, by its path.
    """
    audio = [member for member in files.members if is_audio(member.member)]
    by_name = defaultdict(list)
    for member in audio:
        by_name[member.name].append(member)
    listed = Counter(PurePosixPath(path).name for path in dict.fromkeys(path for path, _ in rows))
    index, taken = [], set()
    for path, description in counted(rows, len(rows), " recordings"):
        found = _matching(by_name[PurePosixPath(path).name], path)
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
        name = PurePosixPath(path).name
        name = name if listed[name] == 1 else path
        row = {"name": name, "source": name} | dict(description)
        index.append(row | _describe(files, first, problem))
    # a directory may hold the archives of both sets: what lies beside no listed file is not ours
    ours = {_place(member) for member in taken}
    index += [
        _unlisted(member, listed_in)
        for member in audio
        if member not in taken and _place(member) in ours
    ]
    return _as_table(index)


def _matching(members: Sequence[Member], path: str) -> list[Member]:
    """The members whose path ends with `path`, or else all of them, which have its file name."""
    return [m for m in members if f"/{m.member}".endswith(f"/{path}")] or list(members)


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


def _as_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=COLUMNS)
    for column, nothing in {"seconds": 0.0, "starts": 0.0, "sample_rate": 0, "channels": 0}.items():
        table[column] = table[column].fillna(nothing).astype(type(nothing))
    unlabelled = table.usable.astype(bool) & (table.label.fillna("").str.strip() == "")
    table.loc[unlabelled, ["usable", "why_not"]] = [False, "no label"]
    return table.fillna({"version": "", "archive": "", "member": "", "label": "", "why_not": ""})


def index_scenes(files: Collection) -> pd.DataFrame:
    """Index of the scenes: those that meta.csv lists, or, without one, every recording.

    meta.csv is tab-separated: `filename scene_label identifier source_label`; `identifier` is the
    location.  Without it each recording is its own location.
    """
    table = _find_table(files, ["filename", "scene_label"], "\t")
    if table is None:
        return _require(_index_untabled(files, lambda member: "scene"), "scenes")
    described = [
        (
            row["filename"],
            {"label": row["scene_label"], "verified": True} | _source(row, "identifier"),
        )
        for row in table
    ]
    return _require(_index(files, described, "meta.csv"), "scenes")


def index_events(files: Collection) -> pd.DataFrame:
    """Index of the events: those that a CSV `fname,label[,manually_verified][,freesound_id]` lists.

    Without such a CSV the recordings' folders are their labels.  Where nothing says otherwise a
    recording is verified, and its own source.
    """
    table = _find_table(files, ["fname", "label"], ",")
    if table is None:
        return _require(_index_untabled(files, _folder), "events")
    described = [
        (
            row["fname"],
            {"label": (row["label"] or "").strip(), "verified": _verified(row)}
            | _source(row, "freesound_id"),
        )
        for row in table
    ]
    index = _index(files, described, "the CSV")
    return _require(_without_classless(index), "events")


def _source(row: Mapping[str, str], column: str) -> dict[str, str]:
    return {"source": row[column]} if row.get(column) else {}


def _folder(member: Member) -> str:
    return PurePosixPath(member.member).parent.name


def _without_classless(index: pd.DataFrame) -> pd.DataFrame:
    """Mark the recordings of labels that no verified recording has: no mixture can hold them."""
    classless = index.usable & ~index.label.isin(class_names(index))
    index.loc[classless, "why_not"] = "label " + index.label + " has no verified recording"
    index.loc[classless, "usable"] = False
    return index


def _verified(row: Mapping[str, str]) -> bool:
    value = (row.get("manually_verified") or "1").strip().lower()
    if value not in ("0", "1", "true", "false"):
        raise DataError(f"{row['fname']}: manually_verified is {value!r}, expected 0 or 1")
    return value in ("1", "true")


def _index_untabled(files: Collection, label: Callable[[Member], str]) -> pd.DataFrame:
    """Index of all recordings, each its own source."""
    rows = [
        (member.member, {"label": label(member), "verified": True})
        for member in files.members
        if is_audio(member.member)
    ]
    return _index(files, rows, "the directory")


def _require(index: pd.DataFrame, what: str) -> pd.DataFrame:
    if not index.usable.any():
        reasons = "; ".join(sorted(set(index.why_not))[:3]) or "no recording was found"
        raise DataError(f"no usable recording among the {what}: {reasons}")
    return index


def has_sources(index: pd.DataFrame) -> bool:
    """Whether the data say which recordings belong together, so that folds can keep them so."""
    return bool((index["source"] != index["name"]).any())


def read_index(path: Path) -> pd.DataFrame:
    """Read an index as `index_scenes` and `index_events` make it."""
    text = dict.fromkeys(
        ("archive", "member", "name", "label", "source", "version", "why_not"), str
    )
    return pd.read_csv(path, dtype=text, keep_default_na=False, float_precision="round_trip")


def class_names(events: pd.DataFrame) -> list[str]:
    """The classes that mixtures can hold, sorted: the order of class indices everywhere."""
    return sorted(set(events[events.usable & events.verified].label))
