"""Files that are complete or not there."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path in the same folder, which takes the name `path` when the block has ended.

    After an error nothing is left of it, and what had the name before stays as it was.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def keep_only(directory: Path, pattern: str, names: Container[str]) -> None:
    """Remove the files of `directory` that match `pattern` and that an earlier run has left."""
    for path in directory.glob(pattern):
        if path.name not in names:
            path.unlink()
