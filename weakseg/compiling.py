"""`torch.compile`: a network translated into fewer and larger kernels at its first step.

That takes a while and a C++ compiler, so it is for long trainings.  What is computed stays the same
but for rounding, and for the units that dropout leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from weakseg.model import Cells, SegmentationModel

MOST_OF_A_REASON = 300  # characters of the compiler's words


def cells_of(model: SegmentationModel, compiled: bool) -> Callable[[Tensor], Cells]:
    """`model.cells`, or the same compiled; not the pooling, which ranks outside of torch."""
    cells: Callable[[Tensor], Cells] = torch.compile(model.cells) if compiled else model.cells
    return cells


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
