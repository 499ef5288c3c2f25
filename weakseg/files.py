"""Files that are complete or not there.

Conventions
-----------
- A file is written under a temporary name in its own folder, `.NAME.PROCESS.tmp`, and renamed.
- Who writes a file removes what processes that were killed have left of it under such names, so
  that it does not pile up.  A process that still writes one then fails, and harms nothing.
- An error of writing is an OSError that has the file's own name, however the writer put it.
"""

from __future__ import annotations

import glob
import io
import os
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path in the same folder, which takes the name `path` when the block has ended.

    After an error nothing is left of it, and what had the name before stays as it was.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    _remove_left(path.parent, glob.escape(path.name))
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary), temporary):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: str | Path) -> Iterator[io.FileIO]:
    """The same as an open file, for libraries in C, which lose or garble errors of writing.

    libsndfile does not say that the last part of a FLAC found no room.  So they are told that all
    is well, and the first error is raised at the end of the block.
    """
    with replacing(path) as temporary, _Patient(temporary, "w+") as file:
        try:
            yield file
        finally:
            if file.error:
                raise file.error


class _Patient(io.FileIO):
    error: OSError | None = None

    def write(self, data: Any) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        try:
            while left:
                left = left[super().write(left) :]
        except OSError as error:
            self.error = self.error or error
        return size

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0


def keep_only(directory: Path, pattern: str, names: Container[str]) -> None:
    """Remove the files of `directory` that match `pattern` and that an earlier run has left."""
    for path in directory.glob(pattern):
        if path.name not in names:
            path.unlink()
    _remove_left(directory, pattern)


def _remove_left(directory: Path, pattern: str) -> None:
    for left in directory.glob(f".{pattern}.*.tmp"):
        left.unlink(missing_ok=True)
