"""Which weights of a training are its result, and when it ends early.

Conventions
-----------
- The score is the validation loss, of clips of the training folds alone; smaller is better, and
  nan, where there are no validation clips, is no score.
- Validation clips are made of recordings that are trained on, in other mixtures: their loss says
  little about unknown recordings, and does not show when the known ones are learnt by heart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from weakseg.history import HistoryRow
from weakseg.learner import Learner

SELECTIONS = ("last", "best")


@dataclass(frozen=True)
class Selection:
    """keep: the weights after the `last` iteration, or those with the `best` validation loss.

    patience: validations without a better loss after which the training ends; 0: never.
    ValueError for another word.
    """

    keep: str = "last"
    patience: int = 0

    def __post_init__(self) -> None:
        if self.keep not in SELECTIONS:
            raise ValueError(f"keep: expected one of {', '.join(SELECTIONS)}, got {self.keep!r}")

    def consider(self, learner: Learner) -> bool:
        """After a validation: choose the weights if they are the best yet; whether to give up."""
        if self.keep == "best" and best_row(learner.history) == len(learner.history) - 1:
            learner.choose()
        return self.gives_up(learner.history)

    def gives_up(self, history: Sequence[HistoryRow]) -> bool:
        """Whether the last `patience` rows were no better than one before them."""
        best = best_row(history)
        return bool(self.patience) and best is not None and len(history) - 1 - best >= self.patience


def best_row(history: Sequence[HistoryRow]) -> int | None:
    """Place of the first row with the smallest validation loss; None if none has one."""
    losses = [row["validation_loss"] for row in history]
    finite = [loss for loss in losses if math.isfinite(loss)]
    return losses.index(min(finite)) if finite else None
