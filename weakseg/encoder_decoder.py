"""An encoder-decoder network: a mask at full resolution from context over the whole spectrum.

Conventions
-----------
- Each step down halves frames and mels and widens the maps, each step up undoes one and adds what
  the encoder had at that resolution (Ronneberger et al. 2015, arXiv 1505.04597, with sums in
  place of concatenations); blocks are residual (He et al. 2016, arXiv 1512.03385).
- At the bottom all bands are joined, and dilated convolutions over frames see some seconds both
  ways (Yu and Koltun 2016, arXiv 1511.07122).  The context is finite: what is far away in a long
  recording changes nothing.
- Any number of frames: the last ones are padded with the band's mean, which is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from weakseg.foreground import noise_floor


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, added to their input; frames and mels stay as many."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.widen = nn.Conv2d(n_in, n_out, 1, bias=False) if n_in != n_out else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        inner = F.relu(self.bn1(self.conv1(maps)), inplace=True)
        return F.relu(self.bn2(self.conv2(inner)) + self.widen(maps), inplace=True)


class DilatedBlock(nn.Module):
    """A convolution over three frames, `dilation` apart, added to its input."""

    def __init__(self, n: int, dilation: int):
        super().__init__()
        self.conv1 = nn.Conv2d(
            n, n, (3, 1), padding=(dilation, 0), dilation=(dilation, 1), bias=False
        )
        self.bn1 = nn.BatchNorm2d(n)
        self.conv2 = nn.Conv2d(n, n, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n)

    def forward(self, maps: Tensor) -> Tensor:
        inner = F.relu(self.bn1(self.conv1(maps)), inplace=True)
        return maps + self.bn2(self.conv2(inner))


class Context(nn.Module):
    """What each place of the lowest maps (clips, maps, frames, bands) learns from all bands and
    from seconds of frames around it; of the same shape.
    """

    def __init__(self, n_maps: int, n_bands: int, width: int, dilations: Sequence[int]):
        super().__init__()
        self.join = nn.Conv2d(n_maps, width, (1, n_bands), bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(*(DilatedBlock(width, dilation) for dilation in dilations))
        self.part = nn.Conv2d(width, n_maps * n_bands, 1)

    def forward(self, maps: Tensor) -> Tensor:
        clips, n_maps, frames, bands = maps.shape
        joined = F.relu(self.bn(self.join(maps)), inplace=True)
        parted = self.part(F.relu(self.blocks(joined)))
        return parted.view(clips, n_maps, bands, frames).transpose(2, 3)


class EncoderDecoder(nn.Module):
    """From maps (clips, n_in, frames, mels) to logits (clips, n_out, frames, mels).

    widths: maps at each resolution, from the full one down; context: width of the joined bands;
    dilations: frames between the taps of each convolution over them, at the lowest resolution.
    reach: frames before and after a frame on which its logits depend, at most.
    ValueError if the mels cannot be halved as often.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        n_mels: int,
        widths: Sequence[int],
        context: int,
        dilations: Sequence[int],
    ):
        super().__init__()
        self.factor = 2 ** (len(widths) - 1)
        if n_mels % self.factor:
            raise ValueError(
                f"network.widths: {n_mels} mels cannot be halved {len(widths) - 1} times; "
                "give fewer widths, or change features.mels"
            )
        steps = list(pairwise(widths))
        self.first = ResidualBlock(n_in, widths[0])
        self.down = nn.ModuleList(ResidualBlock(wide, low) for wide, low in steps)
        self.context = Context(widths[-1], n_mels // self.factor, context, dilations)
        self.narrow = nn.ModuleList(nn.Conv2d(low, wide, 1, bias=False) for wide, low in steps)
        self.up = nn.ModuleList(ResidualBlock(wide, wide) for wide, _ in steps)
        self.last = nn.Conv2d(widths[0], n_out, 1)
        # two frames a block and, below the full resolution, up to one more for the halving
        halved = [2**step for step in range(1, len(widths))]
        self.reach = 3 * sum(halved) + self.factor * sum(dilations) + 2 * sum(halved) + 4

    def forward(self, maps: Tensor) -> Tensor:
        n_frames = maps.shape[2]
        missing = (self.factor - n_frames % self.factor) % self.factor
        maps = self.first(F.pad(maps, (0, 0, 0, missing)))
        passed = []
        for block in self.down:
            passed.append(maps)
            maps = block(F.max_pool2d(maps, 2))
        maps = maps + self.context(maps)
        for narrow, block in zip(reversed(self.narrow), reversed(self.up), strict=True):
            maps = block(F.interpolate(narrow(maps), scale_factor=2) + passed.pop())
        logits: Tensor = self.last(maps)
        return logits[:, :, :n_frames]


def with_background(logmel: Tensor) -> Tensor:
    """The network's input maps (clips, 3, frames, mels): the standardised log-mel, how far it
    lies above its noise floor, and the band's place from -1 to 1.
    """
    place = torch.linspace(-1, 1, logmel.shape[2], device=logmel.device)
    return torch.stack([logmel, logmel - noise_floor(logmel), place.expand_as(logmel)], dim=1)
