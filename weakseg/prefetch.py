"""Files that the system reads from the disk while others are worked on.

A recording of some megabytes that nothing has read yet takes the disk as long as it takes a core to
inflate and resample it: asked for some recordings before, it is there when its turn comes.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

AHEAD = 4  # items: some tenths of a second
MOST_BYTES = 1 << 22  # of a file; the system goes on by itself in one that is read in order

Item = TypeVar("Item")


def prefetch(path: Path, offset: int = 0, length: int = MOST_BYTES) -> None:
    """Have a part of a file read, without waiting for it; what cannot be read is left alone."""
    if not hasattr(os, "posix_fadvise"):  # as on macOS
        return
    with suppress(OSError), path.open("rb") as file:
        length = min(length, MOST_BYTES)
        os.posix_fadvise(file.fileno(), offset, length, os.POSIX_FADV_WILLNEED)


def announced(
    items: Iterable[Item], announce: Callable[[Item], None], ahead: int = AHEAD
) -> Iterator[Item]:
    """The same items, each announced when the one `ahead` before it is asked for."""
    waiting: deque[Item] = deque()
    for item in items:
        announce(item)
        waiting.append(item)
        if len(waiting) > ahead:
            yield waiting.popleft()
    yield from waiting
