"""Errors that are no fault of the program: what its user is told of them, in one line.

Conventions
-----------
- The library's own errors are ValueErrors with a message of this kind.
- An error of the system is told as file, cause, remedy.
"""

from __future__ import annotations

import errno
import os

AGAIN = "run the same command again"
MORE_MEMORY = "give it more: run fewer jobs at a time, smaller batches, or a larger machine"
REMEDIES = {
    errno.ENOSPC: f"make room on its disk, then {AGAIN}",
    errno.EDQUOT: f"make room within your quota, then {AGAIN}",
    errno.EFBIG: f"allow larger files (ulimit -f), then {AGAIN}",
    errno.EROFS: f"make its disk writable, then {AGAIN}",
    errno.EACCES: f"allow it (chmod), then {AGAIN}",
    errno.EPERM: f"allow it (chmod, chattr), then {AGAIN}",
    errno.ENOENT: f"put it back if it is yours, then {AGAIN}",
    errno.EEXIST: f"name another place, then {AGAIN}",
    errno.ENAMETOOLONG: f"give a shorter one, then {AGAIN}",
    errno.ENOTDIR: f"name a folder, then {AGAIN}",
}
# Libraries in C, torch among them, have no type of their own for this.
OUT_OF_MEMORY = (
    "allocate memory", "out of memory", "bad_alloc", "memory allocation failed", "memory error",
    "malloc () failed", "can't start new thread",
)  # fmt: skip


def message_of(error: BaseException) -> str | None:
    """One line for the user, or None for an error of the program itself."""
    said = " ".join(str(error).split())
    if is_out_of_memory(error):
        return f"out of memory ({said[:200] or 'no more is told'}); {MORE_MEMORY}"
    if isinstance(error, OSError) and error.filename is not None and error.errno in REMEDIES:
        name = os.fsdecode(error.filename) if not isinstance(error.filename, int) else "a file"
        return f"{name}: {os.strerror(error.errno)}; {REMEDIES[error.errno]}"
    if isinstance(error, (ValueError, OSError)):
        return said or type(error).__name__
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was refused, by Python, NumPy, torch (a card's, too) or another library."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    said = str(error).lower()
    return isinstance(error, (OSError, RuntimeError)) and any(
        words in said for words in OUT_OF_MEMORY
    )
