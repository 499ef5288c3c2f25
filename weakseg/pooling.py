"""The classification mapping g2: from the masks of a clip to its class probabilities.

Conventions
-----------
- A pooling is a module from masks (clips, classes, frames, mels) in 0..1 to clip probabilities
  (clips, classes) in 0..1.  It computes in float32, over all cells of a mask, however many there
  are.
- order `joint`: the rule goes over all cells of a mask at once.  `frequency_first`: over the mels
  of each frame, then, the same rule, over the frame values.
- Sources: Kong et al., arXiv 1804.04715, section III-B (GMP, GAP, GWRP); Wang, Li and Metze, arXiv
  1810.09050 (linear and exponential softmax); Liu et al., arXiv 2010.09985 (power mean); McFee,
  Salamon and Bello, arXiv 1804.10070 (auto-pool); Kong et al., arXiv 1711.00927 (attention).
- Where cells tie, GMP gives one of them the gradient; GWRP ranks the earlier cell first, as a
  stable sort does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from weakseg import specification
from weakseg.rank_weights import rank_weights, weights_by_rank

ORDERS = ("joint", "frequency_first")


class Pooling(nn.Module):
    """What all poolings share: a subclass has the rule, `pool`, here is what it goes over.

    maps_per_class: how many maps a pooling needs of the network for each class: the mask logits,
    then the further maps, which are handed over as the network gives them.
    """

    maps_per_class = 1

    def __init__(self, n_classes: int, order: str = "joint"):
        super().__init__()
        if order not in ORDERS:
            raise ValueError(f"pooling.order: expected one of {', '.join(ORDERS)}, got {order!r}")
        self.order = order

    def forward(self, masks: Tensor, *further: Tensor) -> Tensor:
        """(clips, classes) of masks and further maps, each (clips, classes, frames, mels)."""
        maps = [m if m.dtype == torch.float64 else m.float() for m in (masks, *further)]
        if self.order == "joint":
            pooled = self.pool(*(m.flatten(2) for m in maps))
        else:
            pooled = self.pool(self.pool(*maps), *(m.mean(3) for m in maps[1:]))
        # Rounding may lead out of 0..1, which the loss refuses: mend the value, not the gradient.
        return pooled + (pooled.clamp(0, 1) - pooled).detach()

    def pool(self, cells: Tensor, *further: Tensor) -> Tensor:
        """Pool the last axis of maps (clips, classes, ..., cells)."""
        raise NotImplementedError


class GlobalMaxPooling(Pooling):
    """GMP: the largest cell of a mask."""

    def pool(self, cells: Tensor, *further: Tensor) -> Tensor:
        return cells.max(-1).values


class GlobalAveragePooling(Pooling):
    """GAP: the mean of a mask's cells."""

    def pool(self, cells: Tensor, *further: Tensor) -> Tensor:
        # On cuda avg_pool1d has one thread a mask; exported, it would fix the number of cells.
        if cells.device.type == "cuda" or torch.compiler.is_exporting():
            return cells.mean(-1)
        # Summed one cell after the other, as published: a better sum differs by up to 1e-5.
        n_cells = cells.shape[-1]
        return F.avg_pool1d(cells.reshape(-1, n_cells), n_cells).view(cells.shape[:-1])


class GlobalWeightedRankPooling(Pooling):
    """GWRP: sum_j r^j x_(j) / sum_j r^j, with the cells x sorted from large to small (equation 7).

    decay: r in 0..1; 0 is GMP, 1 is GAP.  learnable: each class has its own r, the sigmoid of the
    parameter `decay_logit` (classes,), which begins at `decay`.
    """

    def __init__(self, n_classes: int, decay: float, learnable: bool = False, order: str = "joint"):
        super().__init__(n_classes, order)
        if not 0 <= decay <= 1:
            raise ValueError(f"pooling.decay: expected a number in 0..1, got {decay}")
        if learnable and not 0 < decay < 1:
            raise ValueError(f"pooling.decay: learnable needs it above 0 and below 1, got {decay}")
        self.decay = decay
        logit = np.log(decay) - np.log1p(-decay) if learnable else 0.0
        self.decay_logit = nn.Parameter(torch.full((n_classes,), logit)) if learnable else None

    def pool(self, cells: Tensor, *further: Tensor) -> Tensor:
        n_cells = cells.shape[-1]
        if torch.compiler.is_exporting():
            return self._by_sorting(cells)
        # The weights are constant between changes of rank, so the pooling's gradient is the
        # weights themselves: nothing needs to be differentiated through the sort.
        if self.decay_logit is None:
            with torch.no_grad():
                weights = weights_by_rank(cells, rank_weights(n_cells, self.decay))
        else:
            with torch.no_grad():
                ranks = weights_by_rank(cells, np.arange(n_cells, dtype=np.float32))
            # r^rank as exp(rank ln r): logsigmoid is exact where r is almost 1.
            weights = (ranks * a_class(F.logsigmoid(self.decay_logit), cells)).softmax(-1)
        return (cells * weights).sum(-1)

    def _by_sorting(self, cells: Tensor) -> Tensor:
        """The plain form, in operators that a graph for any number of cells can hold."""
        ranks = torch.arange(cells.shape[-1], device=cells.device)
        if self.decay_logit is None:
            powers = torch.tensor(self.decay, dtype=torch.float64) ** ranks
            weights = (powers / powers.sum()).to(cells.dtype)
        else:
            logs = a_class(F.logsigmoid(self.decay_logit), cells)
            weights = (ranks.to(cells.dtype) * logs).softmax(-1)
        return (cells.sort(dim=-1, descending=True).values * weights).sum(-1)


class PowerMeanPooling(Pooling):
    """sum x^(q+1) / sum x^q, a Lehmer mean: q = 1 is linear softmax, q to infinity GMP.

    exponent: q, at least 1.  A mask of zeros and ones gives 1, which (1/n sum x^q)^(1/q) of all n
    cells does not.
    """

    def __init__(self, n_classes: int, exponent: float, order: str = "joint"):
        super().__init__(n_classes, order)
        if not 1 <= exponent < float("inf"):
            raise ValueError(f"pooling.exponent: expected a number from 1, got {exponent}")
        self.exponent = exponent

    def pool(self, cells: Tensor, *further: Tensor) -> Tensor:
        # Powers of small cells would underflow.  The mean grows with its cells alike, so that a
        # constant scale changes neither value nor gradient.
        largest = cells.detach().amax(-1).clamp(min=torch.finfo(cells.dtype).tiny)
        mean: Tensor = largest * _LehmerMean.apply(cells / largest[..., None], self.exponent)
        return mean


class LinearSoftmaxPooling(Pooling):
    """sum x^2 / sum x: each cell counts as much as it is large."""

    def pool(self, cells: Tensor, *further: Tensor) -> Tensor:
        mean: Tensor = _LehmerMean.apply(cells, 1)
        return mean


class _LehmerMean(torch.autograd.Function):
    """sum x^(q+1) / sum x^q of cells (..., cells), q >= 1; 0 for a mask of zeros.

    Has half of the passes over memory that autograd would make of it.
    """

    @staticmethod
    def forward(ctx: Any, cells: Tensor, q: float) -> Tensor:
        below = cells ** (q - 1) if q > 1 else None  # x^(q-1), where it is not 1
        weights = cells if below is None else below * cells
        # 0 / 0 would be NaN, and so would the loss's steepest gradient, 1e12, over much less.
        total = weights.sum(-1).clamp(min=1e-20)
        mean = (weights * cells).sum(-1) / total
        ctx.save_for_backward(cells, below, mean, total)
        ctx.q = q
        return mean

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """The gradient of cell x is x^(q-1) ((q + 1) x - q mean) / sum x^q."""
        cells, below, mean, total = ctx.saved_tensors
        share = gradient / total
        result = cells * ((ctx.q + 1) * share)[..., None]
        result -= (ctx.q * share * mean)[..., None]
        return result if below is None else result.mul_(below), None


class ExponentialSoftmaxPooling(Pooling):
    """sum x e^(ax) / sum e^(ax): between GAP (a = 0) and GMP (a to infinity).

    sharpness: a, not negative.
    """

    def __init__(self, n_classes: int, sharpness: float = 1.0, order: str = "joint"):
        super().__init__(n_classes, order)
        if not 0 <= sharpness < float("inf"):
            raise ValueError(f"pooling.sharpness: expected a number from 0, got {sharpness}")
        self.sharpness = sharpness

    def pool(self, cells: Tensor, *further: Tensor) -> Tensor:
        return (cells * (cells * self.sharpness).softmax(-1)).sum(-1)


class AutoPooling(Pooling):
    """Auto-pool: exponential softmax, with the sharpness of each class a parameter.

    sharpness: where the parameter `sharpness` (classes,) begins.  Training may make it negative:
    towards the smallest cell.
    """

    def __init__(self, n_classes: int, sharpness: float = 1.0, order: str = "joint"):
        super().__init__(n_classes, order)
        self.sharpness = nn.Parameter(torch.full((n_classes,), float(sharpness)))

    def pool(self, cells: Tensor, *further: Tensor) -> Tensor:
        return (cells * (cells * a_class(self.sharpness, cells)).softmax(-1)).sum(-1)


class AttentionPooling(Pooling):
    """sum w x / sum w, with w = e^v and a second map v of the network for each class.

    Frequency first, the v of a frame is the mean over its mels.
    """

    maps_per_class = 2

    def pool(self, cells: Tensor, *further: Tensor) -> Tensor:
        (attention,) = further
        return (cells * attention.softmax(-1)).sum(-1)


def a_class(parameter: Tensor, cells: Tensor) -> Tensor:
    """A parameter (classes,) beside cells (clips, classes, ..., cells)."""
    return parameter.view(-1, *[1] * (cells.dim() - 2))


POOLINGS: dict[str, Callable[..., Pooling]] = {
    "gmp": GlobalMaxPooling,
    "gap": GlobalAveragePooling,
    "gwrp": GlobalWeightedRankPooling,
    "linear_softmax": LinearSoftmaxPooling,
    "exp_softmax": ExponentialSoftmaxPooling,
    "power_mean": PowerMeanPooling,
    "auto_pool": AutoPooling,
    "attention": AttentionPooling,
}


def build_pooling(spec: Mapping[str, Any], n_classes: int) -> Pooling:
    """The pooling of a specification such as `{type: gwrp, decay: 0.9998}`.

    It maps masks (clips, classes, frames, mels) in 0..1, and as many further maps as its
    `maps_per_class` says, to probabilities (clips, classes).  ValueError for a type or an option
    that is not known.
    """
    return specification.build("pooling", POOLINGS, spec, n_classes)
