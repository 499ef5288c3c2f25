"""The state that a stopped training goes on from.

Conventions
-----------
- A state directory belongs to one training: its name should carry `state_key` of all that
  determines the result.  One process at a time works in it (flock(2), which the system lifts
  when the process ends, however it ends).
- A state file is the SHA-256 of what follows, then what torch.save wrote.  Saving writes a new
  file, then renames, and keeps the state before; a damaged newest state is passed over for it.
- SIGTERM and SIGINT ask for a stop; the training answers between two steps.  A second one ends
  the process at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from weakseg.files import replacing

DIGEST_BYTES = 32
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def state_key(settings: Mapping[str, Any], code: str, inputs: Sequence[str]) -> str:
    """16 hexadecimal digits that change when anything does that determines a training's result.

    settings: plain values; code: a digest of the program; inputs: a digest of each input file,
    in order.  The version of torch counts too.
    """
    determinants = [dict(settings), code, list(inputs), torch.__version__]
    text = json.dumps(determinants, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class TrainingState:
    """A state directory, held for as long as the `with` block lasts.

    ValueError at entry if another process holds it.  `stop_signal` is the signal that asked for
    a stop, or None; `fell_back` says that `load` passed over a damaged newest state.
    """

    def __init__(self, directory: Path):
        self.directory = directory
        self.stop_signal: int | None = None
        self.fell_back = False
        self._newest = directory / "newest.state"
        self._previous = directory / "previous.state"

    def __enter__(self) -> TrainingState:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._lock = (self.directory / "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise ValueError(
                f"{self.directory}: another process is training on this state; "
                "wait for it to end, or stop it first"
            ) from None
        self._handlers = self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._lock.close()

    def _listen(self) -> dict[signal.Signals, Any]:
        if threading.current_thread() is not threading.main_thread():
            return {}  # Python hands signals to the main thread only
        return {number: signal.signal(number, self._ask_to_stop) for number in STOP_SIGNALS}

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_signal = number
        for one in STOP_SIGNALS:
            signal.signal(one, signal.SIG_DFL)

    def save(self, content: Mapping[str, Any]) -> None:
        """Make `content` (tensors and plain values) the newest state, keeping the one before."""
        buffer = io.BytesIO()
        torch.save(dict(content), buffer)
        payload = buffer.getvalue()
        with replacing(self._newest) as temporary:
            with temporary.open("wb") as file:
                file.write(hashlib.sha256(payload).digest() + payload)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                os.replace(self._newest, self._previous)
        self._sync_directory()

    def _sync_directory(self) -> None:
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def load(self) -> dict[str, Any] | None:
        """The newest state that is whole, on the CPU; None if there is none."""
        newest = _read(self._newest)
        if newest is None and self._newest.exists():
            self.fell_back = True
            self._newest.unlink()  # else the next save would put it in the place of the whole one
        return newest or _read(self._previous)


def _read(path: Path) -> dict[str, Any] | None:
    """A state file's content; None if there is none, or it is damaged, or holds code."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    digest, payload = data[:DIGEST_BYTES], data[DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        return None
    try:
        content = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    except Exception:  # torch names no set of errors for what it did not write
        return None
    return content if isinstance(content, dict) else None
