"""What every script does around its step: a log, and one line for an error that was foreseen."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from weakseg.foreseen import message_of

logging.raiseExceptions = False  # a log that cannot be written is no reason for a traceback


def device_for(asked: str, cards: int | None) -> str:
    """`cuda` or `cpu`: what was asked for, or for `auto` cuda if the job was given cards."""
    if asked != "auto":
        return asked
    return "cuda" if cards else "cpu"


@contextmanager
def step(log: str) -> Iterator[None]:
    """Write the library's log to `log` and standard error; end a foreseen error with one line."""
    write_to(logging.StreamHandler(sys.stderr))
    try:
        write_to(logging.StreamHandler(sys.stderr), logging.FileHandler(log, mode="w"))
        yield
    except Exception as error:
        message = message_of(error)
        if message is None:
            logging.exception("an error of weakseg itself, please report it:")
        else:
            logging.error("error: %s", message)
        sys.exit(1)


def write_to(*handlers: logging.Handler) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers, force=True)
