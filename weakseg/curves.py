"""Learning curves while a training runs, as event files for TensorBoard.

Conventions
-----------
- A point an iteration for the loss, and one a validation for each column of the history, and for
  `clips_per_second`, since the validation before.
- What a training that goes on from iteration N wrote after N before it was stopped is hidden.
- Nothing is ever read from these files: they may be deleted at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from types import TracebackType

from tensorboardX import SummaryWriter


class Curves:
    """Writes below `directory`, or nowhere if there is none; `iteration` steps have been done."""

    def __init__(self, directory: Path | None, iteration: int, batch_size: int):
        self._writer = directory and SummaryWriter(
            str(directory), purge_step=iteration + 1, filename_suffix=f".{iteration}"
        )
        self._batch_size = batch_size
        self._since = (iteration, monotonic())

    def __enter__(self) -> Curves:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer:
            self._writer.close()

    def add_loss(self, iteration: int, loss: float) -> None:
        """The loss of one step."""
        if self._writer:
            self._writer.add_scalar("loss of a step", loss, iteration)

    def add_row(self, row: Mapping[str, float]) -> None:
        """A row of the history; it can be seen from now on."""
        if self._writer:
            iteration, (before, then) = int(row["iteration"]), self._since
            self._since = (iteration, monotonic())
            clips = (iteration - before) * self._batch_size
            rate = {"clips_per_second": clips / (self._since[1] - then)}
            for name, value in {**row, **rate}.items():
                self._writer.add_scalar(name, value, iteration)
            self._writer.flush()
