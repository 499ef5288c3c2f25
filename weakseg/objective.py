"""What a training minimises: from weak labels, and, if asked for, from how clips were mixed.

Conventions
-----------
- The loss of clip probabilities is the binary cross-entropy, mean over clips and classes (Kong et
  al., arXiv 1804.04715, equation 2).
- A class that is not in a clip is in none of its cells, which a weak label says as surely as it
  says that the class is not in the clip: its whole mask is a negative example.
- When a class sounds does not depend on the scene behind it, but how well it is heard does.  So a
  teacher, the moving average of the model (mean teacher: Tarvainen and Valpola 2017, arXiv
  1703.01780), hears the same events over a softer scene, and its frame scores are targets.  No
  gradient goes to it, and it knows no more of the events than the model: their labels.
- What a fresh mixture was mixed from is known: a scene and some events.  So a map of no class can
  learn how much of each cell is not the scene's.  Which events these are is told to nobody, and
  the maps of classes get no gradient from it, but share with it the layers before the last.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from weakseg.model import ModelOutput

RAMP_UP = (0.2, 0.4)  # of a training: the share in which the teacher's weight rises


@dataclass(frozen=True)
class Objective:
    """The loss of a batch.

    absent: weight of the cross-entropy of the masks of classes that are not in their clip, mean
    over all cells; 0 is the published loss.
    consistency: weight of the teacher, who hears scenes `softer_db` softer; 0 for none.
    foreground: weight of the cross-entropy of the model's map of the foreground, mean over all
    cells; 0 for none.
    iterations: of the whole training, in which the teacher's weight rises; 0: it is whole at once.
    """

    absent: float = 0.0
    consistency: float = 0.0
    softer_db: float = 20.0
    foreground: float = 0.0
    iterations: int = 0

    def __call__(
        self,
        output: ModelOutput,
        truth: Tensor,
        teacher_scores: Tensor | None = None,
        iteration: int = 0,
        foreground: Tensor | None = None,
    ) -> Tensor:
        """Loss () of a batch with the weak labels `truth` (clips, classes) float32.

        teacher_scores: frame scores (clips, classes, frames), where the teacher has a weight;
        foreground: share of events in each cell (clips, frames, mels), where its map has one.
        """
        loss = F.binary_cross_entropy(output.clip_probabilities, truth)
        if self.absent:
            loss = loss + self.absent * absent_loss(output.logits, truth)
        if teacher_scores is not None:
            agreement = consistency_loss(output.frame_scores, teacher_scores, truth)
            loss = loss + self.consistency_weight(iteration) * agreement
        if self.foreground:
            loss = loss + self.foreground * foreground_loss(output.foreground_logits, foreground)
        return loss

    def consistency_weight(self, iteration: int) -> float:
        """The teacher's weight after so many iterations: it rises when it has learnt something."""
        first, last = RAMP_UP
        done = iteration / self.iterations if self.iterations else last
        return self.consistency * min(max((done - first) / (last - first), 0.0), 1.0)


def absent_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """-log(1 - sigmoid(logits)) where the class is not in the clip, mean over all cells, ()."""
    return (F.softplus(logits).mean((2, 3)) * (1 - truth)).mean()


def foreground_loss(logits: Tensor | None, share: Tensor | None) -> Tensor:
    """Cross-entropy of the map of the foreground (clips, frames, mels), mean over all cells, ().

    ValueError if the model has no such map, or nobody knows what clips were mixed from.
    """
    if logits is None or share is None:
        raise ValueError("objective.foreground needs a model that learns it, and fresh mixtures")
    return F.binary_cross_entropy_with_logits(logits, share)


def consistency_loss(scores: Tensor, teacher_scores: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of frame scores (clips, classes, frames) against a teacher's, ().

    The mean over frames where the class is in the clip, 0 elsewhere; mean over clips and classes.
    """
    # a mean of ones may be rounded to more than 1
    pair = (scores.clamp(0, 1), teacher_scores.clamp(0, 1))
    return (F.binary_cross_entropy(*pair, reduction="none").mean(2) * truth).mean()
