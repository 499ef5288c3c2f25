"""Tables and other small files between steps: read as they were written, or not at all.

Conventions
-----------
- CSV and YAML have no place for a checksum that other programs would not stumble over.  So beside
  FILE lies .FILE.crc32, the CRC-32 of its bytes in eight hexadecimal digits.
- What has none (a copy elsewhere, a file of one's own) is read unchecked.
- HDF5 stores, rendered mixtures, models and states of trainings carry checksums of their own.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from weakseg.files import replacing

REMEDY = "delete it and run the same command again to make it anew"
NO_MEMORY = "C error: out of memory"  # how a ParserError of pandas ends, a ValueError
# what PyYAML raises for some texts that are no YAML
NO_YAML = (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError, RecursionError)


class DamagedError(ValueError):
    """A file that is not as it was written; the message is one line: file, fault, remedy."""

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))


def checksum_file(path: str | Path) -> Path:
    """Where the checksum of a file lies."""
    path = Path(path)
    return path.with_name(f".{path.name}.crc32")


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file and its checksum; at no moment does a file lie beside that of another."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)
        checksum_file(path).unlink(missing_ok=True)
    with replacing(checksum_file(path)) as temporary:
        temporary.write_bytes(_checksum(data))


def read_bytes(path: str | Path) -> bytes:
    """A file's content.  DamagedError if it is not what its checksum says."""
    data, checksum = Path(path).read_bytes(), checksum_file(path)
    try:
        expected = checksum.read_bytes()
    except FileNotFoundError:
        return data
    if expected != _checksum(data):
        raise DamagedError(
            f"{path}: damaged (not what {checksum.name} beside it says); {REMEDY}, "
            f"or delete {checksum.name} if you changed it on purpose"
        )
    return data


def _checksum(data: bytes) -> bytes:
    return b"%08x\n" % zlib.crc32(data)


def write_text(path: str | Path, text: str) -> None:
    """`write_bytes` of text in UTF-8."""
    write_bytes(path, text.encode())


def read_text(path: str | Path) -> str:
    """`read_bytes` of text in UTF-8, without a byte order mark; other bytes are damage as well."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DamagedError(f"{path}: not UTF-8 text ({error.reason}); {REMEDY}") from error


def write_table(path: str | Path, table: pd.DataFrame, **options: Any) -> None:
    """Write a table as CSV, without its index; `options` are those of pandas."""
    write_text(path, table.to_csv(index=False, **options))


def read_table(path: str | Path, columns: Iterable[str] = (), **options: Any) -> pd.DataFrame:
    """A table out of CSV.  DamagedError, too, if it is none or lacks one of the `columns`."""
    text = read_text(path)
    try:
        table = pd.read_csv(io.StringIO(text), **options)
    except (ValueError, OverflowError) as error:  # of which pandas's own errors are
        if str(error).endswith(NO_MEMORY):
            raise MemoryError(str(error)) from error
        raise DamagedError(f"{path}: not a table ({error}); {REMEDY}") from error
    for column in columns:
        if column not in table.columns:
            raise DamagedError(f"{path}: not the table expected: no column {column}; {REMEDY}")
    return table


def read_yaml(path: str | Path) -> Any:
    """What a file of YAML holds.  DamagedError, too, if it is no YAML."""
    text = read_text(path)
    try:
        return yaml.safe_load(text)
    except NO_YAML as error:
        what = str(error) or type(error).__name__
        raise DamagedError(f"{path}: not YAML ({what[:200]}); {REMEDY}") from error
