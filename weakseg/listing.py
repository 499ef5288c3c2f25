"""A list of recordings: a CSV `file,label[,source]`, by hand or out of a spreadsheet.

Conventions
-----------
- A file's path is relative to the folder of the CSV, or absolute.
- Cells are parted by commas, semicolons or tabs, whichever the header has most of; columns come in
  any order and case, others are ignored.
- Line ends are those of any system; a byte order mark is no part of the first name.

The Snakefile reads this, and needs no package for it, as `weakseg.names`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

DELIMITERS = ",;\t"
LONGEST_HEADER = 65_536  # characters
REQUIRED = {"scenes": ("file",), "events": ("file", "label")}

Row = dict[str, str]


class ListError(ValueError):
    """A list that cannot be used; the message is one line with the file, the line, the remedy."""

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))  # a cell may hold line breaks


def read_listed(path: Path, role: str) -> list[Row]:
    """The rows of the list at `path`; role: `scenes` or `events`, which need a label each.

    Raises ListError if it is no such list, or gives one file two labels.  What else may be wrong
    with a row (no label, not there, listed twice) leaves out this recording alone, when the list
    is joined with the files (`weakseg.recordings`).
    """
    try:
        rows = parse(path.read_text(encoding="utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        raise ListError(f"{path}: not UTF-8 text ({error.reason}); save it as CSV UTF-8") from error
    except OSError as error:
        raise ListError(f"{path}: cannot be read ({error.strerror}); correct the path") from error
    if not rows:
        raise ListError(f"{path}: it lists nothing; add a line a recording")
    missing = [name for name in REQUIRED[role] if name not in rows[0]]
    if missing:
        raise ListError(
            f"{path}: no column {missing[0]} (there are {', '.join(rows[0])}); "
            "its first line must be file,label or file,label,source"
        )
    _require_one_label(path, rows)
    return rows


def header(text: str) -> tuple[str, list[str]]:
    """What parts the cells of a table, and its columns' names."""
    first = text.splitlines()[0][:LONGEST_HEADER] if text else ""
    delimiter = max(DELIMITERS, key=first.count)
    cells = next(csv.reader([first], delimiter=delimiter), [])
    return delimiter, [cell.strip().lower() for cell in cells]


def parse(text: str, name: str) -> list[Row]:
    """The rows of a table, column -> cell, without those that are empty.

    Raises ListError for two columns of one name, a row that is longer than the header, or one that
    is no CSV; `name` is the file's, for that.
    """
    delimiter, columns = header(text)
    twice = [column for column in columns if column and columns.count(column) > 1]
    if twice:
        raise ListError(f"{name}: two columns are called {twice[0]}; keep one of them")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    for cells in _without_first(lines, name):
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            raise ListError(
                f"{name}, line {lines.line_num}: {len(cells)} cells, where the first line has "
                f"{len(columns)}; put quotes around a cell that holds {delimiter!r}"
            )
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * (len(columns) - len(cells))]
            rows.append({c: cell.strip() for c, cell in zip(columns, padded, strict=False)})
    return rows


def _without_first(lines: Any, name: str) -> Iterator[list[str]]:
    """The rows of a csv.reader but the first; its errors as ListError."""
    try:
        next(lines, None)
        yield from lines
    except csv.Error as error:
        raise ListError(
            f"{name}, line {lines.line_num}: {error}; a quote that is opened must be closed, and a "
            f"cell has at most {csv.field_size_limit()} characters"
        ) from error


def _require_one_label(path: Path, rows: Sequence[Row]) -> None:
    labels: dict[str, str] = {}
    for row in rows:
        if not row["file"]:
            raise ListError(f"{path}: a row has no file ({', '.join(row.values())}); complete it")
        label = row.get("label", "")
        if labels.setdefault(row["file"], label) != label:
            raise ListError(
                f"{path}: {row['file']} is listed as {labels[row['file']]!r} and as {label!r}; "
                "keep one of the two"
            )
