"""What a training minimises, from weak labels alone.

Conventions
-----------
- The loss of clip probabilities is the binary cross-entropy, mean over clips and classes (Kong et
  al., arXiv 1804.04715, equation 2).
- A class that is not in a clip is in none of its cells, which a weak label says as surely as it
  says that the class is not in the clip: its whole mask is a negative example.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from weakseg.model import ModelOutput


@dataclass(frozen=True)
class Objective:
    """The loss of a batch.

    absent: weight of the cross-entropy of the masks of classes that are not in their clip, mean
    over all cells; 0 is the published loss.
    """

    absent: float = 0.0

    def __call__(self, output: ModelOutput, truth: Tensor) -> Tensor:
        """Loss () of a batch with the weak labels `truth` (clips, classes) float32."""
        loss = F.binary_cross_entropy(output.clip_probabilities, truth)
        return loss + self.absent * absent_loss(output.logits, truth) if self.absent else loss


def absent_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """-log(1 - sigmoid(logits)) where the class is not in the clip, mean over all cells, ()."""
    return (F.softplus(logits).mean((2, 3)) * (1 - truth)).mean()
