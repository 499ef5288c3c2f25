"""`torch.compile`: a model translated into fewer and larger kernels before its first step.

It takes a minute and a C++ compiler, and pays where steps are many and their kernels small: on a
card.  What is computed stays the same but for rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


def forward_of(model: nn.Module, compiled: bool) -> Callable[..., Any]:
    """What to call in the model's place; its weights and its mode stay the model's."""
    forward: Callable[..., Any] = torch.compile(model) if compiled else model
    return forward


@contextmanager
def compiler_errors_told(compiled: bool) -> Iterator[None]:
    """Raise a ValueError of one line where the compiler, or what it has made, fails.

    Not where the card has no memory: that is nothing of the compiler's.
    """
    try:
        yield
    except (ValueError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # the compiler's errors are of many kinds
        if not compiled:
            raise
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(
            f"training.compile: torch cannot compile this model here ({why}); "
            "install a C++ compiler, or set it to false"
        ) from error
