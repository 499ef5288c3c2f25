"""What a model runs on: device, threads and precision.

Conventions
-----------
- precision `fp32` computes all in float32; `bf16` and `fp16` the convolutions and matrix products
  in bfloat16 or float16, with weights, batch statistics, pooling and loss in float32 (mixed
  precision, Micikevicius et al. 2018, "Mixed precision training").  `auto` is bf16 where the
  hardware has instructions for it, fp16 on older cards that have them for that, or else fp32.
- On a card, fp32 is not TF32, which torch takes for convolutions (10 bits in place of 23), and
  cuDNN takes the algorithms that add in one order, so that a training gives the same bytes again.
- Networks run in the channels_last layout, which oneDNN and cuDNN compute in without reordering.
"""

from __future__ import annotations

import torch
from torch import nn

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
MOST_THREADS = 256
TENSOR_CORES = (7, 0)  # compute capability of the first cards that are fast in float16 (Volta)


def choose_device(name: str) -> torch.device:
    """The device `auto`, `cpu` or `cuda`; ValueError for another name or a missing card."""
    if name not in DEVICES:
        raise ValueError(f"device: expected one of {', '.join(DEVICES)}, got {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device: cuda was asked for, but torch finds no card; use cpu or auto")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def choose_precision(name: str, device: torch.device) -> str:
    """The precision, or for `auto` what suits the device; ValueError for a name that is none."""
    if name not in PRECISIONS:
        raise ValueError(f"precision: expected one of {', '.join(PRECISIONS)}, got {name!r}")
    if name != "auto":
        return name
    if has_bf16(device):
        return "bf16"
    fast = device.type == "cuda" and torch.cuda.get_device_capability(device) >= TENSOR_CORES
    return "fp16" if fast else "fp32"


def has_bf16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def mixed_precision(device: torch.device, precision: str) -> torch.autocast:
    """A context in which networks compute in `precision` (fp32, bf16 or fp16)."""
    half = torch.float16 if precision == "fp16" else torch.bfloat16
    return torch.autocast(device.type, half, enabled=precision != "fp32")


def prepare(model: nn.Module, device: torch.device, threads: int) -> None:
    """Put the model on the device, in the fast layout, and give torch `threads` threads.

    The number of threads is part of what determines a result: it decides the order of sums.
    Threads, and on a card the settings of cuDNN, are those of the whole process.
    """
    if not 1 <= threads <= MOST_THREADS:  # torch crashes with very many
        raise ValueError(f"threads: expected 1 to {MOST_THREADS}, got {threads}")
    torch.set_num_threads(threads)
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
    model.to(device=device)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
