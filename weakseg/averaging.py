"""An exponential moving average of a model's weights, which is steadier than the weights.

Source: Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging"; as
mean teachers use it, Tarvainen and Valpola 2017, arXiv 1703.01780.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)

YOUNG = 10  # iterations after which half of the average is older than a few steps


class WeightAverage:
    """The average of the weights and of the batch statistics.

    decay: share of the average that each iteration keeps; less at first, so that the initial
    weights are soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float):
        self.decay = decay
        self.weights = {name: value.clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, iteration: int) -> None:
        """Take in the weights after `iteration` steps."""
        share = 1 - min(self.decay, (1 + iteration) / (YOUNG + iteration))
        now = model.state_dict()
        floats = [name for name, value in now.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.weights[n] for n in floats], [now[n] for n in floats], share)
        for name in now.keys() - set(floats):
            self.weights[name].copy_(now[name])

    @contextmanager
    def inside(self, model: nn.Module) -> Iterator[None]:
        """Let the model have the averaged weights for a while."""
        own = {name: value.clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.weights)
        try:
            yield
        finally:
            model.load_state_dict(own)

    def as_model(self, model: Model) -> Model:
        """A copy of the model that is the average, now and later: they share their memory.

        It is for use: in training mode it would write its batch statistics into the average.
        """
        averaged = copy.deepcopy(model).eval().requires_grad_(False)
        averaged.load_state_dict(self.weights, assign=True)
        return averaged

    def load(self, weights: dict[str, Tensor]) -> None:
        """Go on from saved weights."""
        for name, value in weights.items():
            self.weights[name].copy_(value)
