"""What `code_digest` has found out of sources, kept from run to run in Snakemake's folder.

Conventions
-----------
- It is a table by the SHA-256 of a source, so that nothing in it can be out of date; another
  version of Python or of `code_digest` begins it anew.
- It saves a tenth of a dry run and is no more than that: damaged it is made anew, and where it
  cannot be written the next run takes its time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg.files import replacing

FOLDER = Path(".snakemake")  # in the working directory, once there has been a run
NAME = "weakseg_code.json"
MOST = 2000  # sources; then it begins anew


class KeptCode:
    """A table of JSON values by source, read when it is first asked; `save` keeps what is new."""

    def __init__(self, folder: Path = FOLDER):
        self._path = folder / NAME
        self._values: dict[str, Any] | None = None
        self._has_more = False

    def get(self, source: bytes) -> Any:
        """What was kept of a source, or None."""
        return self._table().get(hashlib.sha256(source).hexdigest())

    def add(self, source: bytes, value: Any) -> None:
        """Keep a value, which JSON gives back as it is."""
        self._table()[hashlib.sha256(source).hexdigest()] = value
        self._has_more = True

    def save(self) -> None:
        """Write the table if there is something new in it, and the folder is there."""
        if not self._has_more:
            return
        self._has_more = False
        table = {"version": _version(), "sources": self._values}
        with contextlib.suppress(OSError), replacing(self._path) as temporary:
            temporary.write_text(json.dumps(table), encoding="utf-8")

    def _table(self) -> dict[str, Any]:
        if self._values is None:
            self._values = _read(self._path)
        return self._values


def _read(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(table, Mapping) or table.get("version") != _version():
        return {}
    sources = table.get("sources")
    return sources if isinstance(sources, dict) and len(sources) <= MOST else {}


def _version() -> str:
    """Of Python and of the code that finds out what is kept."""
    code = Path(__file__).with_name("code_digest.py").read_bytes()
    return f"{sys.implementation.cache_tag} {hashlib.sha256(code).hexdigest()}"
