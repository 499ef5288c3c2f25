"""`torch.compile`: a model translated into fewer and larger kernels before its first step.

It takes a minute and a C++ compiler, and pays where steps are many and their kernels small: on a
card.  What is computed stays the same but for rounding, and for the units that dropout leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

MOST_OF_A_REASON = 300  # characters of the compiler's words


def forward_of(model: nn.Module, compiled: bool) -> Callable[..., Any]:
    """What to call in the model's place; its weights and its mode stay the model's."""
    forward: Callable[..., Any] = torch.compile(model) if compiled else model
    return forward


@contextmanager
def compiler_errors_told(compiled: bool) -> Iterator[None]:
    """Raise a ValueError of one line where the compiler fails."""
    try:
        yield
    except Exception as error:
        if not compiled or not _is_the_compilers(error):
            raise
        why, _, _ = str(error).partition("Set TORCHDYNAMO_VERBOSE")  # words to its developers
        why = " ".join(why.split())[:MOST_OF_A_REASON]
        raise ValueError(
            f"training.compile: torch cannot compile this model here ({why}); set it to false, or "
            "install what the compiler misses"
        ) from error


def _is_the_compilers(error: Exception) -> bool:
    from torch._dynamo.exc import TorchDynamoException  # takes a second; there when one was raised

    return isinstance(error, TorchDynamoException)
