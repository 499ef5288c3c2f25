"""What every script does around its step: a log, and one line for an error that was foreseen."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FORESEEN = (ValueError, OSError, MemoryError)  # the library's own errors are ValueErrors


def device_for(asked: str, cards: int | None) -> str:
    """`cuda` or `cpu`: what was asked for, or for `auto` cuda if the job was given cards."""
    if asked != "auto":
        return asked
    return "cuda" if cards else "cpu"


@contextmanager
def step(log: str) -> Iterator[None]:
    """Write the library's log to `log` and standard error; end a foreseen error with one line."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(message)s",
        handlers=[logging.FileHandler(log, mode="w"), logging.StreamHandler(sys.stderr)],
        force=True,
    )
    try:
        yield
    except FORESEEN as error:
        logging.error("error: %s", " ".join(str(error).split()) or type(error).__name__)
        sys.exit(1)
    except Exception:
        logging.exception("an error of weakseg itself, please report it:")
        sys.exit(1)
