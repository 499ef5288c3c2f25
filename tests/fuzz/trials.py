"""Inputs by the thousand, each in a child process that is watched.

Conventions
-----------
- A target makes input number i of a seed, `make(rng) -> input`, and reads it with
  `read(input, folder)`.  That ends, or raises one of `target.refusals` with a message of one line;
  all else is a find: another exception, a traceback on standard error, a process that dies, more
  than SECONDS of its time, more than MEMORY, something written or started outside `folder`.
- The same seed and number give the same input, so that a find can be had again by its number.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

SECONDS = 2.0  # of processor time, for one input
MEMORY = 512_000_000  # bytes of address space more than at the beginning
HANGING = 60.0  # seconds without an end
A_CHILD = 1000  # inputs
MEMORY_DISK = "/dev/shm" if Path("/dev/shm").is_dir() else None  # inputs are no work for a disk
WRITES = (
    "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.utime", "os.system", "os.exec", "os.posix_spawn", "os.fork",
    "subprocess.Popen", "socket.connect", "shutil.rmtree", "shutil.move", "pickle.find_class",
)  # fmt: skip


class Target(NamedTuple):
    """What is fuzzed; see the conventions.  bytes_of: an input as it is kept in a file."""

    name: str
    make: Callable[[Random], Any]
    read: Callable[[Any, Path], str]
    refusals: tuple[type[Exception], ...]
    bytes_of: Callable[[Any], bytes]
    of_bytes: Callable[[bytes], Any]


class Find(NamedTuple):
    """An input, by its number, and what happened."""

    number: int
    what: str


def input_of(target: Target, seed: int, number: int) -> Any:
    """Input `number` of a seed."""
    return target.make(Random(f"{target.name} {seed} {number}"))


def run(
    target: Target, seed: int, numbers: range, say: Callable[[str], None] = print
) -> tuple[Counter[str], list[Find]]:
    """How often each outcome came, and the finds, at most one of each kind from a child."""
    outcomes: Counter[str] = Counter()
    finds: list[Find] = []
    begin, rest = time.monotonic(), numbers
    while rest:
        part = rest[:A_CHILD]
        done, found, its_outcomes = _in_child(target, seed, part)
        outcomes += its_outcomes
        finds += found
        rest = rest[done:]
        n_done = len(numbers) - len(rest)
        if n_done % 10_000 == 0:
            say(f"{target.name}: {n_done} inputs, {time.monotonic() - begin:.0f} s, {outcomes}")
    return outcomes, finds


def _in_child(target: Target, seed: int, numbers: range) -> tuple[int, list[Find], Counter[str]]:
    """How many of the numbers were done, what was found, and the outcomes."""
    at = mmap.mmap(-1, 8)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(target, seed, numbers, at, writing)
    os.close(writing)
    report, status = _watch(child, reading, at)
    done = int.from_bytes(at[:8], "little")
    finds, outcomes = [], Counter[str]()
    for line in report.splitlines():
        kind, number, what = line.split(" ", 2)
        outcomes[what if kind == "outcome" else "find"] += 1
        finds += [Find(int(number), what)] if kind == "find" else []
    if done < len(numbers):
        what = f"died: status {status}" if status else "died"
        finds.append(Find(numbers[done], what))
        done += 1
    return done, finds, outcomes


def _watch(child: int, reading: int, at: mmap.mmap) -> tuple[str, int]:
    """What the child reports, and its status; a child that hangs is killed."""
    parts, last, since = [], -1, time.monotonic()
    os.set_blocking(reading, False)
    while True:
        with contextlib.suppress(BlockingIOError):
            while part := os.read(reading, 1 << 16):
                parts.append(part)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            with contextlib.suppress(BlockingIOError):
                while part := os.read(reading, 1 << 16):
                    parts.append(part)
            os.close(reading)
            return b"".join(parts).decode("utf-8", "replace"), status
        now = int.from_bytes(at[:8], "little")
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > HANGING:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)


def _work(target: Target, seed: int, numbers: range, at: mmap.mmap, writing: int) -> None:
    """The child: never returns."""
    with (
        tempfile.TemporaryDirectory(dir=MEMORY_DISK) as folder,
        os.fdopen(writing, "w", 1) as report,
    ):
        judge = Judge(target, Path(folder))
        for done, number in enumerate(numbers):
            at[:8] = done.to_bytes(8, "little")
            what, is_find = judge(input_of(target, seed, number))
            report.write(f"{'find' if is_find else 'outcome'} {number} {what}\n")
        at[:8] = len(numbers).to_bytes(8, "little")
    os._exit(0)


class Judge:
    """Reads inputs in this process, which it limits and listens to until it ends."""

    def __init__(self, target: Target, folder: Path):
        self._target, self._folder = target, folder
        self._forbidden: list[str] = []
        self._errors = tempfile.TemporaryFile("w+b")  # noqa: SIM115  (closed with the process)
        os.dup2(self._errors.fileno(), 2)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in WRITES or (event == "open" and _writes(arguments[2])):
            path = str(arguments[0]) if arguments else ""
            if not path.startswith((str(self._folder), "/dev/null")):
                self._forbidden.append(f"{event} {path[:80]}")

    def __call__(self, one: Any) -> tuple[str, bool]:
        """What happened, and whether that is a find."""
        self._forbidden.clear()
        begin = time.process_time()
        try:
            what, is_find = self._target.read(one, self._folder), False
        except self._target.refusals as error:
            lines = str(error).splitlines()
            what, is_find = type(error).__name__, len(lines) != 1
        except BaseException as error:
            what, is_find = _where(error), True
        if time.process_time() - begin > SECONDS:
            return f"slow: {time.process_time() - begin:.1f} s, then {what}", True
        if self._forbidden:
            return f"forbidden: {self._forbidden[0]}", True
        if b"Traceback" in self._said():
            return "traceback on standard error", True
        return what.replace("\n", " "), is_find

    def _said(self) -> bytes:
        """What was written to standard error since the last time."""
        if not os.fstat(self._errors.fileno()).st_size:
            return b""
        self._errors.seek(0)
        said = self._errors.read()
        self._errors.truncate(0)
        self._errors.seek(0)
        return said


def _writes(flags: Any) -> bool:
    return isinstance(flags, int) and bool(
        flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    )


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/weakseg/" in f.filename or "/workflow/" in f.filename]
    place = f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else "?"
    return f"{type(error).__name__} in {place}: {' '.join(str(error).split())[:160]}"


def smallest(target: Target, one: Any, what: str, seconds: float = 30.0) -> bytes:
    """A shorter input of which the same is found, by leaving out parts (Zeller 2002, ddmin)."""
    reading, writing = os.pipe()
    whole = target.bytes_of(one)
    child = os.fork()
    if child == 0:
        with (
            tempfile.TemporaryDirectory(dir=MEMORY_DISK) as folder,
            os.fdopen(writing, "wb") as report,
        ):
            judge = Judge(target, Path(folder))

            def is_same(data: bytes) -> bool:
                found, is_find = judge(target.of_bytes(data))
                return is_find and found.split(":")[0] == what.split(":")[0]

            report.write(_smallest(whole, is_same, time.monotonic() + seconds))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as report:
        best = report.read()
    os.waitpid(child, 0)
    return best or whole


def _smallest(best: bytes, is_same: Callable[[bytes], bool], until: float) -> bytes:
    part = max(1, len(best) // 2)
    while part:
        shorter = (best[:start] + best[start + part :] for start in range(0, len(best), part))
        found = next((one for one in shorter if time.monotonic() < until and is_same(one)), None)
        if found is None:
            part //= 2
        else:
            best = found
    return best
