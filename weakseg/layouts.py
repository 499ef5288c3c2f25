"""The tables that come with recordings: those of the published sets, and lists of one's own.

A table is known by its columns, whatever it is called and wherever it lies.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from weakseg.collection import Collection, DataError, Member
from weakseg.listing import DELIMITERS, REQUIRED, Row, header, parse
from weakseg.names import is_audio

log = logging.getLogger(__name__)

OWN = ("file", "label", "source")
# role -> layouts of its table: the columns of file, label and source, and those it is known by
LAYOUTS = {
    "scenes": (
        (("filename", "scene_label", "identifier"), {"filename", "scene_label"}),
        (OWN, set(REQUIRED["scenes"])),
    ),
    "events": (
        (("fname", "label", "freesound_id"), {"fname", "label"}),
        (OWN, set(REQUIRED["events"])),
    ),
}


class Table(NamedTuple):
    """A table of recordings: its rows, and the columns of its files, labels and sources."""

    member: Member
    rows: list[Row]
    file: str
    label: str
    source: str

    @property
    def folder(self) -> PurePosixPath:
        """What its paths are relative to, or as much of them as there is."""
        return PurePosixPath(self.member.member).parent


def find_table(files: Collection, role: str) -> Table | None:
    """The one table that has the columns of a published set, or of a list (`weakseg.listing`).

    role: `scenes` or `events`.  None if there is none; DataError if there are several, or if one
    of events in archives has no such columns or is empty: their labels would be those of folders.
    """
    tables = {
        member: set(header(files.first_line(member))[1])
        for member in files.members
        if member.member.lower().endswith((".csv", ".tsv")) and not member.name.startswith(".")
    }
    for columns, required in LAYOUTS[role]:
        found = [member for member, there in tables.items() if required <= there]
        if len(found) > 1:
            # published archives also hold the test set's table; the training set's is wanted
            training = [member for member in found if "train" in member.name]
            found = training if len(training) == 1 else found
        if len(found) > 1:
            names = ", ".join(member.member for member in found)
            raise DataError(
                f"several tables have the columns {sorted(required)}: {names}; keep one"
            )
        for member in found:
            return Table(member, parse(files.read_text(member), member.member), *columns)
    _require_known(
        files, (member for member, there in tables.items() if not _is_known(there)), role
    )
    return None


def _is_known(columns: set[str]) -> bool:
    return any(required <= columns for of_role in LAYOUTS.values() for _, required in of_role)


def _require_known(files: Collection, tables: Iterable[Member], role: str) -> None:
    """Raise DataError, or warn if little is lost, if a table is of recordings that are there."""
    audio = [member for member in files.members if is_audio(member.member)]
    names = {member.name for member in audio}
    expected = " or ".join(",".join(sorted(required)) for _, required in LAYOUTS[role])
    for table in tables:
        head = files.head(table).strip()
        cells = {PurePosixPath(cell).name for cell in re.split(r'[\s,;|"]+', head)}
        if head and names.isdisjoint(cells):
            continue
        first = head.splitlines()[0][:60] if head else ""
        problem = (
            f"{table.member}: its first line, {first!r}, does not name the columns {expected}, "
            f"parted by one of {DELIMITERS!r}"
        )
        if role == "events" and any(member.archive for member in audio):
            raise DataError(f"{problem}; correct the line, or leave the table out")
        log.warning("warning: %s; it is passed over", problem)
