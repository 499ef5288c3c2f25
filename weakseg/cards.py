"""One card of several for this process, so that two jobs of a machine do not compute on one card.

Conventions
-----------
- A card is called what CUDA_VISIBLE_DEVICES calls it: a number or a UUID.
- A card is taken while its lock file is locked (flock(2), which the system lifts when the process
  ends, however it ends).  The files lie in a folder of the user, which no other one can write in:
  anybody could put one of that name, with links in it, on a disk that all share.
- CUDA reads CUDA_VISIBLE_DEVICES once, when it starts: take the card before anything uses it.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import torch

VISIBLE = "CUDA_VISIBLE_DEVICES"
SECONDS_BETWEEN_LOOKS = 1.0


def visible_cards() -> list[str]:
    """The cards that this process may use; none where CUDA_VISIBLE_DEVICES or the machine has none.

    Counting does not start CUDA where the driver's library of management (NVML) is there.
    """
    given = os.environ.get(VISIBLE)
    if given is None:
        return [str(number) for number in range(torch.cuda.device_count())]
    return [card.strip() for card in given.split(",") if card.strip()]


def lock_folder() -> Path:
    """Where the lock files of this user's cards lie, on a disk of this machine."""
    return Path(tempfile.gettempdir()) / f"weakseg-cards-{os.getuid()}"


@contextmanager
def one_card(device: str, say: Callable[[str], None]) -> Iterator[str | None]:
    """For `cuda`, make a card that no other such block holds the only visible one; gives its name.

    Waits, and says so once, while all are held.  None for another device.  Where a single card is
    visible, as a cluster gives it, nothing is locked; where none is (None), nothing is done, as
    `hardware.choose_device` has the message.
    """
    cards = visible_cards() if device == "cuda" else []
    if len(cards) < 2:
        yield cards[0] if cards else None
        return
    before = os.environ.get(VISIBLE)
    card, lock = _free_card(cards, say)
    with lock:
        os.environ[VISIBLE] = card
        say(f"card {card} of {', '.join(cards)}")
        try:
            yield card
        finally:
            if before is None:
                del os.environ[VISIBLE]
            else:
                os.environ[VISIBLE] = before


def _free_card(cards: Sequence[str], say: Callable[[str], None]) -> tuple[str, IO[str]]:
    folder = _own(lock_folder())
    told = False
    while True:
        for card in cards:
            lock = _locked(folder / f"{card.replace('/', '-')}.lock")
            if lock:
                return card, lock
        if not told:
            say(f"all {len(cards)} cards are held by other jobs, waiting for one")
            told = True
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _own(folder: Path) -> Path:
    """Make the folder; ValueError if it is there and is another's, a link, or open to others."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise ValueError(
            f"{folder}: not a folder of this user's alone, so that locks in it cannot be trusted; "
            "remove it, or set TMPDIR to another place"
        )
    return folder


def _locked(path: Path) -> IO[str] | None:
    lock = path.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock
