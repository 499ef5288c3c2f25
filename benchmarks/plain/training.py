"""The published network, its pooling and a training step, as a tutorial would write them.

Eager, float32, NCHW, torch.sort; Kong et al., arXiv 1804.04715, section III.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class PlainNetwork(nn.Module):
    """From standardised log-mel (clips, frames, mels) to masks (clips, classes, frames, mels)."""

    def __init__(self, n_classes: int, widths: Sequence[int]):
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out in zip((1, *widths), widths, strict=False):
            for first, last in ((n_in, n_out), (n_out, n_out)):
                layers.append(nn.Conv2d(first, last, 3, padding=1, bias=False))
                layers += [nn.BatchNorm2d(last), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], n_classes, 1))

    def forward(self, logmel: Tensor) -> Tensor:
        return torch.sigmoid(self.layers(logmel[:, None]))


def gwrp(masks: Tensor, decay: float) -> Tensor:
    """Global weighted rank pooling, (clips, classes): equation 7, with a sort."""
    ordered = masks.flatten(2).sort(dim=2, descending=True).values
    weights = decay ** torch.arange(ordered.shape[2])
    return (ordered * weights).sum(2) / weights.sum()


def step(
    network: PlainNetwork,
    optimizer: torch.optim.Optimizer,
    logmel: Tensor,
    truth: Tensor,
    decay: float,
) -> float:
    """One step on a batch; returns the loss."""
    probabilities = gwrp(network(logmel), decay).clamp(0, 1)
    loss = F.binary_cross_entropy(probabilities, truth)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
