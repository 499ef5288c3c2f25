"""How far each cell of a clip stands out of its background, which needs no training.

Conventions
-----------
- Log-mel is (clips, frames, mels), natural logarithm of magnitudes: 1 is 8.7 dB.
- The background is what stays for seconds: its floor comes from minimum statistics over time
  (Martin 2001, "Noise power spectral density estimation based on optimal smoothing and minimum
  statistics").  It reaches over a fixed number of frames, so that what is far away in a long
  recording changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from weakseg.background import NEAR, REACH, SILENT, SMOOTHED

LOUDEST = 1e3  # above any level
# in use, masks that are cut to the foreground are smoothed over so many frames around each, and
# weighted by how surely their class is heard in so many
SMOOTH_FRAMES, NEARBY_FRAMES = 17, 63
SURE = 1e-6  # a score that counts as nothing
FAINT = 1e-3  # of a mask where its class is heard but nothing stands out: no matter how little


def noise_floor(logmel: Tensor) -> Tensor:
    """Log-mel of the background around each cell, of the same shape."""
    return _least(_mean(logmel.transpose(1, 2))).transpose(1, 2)


def bridged(logmel: Tensor) -> Tensor:
    """Log-mel in which digital silence is no softer than the background: `background.bridged`."""
    bands = logmel.transpose(1, 2)
    silent = (bands.amax(1, keepdim=True) < SILENT).to(bands.dtype)
    if not torch.compiler.is_compiling() and not silent.any():
        return logmel
    heard = (F.avg_pool1d(silent, 2 * NEAR + 1, 1, NEAR) == 0).to(bands.dtype)
    share = _mean(heard)
    floor = _least(torch.where(share > 0, _mean(bands * heard) / share.clamp(min=0.1), LOUDEST))
    known = (heard == 0) & (floor < LOUDEST)
    return torch.where(known, torch.maximum(bands, floor), bands).transpose(1, 2)


def _mean(bands: Tensor) -> Tensor:
    """The mean over SMOOTHED frames, (clips, bands, frames)."""
    return F.avg_pool1d(bands, SMOOTHED, 1, SMOOTHED // 2, count_include_pad=False)


def _least(bands: Tensor) -> Tensor:
    """The least within REACH frames, (clips, bands, frames)."""
    width, padding = 2 * REACH + 1, REACH
    if torch.compiler.is_exporting():  # which would fix the number of frames, were it pooled in 1-D
        return -F.max_pool2d(-bands[:, :, None], (1, width), 1, (0, padding))[:, :, 0]
    return -F.max_pool1d(-bands, width, 1, padding)  # ten times as fast


def moving_mean(masks: Tensor, frames: int) -> Tensor:
    """Mean of masks (clips, classes, frames, mels) over an odd number of frames around each one."""
    return F.avg_pool2d(masks, (frames, 1), 1, (frames // 2, 0), count_include_pad=False)


def nearby(scores: Tensor, frames: int) -> Tensor:
    """How surely a class is heard around each frame, of scores (clips, classes, frames), likewise.

    It is their linear softmax (Wang et al. 2019, arXiv 1810.09050) over an odd number of frames.
    """
    squares, sums = (F.avg_pool1d(x, frames, 1, frames // 2) for x in (scores**2, scores))
    return squares / sums.clamp(min=SURE)


def where_heard(masks: Tensor, heard: Tensor) -> Tensor:
    """Masks (clips, classes, frames, mels) weighted by what `nearby` gives.

    Cells in which nothing stands out differ by that alone, not by how far they lie below the floor.
    """
    return (FAINT + (1 - FAINT) * masks) * heard[..., None]


@dataclass(frozen=True)
class Foreground:
    """A weight in 0..1 for each cell: a sigmoid of how far its log-mel lies above the floor.

    above: where the weight is a half; steepness: its slope there, times four; cells: so many cells'
    worth of weight a frame must have for its score to count by half.
    learnt: whether the network has a map of its own of how much of each cell is foreground, which
    masks are cut to; frames are pooled over what stands out all the same.
    """

    above: float
    steepness: float
    cells: float
    learnt: bool = False

    def weights(self, logmel: Tensor) -> Tensor:
        """(clips, 1, frames, mels) of log-mel (clips, frames, mels)."""
        excess = logmel - noise_floor(logmel) - self.above
        return torch.sigmoid(self.steepness * excess)[:, None]

    def frame_scores(self, masks: Tensor, weights: Tensor) -> Tensor:
        """The mean of a mask over a frame's foreground, (clips, classes, frames)."""
        return (masks * weights).sum(3) / (weights.sum(3) + self.cells)
