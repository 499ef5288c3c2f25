"""Weakly supervised sound event detection, time-frequency segmentation and separation.

model = weakseg.load_model("model.pt")
found = model.segment(audio, sample_rate)  # probabilities, masks, events, stems
"""

import importlib
from typing import Any

__all__ = ["load_model"]

# name -> module.  Imported when asked for: an audio step needs no torch, and an edit of these
# modules touches only their users.  __init__.pyi says the types.
_HOMES = {"load_model": "weakseg.segmenter"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
