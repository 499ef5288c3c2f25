"""The cores of this machine that a process may use, who goes first on them, and its memory."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Number of cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # Linux, where a batch system may grant a few of many
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_when_idle() -> bool:
    """Let the thread that calls this take hardly any time from others (Linux, SCHED_IDLE).

    It runs where a core has nothing else to do, or next to nothing of one that is busy, even while
    it holds a lock.  False, and no change, where the system knows no such thing or forbids it.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        return False
    return True


def memory_of_machine() -> int:
    """Bytes of main memory that the machine has; more than any has where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError):
        return 1 << 50
