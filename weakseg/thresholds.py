"""Thresholds of all decisions: those of a configuration, or tuned ones, class by class.

Conventions
-----------
- A file of tuned thresholds is YAML: `source`, a line that says from which labels each came, then
  `classes`, a mapping of values for each class.  A model without masks has no `mask` there.
- A class has limits of a `Detector`, which recordings go by, and what a `DurationDetector` needs,
  for events as long as those that it was tuned on: events of mixtures are cut, sounds are not.
  Which of them mixtures go by: `tuned_events`.
  The former takes frame scores, the latter what `event_evidence` makes of them.
- A class is found, that is detected and separated, where it is tagged: at its threshold `clip`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from weakseg.detection import Detector
from weakseg.durations import DurationDetector
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
    """The decisions of one class; detectors are of its events, where the class is tagged."""

    frame: float
    smooth: int
    detector: Detector
    by_duration: DurationDetector | None = None
    mask: float | None = None

    @property
    def clip(self) -> float:
        """The clip probability above which the class is tagged."""
        return self.detector.clip_threshold


# What a value of a class may be, where it is not a number from 0 to 1
FRAMES = {"smooth": 1, "median": 1, "merge_gap": 0, "drop": 0}  # whole numbers; the least
MOST = {"weight": 1000, "cost": 1000}  # numbers from 0 on; the greatest
MOST_FRAMES = MOST_EVENTS = 1_000_000


OF_LIMITS, OF_DURATION = (
    [field.name for field in fields(kind) if field.name != "clip_threshold"]
    for kind in (Detector, DurationDetector)
)


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
    values = {label: _values(one) for label, one in zip(classes, of_class, strict=True)}
    how: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 10_000}
    texts = [
        yaml.safe_dump({"source": source}, **how),
        yaml.safe_dump({"classes": values}, default_flow_style=None, **how),  # durations: one line
    ]
    write_text(path, "".join(texts))


def _values(one: ClassThresholds) -> dict[str, Any]:
    """One class's, as its file has them."""
    values = {"clip": one.clip, "frame": one.frame, "smooth": one.smooth, **asdict(one.detector)}
    if one.by_duration is not None:
        values |= asdict(one.by_duration)
    del values["clip_threshold"]
    return values if one.mask is None else values | {"mask": one.mask}


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
    known = ["clip", "frame", "smooth", *OF_LIMITS]
    if has_durations := any(name in given for name in OF_DURATION):
        known += OF_DURATION
    if given.get("mask") is not None:
        known.append("mask")
    for name in known:
        if fault := _fault(name, given.get(name)):
            raise ThresholdError(f"{where}: {fault}; {REMEDY}")
    if surplus := [str(name) for name in given if name not in (*known, "mask")]:
        raise ThresholdError(f"{where}: nothing is called {surplus[0][:40]!r}; {REMEDY}")
    detector = Detector(given["clip"], **{name: given[name] for name in OF_LIMITS})
    by_duration = (
        DurationDetector(given["clip"], **{name: given[name] for name in OF_DURATION})
        if has_durations
        else None
    )
    return ClassThresholds(
        given["frame"], given["smooth"], detector, by_duration, given.get("mask")
    )


def _fault(name: str, value: Any) -> str | None:
    """What is wrong with a value, in words, if it is."""
    if name == "durations":
        return _fault_of_durations(value)
    if name in FRAMES:
        right, expected = _whole(value, FRAMES[name]), "a whole number"
    else:
        most = MOST.get(name, 1)
        right, expected = _between(value, most), f"a number from 0 to {most}"
    return None if right else f"{name} is {str(value)[:40]!r}, expected {expected}"


def _fault_of_durations(value: Any) -> str | None:
    if not isinstance(value, dict):
        return f"durations is {str(value)[:40]!r}, expected whole frames: number of events"
    for frames, count in value.items():
        if not _whole(frames, 1) or not _between(count, MOST_EVENTS):
            entry = f"{frames}: {count}"[:40]
            return f"durations has {entry!r}, expected whole frames from 1 on: number of events"
    return None


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and _between(value, MOST_FRAMES) and value >= least


def _between(value: Any, most: float) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= most
