"""Loops over samples and cells in machine code, for what NumPy has no fast way.

Numba translates a function when it is first called, which takes a second, and not before: most
programs that import a module never call it.  The machine code runs without Python's lock, so that
threads share the work.

What takes longer to translate is `kept` from run to run.  Numba does not lock what it keeps, knows
no other file than the function's own, and numbers what it makes for different arguments: so each
source, each processor and each Numba has a folder of its own, and such a function is always called
with arrays of the same types.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

Loop = TypeVar("Loop", bound=Callable[..., Any])


def in_machine_code(loop: Loop) -> Loop:
    """Decorates a function of NumPy arrays and numbers."""

    lock = Lock()  # else each thread that calls it first would translate it

    @cache
    def translated() -> Callable[..., Any]:
        return _translated(loop)

    @wraps(loop)
    def call(*arguments: Any) -> Any:
        with lock:
            machine_code = translated()
        return machine_code(*arguments)

    return call  # type: ignore[return-value]


def kept(loop: Loop) -> Loop:
    """Decorates a function of a module that has all it calls, and Numba imported.

    If it cannot be kept, or what was kept is damaged, it is translated in each process.
    """
    ready = _kept(loop)

    @wraps(loop)
    def call(*arguments: Any) -> Any:
        nonlocal ready
        try:
            return ready(*arguments)
        except Exception:  # Numba names no set of errors for damage, or for no room
            ready = _translated(loop)
            return ready(*arguments)

    return call  # type: ignore[return-value]


def _translated(loop: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    from numba import njit

    machine_code: Callable[..., Any] = njit(nogil=True, **options)(loop)
    return machine_code


def _kept(loop: Callable[..., Any]) -> Callable[..., Any]:
    import numba

    source, config = Path(inspect.getfile(loop)), cast(Any, numba.config)
    before = config.CACHE_DIR
    try:
        config.CACHE_DIR = str(source.parent / "__pycache__" / f"numba-{_state_of(source)}")
        return _translated(loop, cache=True)
    except RuntimeError:  # no folder can be written
        return _translated(loop)
    finally:
        config.CACHE_DIR = before


def _state_of(source: Path) -> str:
    """All that machine code depends on, in 16 hexadecimal digits."""
    import numba
    from numba.core.registry import cpu_target

    processor = cpu_target.target_context.codegen().magic_tuple()  # its name and what it can do
    depends_on = repr((numba.__version__, processor)).encode() + source.read_bytes()
    return hashlib.sha256(depends_on).hexdigest()[:16]
