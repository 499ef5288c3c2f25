"""The classification mapping g2: from the masks of a clip to its class probabilities.

Conventions
-----------
- A pooling is a module from masks (clips, classes, frames, mels) in 0..1 to clip probabilities
  (clips, classes).  It computes in float32, over all cells of a mask, however many there are.
- Source: Kong et al., arXiv 1804.04715, section III-B.
- Where cells tie, GMP gives one of them the gradient; GWRP ranks the earlier cell first, as a
  stable sort does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from weakseg import specification

ROWS_AT_ONCE = 4  # masks sorted together: their keys fit a core's cache


class GlobalMaxPooling(nn.Module):
    """GMP: the largest cell of a mask."""

    def forward(self, masks: Tensor) -> Tensor:
        return masks.float().flatten(2).max(2).values


class GlobalAveragePooling(nn.Module):
    """GAP: the mean of a mask's cells."""

    def forward(self, masks: Tensor) -> Tensor:
        if masks.device.type == "cuda":  # where avg_pool2d has one thread a mask
            return masks.float().mean((2, 3))
        # Summed one cell after the other, as published: a better sum differs by up to 1e-5.
        return F.avg_pool2d(masks.float(), masks.shape[2:]).flatten(1)


class GlobalWeightedRankPooling(nn.Module):
    """GWRP: sum_j r^j x_(j) / sum_j r^j, with the cells x sorted from large to small (equation 7).

    decay: r in 0..1; 0 is GMP, 1 is GAP.
    """

    def __init__(self, decay: float):
        super().__init__()
        if not 0 <= decay <= 1:
            raise ValueError(f"pooling.decay: expected a number in 0..1, got {decay}")
        self.decay = decay

    def forward(self, masks: Tensor) -> Tensor:
        cells = masks.float().flatten(2)
        # The weights are constant between changes of rank, so the pooling's gradient is the
        # weights themselves: nothing needs to be differentiated through the sort.
        with torch.no_grad():
            weights = weights_by_rank(cells, rank_weights(cells.shape[2], self.decay))
        return (cells * weights).sum(2)


def rank_weights(n_cells: int, decay: float) -> NDArray[np.float32]:
    """r^j / sum_j r^j for the ranks j, (cells,)."""
    weights = np.power(float(decay), np.arange(n_cells))
    return (weights / weights.sum()).astype(np.float32)


def weights_by_rank(cells: Tensor, weights: NDArray[np.float32]) -> Tensor:
    """The weight of each cell (..., cells): the first of `weights` (cells,) for the largest, ...

    The cells are not negative.  On a CPU many times faster than torch.sort and a scatter.
    """
    if cells.device.type == "cpu":
        rows = cells.detach().contiguous().numpy().reshape(-1, cells.shape[-1])
        return torch.from_numpy(_weights_of_rows(rows, weights)).view_as(cells)
    order = cells.sort(dim=-1, descending=True, stable=True).indices
    by_rank = torch.from_numpy(weights).to(cells.device).expand_as(cells)
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
    vector instructions, which a sort that returns places does not.
    """
    places = np.arange(rows.shape[1])
    buffer = np.empty((ROWS_AT_ONCE, rows.shape[1]), np.int64)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        bits = rows[start : start + ROWS_AT_ONCE].view(np.int32)
        keys = np.multiply(bits, -(1 << 32), out=buffer[: len(bits)], dtype=np.int64)
        keys += places
        keys.sort(axis=1)
        keys &= (1 << 32) - 1
        for row, order in zip(placed[start:], keys, strict=False):
            row[order] = weights


POOLINGS: dict[str, Callable[..., nn.Module]] = {
    "gmp": GlobalMaxPooling,
    "gap": GlobalAveragePooling,
    "gwrp": GlobalWeightedRankPooling,
}


def build_pooling(spec: Mapping[str, Any]) -> nn.Module:
    """The pooling of a specification such as `{type: gwrp, decay: 0.9998}`.

    It maps masks (clips, classes, frames, mels) in 0..1 to probabilities (clips, classes).
    ValueError for a type or an option that is not known.
    """
    return specification.build("pooling", POOLINGS, spec)
