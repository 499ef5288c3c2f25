"""Thresholds of all decisions: those of a configuration, or tuned ones, class by class.

Conventions
-----------
- A file of tuned thresholds is YAML: `source`, a line that says from which labels each came, then
  `classes`, a mapping of values for each class.  A model without masks has no `mask` there.
- A class is found, that is detected and separated, where it is tagged: at its threshold `clip`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import yaml

from weakseg.detection import Detector
from weakseg.files import replacing
from weakseg.metrics.binary import Threshold


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


class ThresholdError(ValueError):
    """A file of tuned thresholds that cannot be used; the message is one line."""


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
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for part in {"source": source}, {"classes": values}:
            yaml.safe_dump(part, file, sort_keys=False, allow_unicode=True, width=1000)


def read_thresholds(path: str | Path, classes: Sequence[str]) -> list[ClassThresholds]:
    """The tuned thresholds of the classes, in their order.

    ThresholdError if the file is damaged or is of other classes.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["classes"]
        if list(values) != list(classes):
            raise ThresholdError(f"{path}: thresholds of other classes; delete it and run again")
        for label in classes:
            for name, value in values[label].items():
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                if not is_number or not math.isfinite(value):
                    raise ThresholdError(
                        f"{path}: no thresholds: {label}: {name} is {str(value)[:40]!r}, expected "
                        "a number; delete it and run again"
                    )
        return [ClassThresholds(**values[label]) for label in classes]
    except ThresholdError:
        raise
    except (
        yaml.YAMLError,
        TypeError,
        KeyError,
        AttributeError,
        ValueError,
        OverflowError,
    ) as error:
        what = str(error).splitlines()[0]
        raise ThresholdError(f"{path}: no thresholds ({what}); delete it and run again") from error
