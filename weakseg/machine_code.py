"""Loops over samples and cells in machine code, for what NumPy has no fast way.

Numba translates a function when it is first called on a machine, which takes a second, and keeps
what it makes beside Python's bytecode; not before, as most programs that import a module never call
it.  The machine code runs without Python's lock, so that threads share the work.

What is kept is made anew when the function's own file changes, not when another does: a function
uses constants of its own file only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from threading import Lock
from typing import Any, TypeVar, cast

Loop = TypeVar("Loop", bound=Callable[..., Any])


def machine_code(loop: Loop) -> Loop:
    """Decorates a function of NumPy arrays and numbers, and of others so decorated."""
    from numba import njit

    try:
        return cast(Loop, njit(nogil=True, cache=True)(loop))
    except RuntimeError:  # no folder for it can be written
        return cast(Loop, njit(nogil=True)(loop))


def in_machine_code(loop: Loop) -> Loop:
    """The same, of modules that import Numba only when it is needed."""

    lock = Lock()  # else each thread that calls it first would translate it

    @cache
    def translated() -> Callable[..., Any]:
        return machine_code(loop)

    @wraps(loop)
    def call(*arguments: Any) -> Any:
        with lock:
            ready = translated()
        return ready(*arguments)

    return call  # type: ignore[return-value]
