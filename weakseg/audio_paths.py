"""The recordings that a user names: files, and folders of files.

Conventions
-----------
- A file that is named counts whatever its ending, of a folder those with the ending of a recording,
  those in sub-folders too.
- Each has a name of its own: its path below the folder that was named, or its file name.

The Snakefile reads this, and needs no package for it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from weakseg.names import is_audio, is_other_audio

LONGEST_NAME = 255  # bytes of a file's


class Listed(NamedTuple):
    """A file, and its name: a relative path with `/`, which no other one has."""

    path: Path
    name: str


class ListingError(ValueError):
    """A file or folder that is not there, or holds nothing; the message is one line."""


def list_audio(given: Sequence[str | Path], but_not_in: Path | None = None) -> list[Listed]:
    """The recordings of files and folders, those of a folder in the order of their names.

    but_not_in: a folder that is passed over, such as that of the results.
    ListingError if one of them is not there, or if there is no recording; OSError if a folder, or
    one below it, cannot be read.
    """
    listed: list[Listed] = []
    taken: set[str] = set()
    for path, name in (pair for one in given for pair in _files(Path(one), but_not_in)):
        name = _free(_short(as_text(name)), taken)
        taken.add(name)
        listed.append(Listed(path, name))
    if not listed:
        others = passed_over(given, but_not_in) or "name others"
        raise ListingError(f"{given[0] if given else 'no folder'}: holds no recording; {others}")
    return listed


def passed_over(given: Sequence[str | Path], but_not_in: Path | None = None) -> str | None:
    """What to tell of sound in folders that libsndfile does not read, if there is any."""
    folders = [Path(one) for one in given if Path(one).is_dir()]
    files = (pair for one in folders for pair in _files(one, but_not_in, is_other_audio))
    endings = Counter(path.suffix.lower() for path, _ in files)
    if not endings:
        return None
    listed = ", ".join(f"{number} {ending}" for ending, number in endings.most_common())
    return (
        f"files of formats that are not read are passed over ({listed}); "
        "convert them to FLAC or WAV"
    )


def _files(
    given: Path, but_not_in: Path | None, is_wanted: Callable[[str], bool] = is_audio
) -> Iterator[tuple[Path, str]]:
    """Paths and names: of the file, or of those in the folder whose names are wanted."""
    if not given.exists():
        raise ListingError(f"{given}: no such file or folder; name recordings, or a folder of them")
    if not given.is_dir():
        yield given, given.name
        return
    unwanted = None if but_not_in is None else os.path.realpath(but_not_in)
    for folder, below, names in walk(given):
        here = Path(folder)
        below[:] = sorted(one for one in below if os.path.realpath(here / one) != unwanted)
        for name in sorted(filter(is_wanted, names)):
            yield here / name, (here / name).relative_to(given).as_posix()


def walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `os.walk`; OSError for a folder that cannot be read, where that would pass it over.

    Not for hidden ones and `lost+found`, which systems keep for themselves.
    """

    def stop(error: OSError) -> None:
        name = Path(error.filename).name
        if not name.startswith(".") and name != "lost+found":
            raise error

    return os.walk(folder, onerror=stop)


def as_text(name: str | Path) -> str:
    """The name, or, if its bytes are no UTF-8, with a mark in place of those that are not."""
    return os.fsencode(name).decode("utf-8", "replace")


def _short(name: str) -> str:
    """The name with marks of a byte instead of three, if it is too long for a file with these."""
    too_long = any(len(part.encode()) > LONGEST_NAME for part in name.split("/"))
    return name.replace("\ufffd", "_") if too_long else name


def _free(name: str, taken: set[str]) -> str:
    """The name, or, where it is taken, the first free one with a number before its ending."""
    path, number, free = Path(name), 1, name
    while free in taken:
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}").as_posix()
    return free
