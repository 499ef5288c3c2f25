"""A weight for each cell by its rank, fast: what weighted rank pooling needs of a sort.

Conventions
-----------
- Rank 0 is the largest cell; of cells that tie the earlier one comes first, as in a stable sort.
- The cells are not negative.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CELLS_AT_ONCE = 80_000  # sorted together: their keys fit a core's cache


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
    """Fill `placed`: sort one integer a cell, its value over its place.

    The bits of floats that are not negative order as the floats do.  Integers sort with the CPU's
    vector instructions, which a sort that returns places does not.  Places count on through the
    rows that are sorted together, so that all of these are filled by one assignment.
    """
    n_cells = rows.shape[1]
    at_once = max(1, min(len(rows), CELLS_AT_ONCE // n_cells))
    places = np.arange(at_once * n_cells).reshape(at_once, n_cells)
    repeated = np.tile(weights, at_once)
    buffer = np.empty((at_once, n_cells), np.int64)
    for start in range(0, len(rows), at_once):
        bits = rows[start : start + at_once].view(np.int32)
        keys = np.multiply(bits, -(1 << 32), out=buffer[: len(bits)], dtype=np.int64)
        keys += places[: len(bits)]
        keys.sort(axis=1)
        keys &= (1 << 32) - 1
        placed[start : start + at_once].reshape(-1)[keys.reshape(-1)] = repeated[: keys.size]
