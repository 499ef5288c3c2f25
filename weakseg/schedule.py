"""The learning rate of each iteration."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """steps: x `decay` every `decay_every` iterations, as published.  cosine: half a wave from
    `learning_rate` to 0 (Loshchilov and Hutter 2017, arXiv 1608.03983).  Over the first `warmup`
    iterations either is scaled by a linear rise.
    """

    kind: str
    learning_rate: float
    iterations: int
    decay: float = 1.0
    decay_every: int = 1
    warmup: int = 0

    def at(self, iteration: int) -> float:
        """The rate of an iteration, counted from 0."""
        rise = min(1.0, (iteration + 1) / (self.warmup + 1))
        if self.kind == "steps":
            return self.learning_rate * rise * self.decay ** (iteration // self.decay_every)
        fall = (1 + math.cos(math.pi * iteration / self.iterations)) / 2
        return self.learning_rate * rise * fall
