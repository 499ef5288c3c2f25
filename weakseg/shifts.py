"""A network in use at several shifts of its frames, whose masks are averaged.

Conventions
-----------
- A network that halves frames says something else of a clip that begins a frame later: in which
  pairs frames are joined is chance.  The mean over shifts takes that chance out (cycle spinning:
  Coifman and Donoho 1995, "Translation-invariant de-noising"; in separation of sound the shift
  trick of Defossez et al. 2019, arXiv 1911.13254).
- Shifts are spread evenly over `Network.stride` frames: one by the stride joins the same frames, so
  that there are no more shifts than that, and of a network without halvings one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

SHIFTS = 3  # in use, if nothing else is said
LEAST_MASK, MOST_MASK = 1e-14, 1 - 1e-6  # what is beyond has the same logit


def spread_shifts(number: int, stride: int) -> list[int]:
    """Frames of `number` shifts, the first 0; of `stride` shifts if that is less.

    ValueError if the number is not a whole one above 0.
    """
    if number < 1 or number % 1:
        raise ValueError(f"shifts: expected a whole number above 0, got {number}")
    number = min(int(number), stride)
    return [round(place * stride / number) for place in range(number)]


def logits_of(masks: Tensor) -> Tensor:
    """The logits, all finite, of masks in 0..1."""
    return masks.clamp(LEAST_MASK, MOST_MASK).logit()


def mean_logits(
    network: Callable[[Tensor], Tensor], logmel: Tensor, shifts: Sequence[int], n_masks: int
) -> Tensor:
    """What `network` gives for log-mel (clips, frames, mels), averaged over shifts, in float32.

    Of its maps (clips, maps, frames, bands) the first `n_masks` are logits of masks, and become
    those of their mean mask; further ones become their mean.
    """

    def heard(frames: int) -> Tensor:
        maps = _shifted(network, logmel, frames).float()
        return torch.cat([maps[:, :n_masks].sigmoid(), maps[:, n_masks:]], 1)

    mean = torch.as_tensor(sum(heard(frames) for frames in shifts)) / len(shifts)
    return torch.cat([logits_of(mean[:, :n_masks]), mean[:, n_masks:]], 1)


def _shifted(network: Callable[[Tensor], Tensor], logmel: Tensor, frames: int) -> Tensor:
    """The maps of clips before which `frames` of their frames are mirrored."""
    n_frames = logmel.shape[1]
    order = torch.arange(-frames, n_frames, device=logmel.device).abs().clamp(max=n_frames - 1)
    return network(logmel[:, order])[:, :, frames:]
