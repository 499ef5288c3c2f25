"""Keep freed memory in the process.

glibc gives a large block back to the system as soon as it is freed.  A training step frees and
takes anew a few gigabytes, and each page comes back zeroed through a page fault: that doubles
the time of a step on a CPU, and costs rendering a tenth of its time.  The thresholds are those of
mallopt(3).
"""

from __future__ import annotations

import ctypes
import platform

M_TRIM_THRESHOLD = -1
M_TOP_PAD = -2
M_MMAP_MAX = -4

TOP_PAD_BYTES = 500_000_000


def keep_freed_memory() -> bool:
    """Tell glibc to keep what is freed; False, and no change, with any other C library.

    Call it before the first large allocation: blocks that exist already are not affected.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    mallopt.argtypes = [ctypes.c_int, ctypes.c_int]
    options = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, -1), (M_TOP_PAD, TOP_PAD_BYTES))
    return all(mallopt(option, value) == 1 for option, value in options)
