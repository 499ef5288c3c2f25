"""What a training minimises, from weak labels alone.

Conventions
-----------
- The loss of clip probabilities is the binary cross-entropy, mean over clips and classes (Kong et
  al., arXiv 1804.04715, equation 2).
- A class that is not in a clip is in none of its cells, which a weak label says as surely as it
  says that the class is not in the clip: its whole mask is a negative example.
- Where a class sounds does not depend on the scene behind it: a teacher, who hears the same events
  over a softer scene, says where the classes of a clip are.  It is the average of the model
  that learns (mean teacher: Tarvainen and Valpola 2017, arXiv 1703.01780).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from weakseg.model import ModelOutput

RISE = (0.2, 0.4)  # of a training: the share in which the teacher's weight rises
LEAST = 1e-6  # of a score, whose logarithm is taken


@dataclass(frozen=True)
class Objective:
    """The loss of a batch.

    absent: weight of the cross-entropy of the masks of classes that are not in their clip, mean
    over all cells; 0 is the published loss.
    consistency: weight of the cross-entropy of the frame scores of classes that are in their clip
    against a teacher's, who hears a scene `softer_db` softer; 0 for no teacher.
    iterations: how many a whole training has.
    """

    absent: float = 0.0
    consistency: float = 0.0
    softer_db: float = 20.0
    iterations: int = 1

    def __call__(self, output: ModelOutput, truth: Tensor) -> Tensor:
        """Loss () of a batch with the weak labels `truth` (clips, classes) float32."""
        loss = F.binary_cross_entropy(output.clip_probabilities, truth)
        return loss + self.absent * absent_loss(output.logits, truth) if self.absent else loss

    def consistency_after(self, iteration: int) -> float:
        """The teacher's weight after so many iterations: it rises when it has learnt something."""
        first, last = RISE
        risen = (iteration / self.iterations - first) / (last - first)
        return self.consistency * min(max(risen, 0.0), 1.0)


def absent_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """-log(1 - sigmoid(logits)) where the class is not in the clip, mean over all cells, ()."""
    return (F.softplus(logits).mean((2, 3)) * (1 - truth)).mean()


def consistency_loss(scores: Tensor, taught: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of frame scores (clips, classes, frames) against a teacher's, likewise.

    The mean over frames where the class is in the clip, 0 elsewhere; mean over clips and classes.
    """
    each = F.binary_cross_entropy(scores.clamp(LEAST, 1 - LEAST), taught, reduction="none")
    return (each.mean(2) * truth).mean()
