"""Archives that are published on Zenodo: their names, lengths and checksums.

Conventions
-----------
- A list is a CSV `role,record,file,bytes,md5` with a row an archive: `role` is scenes or events,
  `record` the number of a Zenodo record, `md5` hexadecimal.  Where `bytes` and `md5` are empty,
  only the record's own listing has them.
- A file is the archive if it has its length and its MD5; its name and place say nothing.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

DCASE2018 = Path(__file__).with_name("dcase2018.csv")
ROLES = ("scenes", "events")
ALLOWED = {  # what a column of a list holds, and in words
    "role": (r"scenes|events", "scenes or events"),
    "record": (r"\d+", "the number of a Zenodo record"),
    "file": (r"[A-Za-z0-9][\w.-]*\.zip", "a file name of ASCII letters that ends with .zip"),
    "bytes": (r"[1-9]\d*|", "a number of bytes, or empty"),
    "md5": (r"[0-9a-f]{32}|", "32 hexadecimal digits, or empty"),
}


class ArchiveError(ValueError):
    """What is not as published, or cannot be had; the message is one line with the remedy."""


@dataclass(frozen=True)
class Archive:
    """An archive as published; where only its record lists them, `bytes` is 0 and `md5` empty."""

    role: str
    record: str
    file: str
    bytes: int
    md5: str


def read_list(path: Path) -> list[Archive]:
    """The archives of a list.  Raises ArchiveError, which names the line, if it is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ArchiveError(f"{path}: not a readable list of archives ({error})") from error
    archives = [_archive(row, f"{path}, line {line}") for line, row in enumerate(rows, 2)]
    names = [archive.file for archive in archives]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArchiveError(f"{path}: {twice[0]} is listed twice; list it once")
    for role in ROLES:
        if role not in {archive.role for archive in archives}:
            raise ArchiveError(f"{path}: no archive with the role {role}; list one at least")
    return archives


def _archive(row: dict[str, str], where: str) -> Archive:
    for column, (pattern, words) in ALLOWED.items():
        if not re.fullmatch(pattern, row.get(column) or "", re.ASCII):
            raise ArchiveError(f"{where}: {column} is {row.get(column)!r}, expected {words}")
    return Archive(row["role"], row["record"], row["file"], int(row["bytes"] or 0), row["md5"])


def write_list(path: Path, archives: Sequence[Archive]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ALLOWED), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(archive) | {"bytes": archive.bytes or ""} for archive in archives)


def check_length(path: Path, archive: Archive) -> None:
    """Raise ArchiveError if the file `path` has another length than the archive."""
    length = path.stat().st_size
    if length != archive.bytes:
        raise _another(path, f"it has {length} bytes, the published archive {archive.bytes}")


def check(path: Path, archive: Archive) -> None:
    """Raise ArchiveError if the file `path` is not the archive."""
    check_length(path, archive)
    digest = md5_of(path)
    if digest != archive.md5:
        raise _another(path, f"its MD5 is {digest}, that of the published archive {archive.md5}")


def md5_of(path: Path) -> str:
    """MD5 of a file, hexadecimal: published as a checksum, so nothing is secured with it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _another(path: Path, why: str) -> ArchiveError:
    remedy = "move it away, and the published one is fetched, or set data.source to archives"
    return ArchiveError(f"{path}: not the published archive: {why}; {remedy}")
