"""The tables that come with recordings: those of the published sets, and lists of one's own.

A table is known by its columns, whatever it is called and wherever it lies.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import NamedTuple

from weakseg.collection import Collection, DataError, Member
from weakseg.listing import REQUIRED, Row, header, parse

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

    role: `scenes` or `events`.  None if there is none; DataError if there are several.
    """
    tables = [
        (member, text, set(header(text)[1]))
        for member in files.members
        if member.member.lower().endswith((".csv", ".tsv")) and not member.name.startswith(".")
        for text in [files.read_text(member)]
    ]
    for columns, required in LAYOUTS[role]:
        found = [(member, text) for member, text, there in tables if required <= there]
        if len(found) > 1:
            # published archives also hold the test set's table; the training set's is wanted
            training = [pair for pair in found if "train" in pair[0].name]
            found = training if len(training) == 1 else found
        if len(found) > 1:
            names = ", ".join(member.member for member, _ in found)
            raise DataError(
                f"several tables have the columns {sorted(required)}: {names}; keep one"
            )
        for member, text in found:
            return Table(member, parse(text, member.member), *columns)
    return None
