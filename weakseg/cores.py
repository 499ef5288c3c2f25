"""The cores of this machine that a process may use, and who goes first on them."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Number of cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # Linux, where a batch system may grant a few of many
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_when_idle() -> bool:
    """Let the thread that calls this run only where a core has nothing else to do (Linux).

    False, and no change, where the system knows no such thing or forbids it.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        return False
    return True
