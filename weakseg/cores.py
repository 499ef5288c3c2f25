"""The cores of this machine that a process may use."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Number of cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # Linux, where a batch system may grant a few of many
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
