"""The segmentation mapping g1: from a clip's log-mel to a mask for each class.

Conventions
-----------
- A network is a module from standardised log-mel (clips, frames, mels) to mask logits
  (clips, classes, frames, mels); a mask is the sigmoid of its logits.
- A network without masks gives frame logits, (clips, classes, frames, 1): one band.  Poolings
  and frame scores, both over all cells, need no other case.  `gives_masks` tells them apart.
- Source: Kong et al., arXiv 1804.04715, section III-A; initial weights He et al. 2015,
  "Delving deep into rectifiers", equation 10, with a uniform distribution.  The encoder-decoder
  and its sources are in `encoder_decoder`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from weakseg import specification
from weakseg.background import FLOOR_REACH
from weakseg.encoder_decoder import EncoderDecoder, with_background

FIRST_LOGIT, FIRST_DEVIATION = -2.0, 0.05


class Network(nn.Module):
    """What all networks share.  `gives_masks`: the logits have a band a mel, not a single one.

    reach: frames before and after a frame on which its logits depend, at most; stride: a window of
    a longer recording must begin at a multiple of it, for its frames to be those of the whole.
    """

    gives_masks = True
    reach = 0
    stride = 1


class ConvBlock(nn.Module):
    """[3x3 convolution without bias, batch norm, ReLU] twice; frames and mels stay as many."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)

    def forward(self, maps: Tensor) -> Tensor:
        maps = F.relu(self.bn1(self.conv1(maps)), inplace=True)
        return F.relu(self.bn2(self.conv2(maps)), inplace=True)


class PublishedNetwork(Network):
    """The published network: convolution blocks without pooling, then a 1x1 convolution.

    widths: feature maps of each block; the published ones make 587,593 parameters at 41 classes.
    """

    def __init__(self, n_classes: int, n_mels: int, widths: Sequence[int] = (32, 64, 128, 128)):
        super().__init__()
        _check_sizes("network.widths", widths)
        for number, (n_in, n_out) in enumerate(zip((1, *widths), widths, strict=False), start=1):
            self.add_module(f"conv_block{number}", ConvBlock(n_in, n_out))
        self.final_conv = nn.Conv2d(widths[-1], n_classes, 1)
        self.reach = 2 * len(widths)
        initialise(self)

    def forward(self, logmel: Tensor) -> Tensor:
        maps = logmel[:, None]
        for layer in self.children():
            maps = layer(maps)
        return maps


class EncoderDecoderNetwork(Network):
    """Context over the whole spectrum and seconds of time, at a twentieth of the published cost.

    widths, context, dilations: as in `encoder_decoder.EncoderDecoder`.
    """

    def __init__(
        self,
        n_classes: int,
        n_mels: int,
        widths: Sequence[int] = (16, 32, 64, 128),
        context: int = 128,
        dilations: Sequence[int] = (1, 2, 4),
    ):
        super().__init__()
        _check_sizes("network.widths", widths)
        _check_sizes("network.context", [context])
        _check_sizes("network.dilations", dilations)
        self.maps = EncoderDecoder(3, n_classes, n_mels, widths, context, dilations)
        self.reach, self.stride = self.maps.reach + FLOOR_REACH, self.maps.factor
        initialise(self)
        # Masks begin nearly empty: most cells of most classes are.
        nn.init.normal_(self.maps.last.weight, std=FIRST_DEVIATION)
        nn.init.constant_(self.maps.last.bias, FIRST_LOGIT)  # type: ignore[arg-type]

    def forward(self, logmel: Tensor) -> Tensor:
        logits: Tensor = self.maps(with_background(logmel))
        return logits


class FullyConnectedNetwork(Network):
    """A baseline that looks at each frame alone: hidden layers of ReLU units with dropout."""

    gives_masks = False

    def __init__(
        self,
        n_classes: int,
        n_mels: int,
        widths: Sequence[int] = (500, 500, 500),
        dropout: float = 0.2,
    ):
        super().__init__()
        _check_sizes("network.widths", widths)
        if not 0 <= dropout < 1:
            raise ValueError(f"network.dropout: expected a number from 0 to below 1, got {dropout}")
        layers: list[nn.Module] = []
        for n_in, n_out in zip((n_mels, *widths), widths, strict=False):
            layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], n_classes))
        initialise(self)

    def forward(self, logmel: Tensor) -> Tensor:
        logits: Tensor = self.layers(logmel)
        return logits.transpose(1, 2)[..., None]


def _check_sizes(key: str, sizes: Sequence[int]) -> None:
    if not sizes or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise ValueError(f"{key}: expected at least one positive whole number, got {sizes}")


def initialise(network: nn.Module) -> None:
    """He's initialisation: weights uniform in +-sqrt(3) sqrt(2 / fan_in), biases 0.

    Draws from torch's global generator: seed it with torch.manual_seed first.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


NETWORKS: dict[str, Callable[..., Network]] = {
    "published": PublishedNetwork,
    "encoder_decoder": EncoderDecoderNetwork,
    "dnn": FullyConnectedNetwork,
}


def build_network(spec: Mapping[str, Any], n_classes: int, n_mels: int) -> Network:
    """The network of a specification such as `{type: published, widths: [32, 64, 128, 128]}`.

    It maps standardised log-mel (clips, frames, mels) to mask logits (clips, classes, frames,
    mels), with one band in place of the mels if it gives no masks.  ValueError for a type or an
    option that is not known.
    """
    return specification.build("network", NETWORKS, spec, n_classes, n_mels)


def cost(network: nn.Module, n_frames: int, n_mels: int) -> tuple[int, int]:
    """Number of parameters, and of multiply-accumulate operations for one clip."""
    parameters = sum(parameter.numel() for parameter in network.parameters())
    was_training, device = network.training, next(network.parameters()).device
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.eval()(torch.zeros(1, n_frames, n_mels, device=device))
    network.train(was_training)
    return parameters, counter.get_total_flops() // 2
