"""Learning curves while a training runs, as event files for TensorBoard.

Conventions
-----------
- A point an iteration for the loss, and one a validation for each column of the history, and for
  `clips_per_second`, since the validation before.
- What a training that goes on from iteration N wrote after N before it was stopped is hidden.
- Nothing is ever read from these files: they may be deleted at any time, and a disk that cannot
  take them ends the curves, not the training.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, time
from types import TracebackType
from typing import Any

# Not its SummaryWriter, whose thread ends at a full disk: who adds a point then waits forever.
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.summary import scalar

log = logging.getLogger(__name__)


class Curves:
    """Writes below `directory`, or nowhere if there is none; `iteration` steps have been done."""

    def __init__(self, directory: Path | None, iteration: int, batch_size: int):
        self._directory = directory
        self._writer: EventsWriter | None = None
        self._batch_size = batch_size
        self._since = (iteration, monotonic())
        if directory:
            with self._or_none():
                directory.mkdir(parents=True, exist_ok=True)
                self._writer = EventsWriter(str(directory / "events"), f".{iteration}")
            self._add(iteration + 1, session_log=SessionLog(status=SessionLog.START))

    @contextmanager
    def _or_none(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._writer = None
            log.warning("warning: %s: no more curves (%s)", self._directory, error.strerror)

    def __enter__(self) -> Curves:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer:
            with self._or_none():
                self._writer.close()

    def _add(self, iteration: int, **content: Any) -> None:
        if self._writer:
            with self._or_none():
                self._writer.write_event(Event(wall_time=time(), step=iteration, **content))

    def _add_value(self, iteration: int, name: str, value: float) -> None:
        if self._writer:
            self._add(iteration, summary=scalar(name, value))

    def add_loss(self, iteration: int, loss: float) -> None:
        """The loss of one step."""
        self._add_value(iteration, "loss_of_a_step", loss)

    def add_row(self, row: Mapping[str, float]) -> None:
        """A row of the history; it can be seen from now on."""
        iteration, (before, then) = int(row["iteration"]), self._since
        self._since = (iteration, monotonic())
        clips = (iteration - before) * self._batch_size
        rate = {"clips_per_second": clips / (self._since[1] - then)}
        for name, value in {**row, **rate}.items():
            self._add_value(iteration, name, value)
        if self._writer:
            with self._or_none():
                self._writer.flush()
