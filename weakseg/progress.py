"""How far a long computation is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0
Item = TypeVar("Item")


def say(line: str) -> None:
    """Print a line to standard error, above a bar if there is one."""
    tqdm.write(line, file=sys.stderr)
    sys.stderr.flush()


def counted(items: Iterable[Item], total: int, unit: str) -> Iterator[Item]:
    """The items, `total` of them, under a bar that moves as they are used; lines go to the log."""
    with Progress(total, 0, unit, logging.getLogger(__name__).info) as progress:
        for item in items:
            yield item
            progress.advance()


class Progress:
    """Counts up from `done` to `total`, with the rate and the time left.

    say: what takes the lines that stand for the bar where standard error is no terminal; `name`:
    what they and the bar begin with.  The unit B is shown as kB, MB, GB.
    """

    def __init__(
        self,
        total: int,
        done: int,
        unit: str,
        say: Callable[[str], None] = say,
        name: str = "",
    ):
        self._bar = tqdm(
            desc=name or None,
            total=total,
            initial=done,
            unit=unit,
            unit_scale=unit == "B",
            file=sys.stderr,
            leave=False,
            disable=not sys.stderr.isatty(),
        )
        self._say = say
        self._prefix = f"{name}: " if name else ""
        self._in_bytes = unit == "B"
        self._total, self._first, self._done = total, done, done
        self._start = self._last_line = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def advance(self, by: int = 1, /, **figures: float) -> None:
        """So many more are done; `figures` are shown beside the count."""
        self._done += by
        if not self._bar.disable:
            self._bar.set_postfix(figures, refresh=False)
            self._bar.update(by)
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._say(self._line(figures))

    def _line(self, figures: dict[str, Any]) -> str:
        per_second = (self._done - self._first) / (time.monotonic() - self._start)
        left = tqdm.format_interval((self._total - self._done) / per_second)
        shown = "".join(f", {name} {value:.4g}" for name, value in figures.items())
        done, total, rate = map(self._count, (self._done, self._total, per_second))
        return f"{self._prefix}{done} of {total}{shown}, {rate} a second, {left} left"

    def _count(self, number: float) -> str:
        if self._in_bytes:
            return f"{tqdm.format_sizeof(number)}B"
        return str(number) if isinstance(number, int) else f"{number:.3g}"
