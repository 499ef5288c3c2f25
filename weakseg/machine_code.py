"""Loops over samples and cells in machine code, for what NumPy has no fast way.

Numba translates a function when it is first called, which takes a second, and not before: most
programs that import a module never call it.  The machine code runs without Python's lock, so that
threads share the work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from threading import Lock
from typing import Any, TypeVar

Loop = TypeVar("Loop", bound=Callable[..., Any])


def in_machine_code(loop: Loop) -> Loop:
    """Decorates a function of NumPy arrays and numbers."""

    lock = Lock()  # else each thread that calls it first would translate it

    @cache
    def translated() -> Callable[..., Any]:
        from numba import njit

        machine_code: Callable[..., Any] = njit(nogil=True)(loop)
        return machine_code

    @wraps(loop)
    def call(*arguments: Any) -> Any:
        with lock:
            machine_code = translated()
        return machine_code(*arguments)

    return call  # type: ignore[return-value]
