"""A weight for each cell by its rank, fast: what weighted rank pooling needs of a sort.

Conventions
-----------
- Rank 0 is the largest cell; of cells that tie the earlier one comes first, as in a stable sort.
- The cells are not negative: their bits, as whole numbers, order as they do.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weakseg.machine_code import in_machine_code

DIGIT = 11  # bits; three cover a float's 32, and the counters of one (8 KiB) fit the fastest cache


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
        parts = (np.array_split(array, threads) for array in (rows.view(np.uint32), placed))
        for _ in pool.map(partial(_place, weights), *parts):
            pass
    return placed


@in_machine_code
def _place(weights: NDArray[np.float32], rows: NDArray[np.uint32], placed: NDArray[Any]) -> None:
    """Fill `placed` by a radix sort of each row of bits, both (masks, cells).

    The inverted bits are sorted from small to large, so that the largest cell comes first.  Each
    pass sorts stably by one digit, the lowest first.
    """
    n_cells = rows.shape[1]
    last = np.uint32((1 << DIGIT) - 1)
    starts = np.empty(1 << DIGIT, np.uint32)  # of the cells with each digit
    keys, cells = np.empty((2, n_cells), np.uint32)
    sorted_keys, sorted_cells = np.empty((2, n_cells), np.uint32)
    for mask in range(len(rows)):
        for cell in range(n_cells):
            keys[cell] = ~rows[mask, cell]
            cells[cell] = cell
        for shift in (np.uint32(0), np.uint32(DIGIT), np.uint32(2 * DIGIT)):
            starts[:] = 0
            for key in keys:
                starts[(key >> shift) & last] += np.uint32(1)
            n_before = np.uint32(0)
            for digit in range(len(starts)):
                n_before, starts[digit] = n_before + starts[digit], n_before
            for cell in range(n_cells):
                digit = (keys[cell] >> shift) & last
                to = starts[digit]
                starts[digit] = to + np.uint32(1)
                sorted_keys[to], sorted_cells[to] = keys[cell], cells[cell]
            keys, sorted_keys = sorted_keys, keys
            cells, sorted_cells = sorted_cells, cells
        for rank in range(n_cells):
            placed[mask, cells[rank]] = weights[rank]
