"""Functions in processes of their own: for peak memory, for an allocator's settings, for two cores.

Conventions
-----------
- A function is named `module:function`.  Arguments go over as JSON, paths and frozen dataclasses
  with a mark; of results only what JSON holds comes back, of others None.
- Peak memory is that of the process from its start, in GiB, Python and its libraries included.
- A child's output goes to standard error, so that it does not mix with its results.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "workflow" / "scripts"
CORES = 2  # that the budgets speak of
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Measured(NamedTuple):
    """A function's result, the seconds it took without the process's start, and the peak memory."""

    result: Any
    seconds: float
    peak_gib: float


class Child:
    """A process that calls functions one after the other; `with` ends it.

    cores: how many threads libraries may start, as Snakemake tells the script of a job.
    """

    def __init__(self, cores: int = 1):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.processes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | dict.fromkeys(THREADS, str(cores)),
        )
        assert self._process.stdin and self._process.stdout
        self._to, self._from = self._process.stdin, self._process.stdout

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def send(self, function: str, **arguments: Any) -> None:
        """Start a function; `receive` waits for it."""
        line = json.dumps([function, arguments], default=_marked)
        self._to.write(line.encode() + b"\n")
        self._to.flush()

    def receive(self) -> Measured:
        """What the function that was sent has given; RuntimeError if it failed."""
        line = self._from.readline()
        if not line:
            raise RuntimeError("a measured process failed; its message stands above")
        return Measured(*json.loads(line))

    def call(self, function: str, **arguments: Any) -> Measured:
        """`send`, then `receive`."""
        self.send(function, **arguments)
        return self.receive()


def measured(function: str, cores: int = 1, /, **arguments: Any) -> Measured:
    """One function in a new process."""
    with Child(cores) as child:
        return child.call(function, **arguments)


def together(function: str, calls: Sequence[dict[str, Any]]) -> list[Measured]:
    """The same function in as many processes as there are calls, at the same time."""
    children = [Child() for _ in calls]
    for child, arguments in zip(children, calls, strict=True):
        child.send(function, **arguments)
    results = [child.receive() for child in children]
    for child in children:
        child.__exit__()
    return results


def peak_gib() -> float:
    """This process's peak of resident memory."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what was there before the process became Python, too
        (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def _named(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _marked(value: Any) -> dict[str, Any]:
    """What JSON does not know, with a mark of its kind."""
    if isinstance(value, Path):
        return {"!path": str(value)}
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {"!made": f"{type(value).__module__}:{type(value).__qualname__}", "with": fields}
    raise TypeError(f"{type(value).__name__} cannot be given to another process")


def _unmarked(value: dict[str, Any]) -> Any:
    if "!path" in value:
        return Path(value["!path"])
    return _named(value["!made"])(**value["with"]) if "!made" in value else value


def _line(result: Any, seconds: float) -> bytes:
    peak = peak_gib()
    try:
        return json.dumps([result, seconds, peak]).encode()
    except TypeError:
        return json.dumps([None, seconds, peak]).encode()


def _serve() -> None:
    """Call what standard input names until it ends."""
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.path.append(str(SCRIPTS))
    for line in sys.stdin.buffer:
        name, arguments = json.loads(line, object_hook=_unmarked)
        call = _named(name)
        start = time.perf_counter()
        result = call(**arguments)
        seconds = time.perf_counter() - start
        results.write(_line(result, seconds) + b"\n")
        results.flush()


if __name__ == "__main__":
    _serve()
