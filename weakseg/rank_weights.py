"""A weight for each cell by its rank, fast: what weighted rank pooling needs of a sort.

Conventions
-----------
- Rank 0 is the largest cell; of cells that tie the earlier one comes first, as in a stable sort.
- The cells are not negative.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LITTLE_END = 0 if sys.byteorder == "little" else 1  # where the lower half of 32 bits lies


def rank_weights(n_cells: int, decay: float) -> NDArray[np.float32]:
    """r^j / sum_j r^j for the ranks j, (cells,)."""
    weights = np.power(float(decay), np.arange(n_cells))
    return (weights / weights.sum()).astype(np.float32)


def weights_by_rank(cells: Tensor, weights: NDArray[np.float32]) -> Tensor:
    """The weight of each cell (..., cells): the first of `weights` (cells,) for the largest, ...

    On a CPU many times faster than torch.sort and a scatter.
    """
    if cells.device.type == "cpu" and cells.dtype == torch.float32:
        rows = cells.detach().contiguous().numpy().reshape(-1, cells.shape[-1])
        return torch.from_numpy(_weights_of_rows(rows, weights)).view(cells.shape)
    order = cells.sort(dim=-1, descending=True, stable=True).indices
    by_rank = torch.from_numpy(weights).to(cells).expand_as(cells)
    return torch.empty_like(cells).scatter_(-1, order, by_rank)


def _weights_of_rows(
    rows: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The same for rows (masks, cells), the masks shared out among torch's threads."""
    placed = np.empty_like(rows)
    threads = torch.get_num_threads()
    with ThreadPoolExecutor(threads) as pool:
        parts = (np.array_split(array, threads) for array in (rows, placed))
        for _ in pool.map(partial(_place, weights), *parts):
            pass
    return placed


def _place(
    weights: NDArray[np.float32], rows: NDArray[np.float32], placed: NDArray[np.float32]
) -> None:
    """Fill `placed`, mask by mask.

    The bits of floats that are not negative order as the floats do, and NumPy sorts 16 bits stably
    by their digits: in turn the lower and the upper half of each cell's inverted bits.
    """
    for row, out in zip(rows, placed, strict=True):
        halves = (~row.view(np.uint32)).view(np.uint16).reshape(-1, 2)
        lower, upper = (halves[:, LITTLE_END], halves[:, 1 - LITTLE_END])
        by_lower = np.ascontiguousarray(lower).argsort(kind="stable")
        order = by_lower.take(upper.take(by_lower).argsort(kind="stable"))
        out[order] = weights
