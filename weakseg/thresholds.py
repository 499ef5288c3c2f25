"""Thresholds of all decisions: those of a configuration, or tuned ones, class by class.

Conventions
-----------
- A file of tuned thresholds is YAML: `source`, a line that says from which labels each came, then
  `classes`, a mapping of values for each class.  A model without masks has no `mask` there.
- A class is found, that is detected and separated, where it is tagged: at its threshold `clip`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from weakseg.detection import Detector
from weakseg.metrics.binary import Threshold
from weakseg.sealed import REMEDY as MAKE_ANEW
from weakseg.sealed import read_yaml, write_text

REMEDY = f"give those of this model, or, where a run made them, {MAKE_ANEW}"


@dataclass(frozen=True)
class Thresholds:
    """What counts as positive: clip probability, frame score and mask value above these.

    Each is one for all classes, or one a class, (classes,).
    """

    clip: Threshold
    frame: Threshold
    mask: Threshold
    found: Threshold  # clip probability above which a class is detected and separated
    gate: Threshold  # clip probability above which a class's frames are scored at all
    smooth: Threshold = 1  # frames over which frame scores are averaged before `frame`


@dataclass(frozen=True)
class ClassThresholds:
    """The decisions of one class; `high` to `drop` are its detector's (see `Detector`)."""

    clip: float
    frame: float
    smooth: int
    high: float
    low: float
    median: int
    merge_gap: int
    drop: int
    mask: float | None = None

    @property
    def detector(self) -> Detector:
        """Of the class's events, which a clip has where the class is tagged."""
        return Detector(self.clip, self.high, self.low, self.merge_gap, self.drop, self.median)


# Thresholds that are numbers of frames, and the least that each may be
FRAMES = {"smooth": 1, "median": 1, "merge_gap": 0, "drop": 0}
MOST_FRAMES = 1_000_000


class ThresholdError(ValueError):
    """A file of tuned thresholds that cannot be used; the message is one line."""

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))  # a class's name may hold line breaks


def join(of_class: Sequence[ClassThresholds], gate: float) -> Thresholds:
    """The thresholds as arrays (classes,), in the precision of the scores.

    gate: the most that frames are gated by, whatever a class is tagged at: what a gate shuts out
    counts as the lowest score in areas under curves.
    """

    def column(name: str) -> Threshold:
        return np.array([getattr(one, name) for one in of_class], np.float32)

    clip, frame, mask, smooth = (column(name) for name in ("clip", "frame", "mask", "smooth"))
    return Thresholds(clip, frame, mask, found=clip, gate=np.minimum(clip, gate), smooth=smooth)


def write_thresholds(
    path: str | Path, source: str, classes: Sequence[str], of_class: Sequence[ClassThresholds]
) -> None:
    """Write tuned thresholds."""
    values = {
        label: {name: value for name, value in asdict(one).items() if value is not None}
        for label, one in zip(classes, of_class, strict=True)
    }
    parts = ({"source": source}, {"classes": values})
    texts = [yaml.safe_dump(p, sort_keys=False, allow_unicode=True, width=1000) for p in parts]
    write_text(path, "".join(texts))


def read_thresholds(path: str | Path, classes: Sequence[str]) -> list[ClassThresholds]:
    """The tuned thresholds of the classes, in their order.

    DamagedError, which names the file, if it is damaged; ThresholdError if it is of other classes,
    or has a value that is no threshold.
    """
    content = read_yaml(path)
    values = content.get("classes") if isinstance(content, dict) else None
    if not isinstance(values, dict):
        raise ThresholdError(f"{path}: no thresholds: it has no mapping `classes`; {REMEDY}")
    if list(values) != list(classes):
        raise ThresholdError(f"{path}: thresholds of other classes; {REMEDY}")
    return [_of_class(values[label], f"{path}: no thresholds: {label}") for label in classes]


def _of_class(values: Any, where: str) -> ClassThresholds:
    """One class's; ThresholdError, which begins with `where`, if a value is missing or is none."""
    given = values if isinstance(values, dict) else {}
    for field in fields(ClassThresholds):
        value = given.get(field.name, None if field.default is MISSING else field.default)
        if not _is_one(field.name, value):
            expected = "a whole number" if field.name in FRAMES else "a number from 0 to 1"
            raise ThresholdError(
                f"{where}: {field.name} is {str(value)[:40]!r}, expected {expected}; {REMEDY}"
            )
    surplus = [str(name) for name in given if name not in ClassThresholds.__dataclass_fields__]
    if surplus:
        raise ThresholdError(f"{where}: nothing is called {surplus[0][:40]!r}; {REMEDY}")
    return ClassThresholds(**given)


def _is_one(name: str, value: Any) -> bool:
    if name == "mask" and value is None:
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if name not in FRAMES:
        return 0 <= value <= 1
    return isinstance(value, int) and FRAMES[name] <= value <= MOST_FRAMES
