"""Which events lie where in which mixture.

Conventions
-----------
- A plan is a list of mixtures `{mixture_name, fold, scene_audio_name, events}`,
  an event `{event_audio_name, event_label, onset, offset}` with times in seconds.
- `plan_published` is the published rule (Kong et al., arXiv 1804.04715, and its
  implementation).  `plan_mixtures` mends its faults: each pass over the events is
  shuffled anew, onsets are random and events may overlap.
- A plan's file is YAML with one mixture a line, each a flow mapping that is also
  JSON, so that 8000 mixtures load in a fraction of a second.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.names import mixture_name
from weakseg.sealed import REMEDY, read_text, read_yaml, write_text

ROUNDING = 1e-9  # seconds: sums of fractions are not exact


class PlannedEvent(TypedDict):
    event_audio_name: str
    event_label: str
    onset: float
    offset: float


class PlannedMixture(TypedDict):
    mixture_name: str
    fold: int
    scene_audio_name: str
    events: list[PlannedEvent]


MIXTURE_PARTS = {"mixture_name": str, "fold": int, "scene_audio_name": str, "events": list}
EVENT_PARTS = {
    "event_audio_name": str,
    "event_label": str,
    "onset": int | float,
    "offset": int | float,
}


class PlanError(ValueError):
    """A plan that cannot be made or read; the message is one line."""


def plan_published(
    scenes: pd.DataFrame,
    events: pd.DataFrame,
    folds: pd.DataFrame,
    *,
    per_fold: int,
    n_events: int,
    onsets: Sequence[float],
    event_seconds: float,
    level_over: str,
    seed: int,
) -> list[PlannedMixture]:
    """The published plan, entry by entry.

    One shuffled array of a fold's verified events is repeated, every repeat in the same (last)
    order, so that the same groups of events recur; scenes are used up in shuffled order.
    """
    rng = np.random.RandomState(seed)
    scene_names = list(scenes[scenes.usable]["name"])
    rng.shuffle(scene_names)
    event_folds = folds[folds.role == "event"]["fold"].to_numpy()
    plan: list[PlannedMixture] = []
    heard = heard_seconds(events, event_seconds, level_over)
    for fold in sorted(set(event_folds)):
        chosen = np.flatnonzero((event_folds == fold) & events.verified & events.usable)
        _require_events(len(chosen), fold)
        for _ in range(per_fold * n_events // len(chosen) + 1):
            rng.shuffle(chosen)
        rows = np.resize(chosen, per_fold * n_events).reshape(per_fold, n_events)
        for triple in rows:
            if len(plan) == len(scene_names):
                raise PlanError(
                    f"{len(scene_names)} scenes are fewer than the mixtures, "
                    "and the published plan uses each once; "
                    "lower mixtures.per_fold or set mixtures.preset to default"
                )
            number, scene = len(plan), scene_names[len(plan)]
            plan.append(_mixture(number, int(fold), scene, events, triple, onsets, heard[triple]))
    return plan


def plan_mixtures(
    scenes: pd.DataFrame,
    events: pd.DataFrame,
    folds: pd.DataFrame,
    *,
    per_fold: int,
    n_events: int,
    onsets: Sequence[float] | str,
    overlap: bool,
    event_seconds: float,
    level_over: str,
    seconds: float,
    reshuffle: bool,
    seed: int,
) -> list[PlannedMixture]:
    """A plan from the usable recordings (events: verified) of each fold, scenes and events alike.

    onsets: "random" (with or without `overlap`), or the seconds at which the events start.
    reshuffle: shuffle anew for each pass over the events; otherwise one order is repeated.
    """
    plan: list[PlannedMixture] = []
    fold_of = {role: table["fold"].to_numpy() for role, table in folds.groupby("role", sort=False)}
    heard = heard_seconds(events, event_seconds, level_over)
    for fold in sorted(set(fold_of["event"])):
        rng = np.random.default_rng([seed, int(fold)])
        mine = np.flatnonzero((fold_of["event"] == fold) & events.verified & events.usable)
        here = np.flatnonzero((fold_of["scene"] == fold) & scenes.usable)
        _require_events(len(mine), fold)
        _require_scenes(len(here), fold)
        event_rows = endless(mine, rng, reshuffle)
        scene_rows = endless(here, rng, reshuffle)
        for _ in range(per_fold):
            triple = np.array([next(event_rows) for _ in range(n_events)])
            scene = str(scenes["name"].iloc[next(scene_rows)])
            starts = place(heard[triple], seconds, onsets, overlap, rng)
            lengths = np.minimum(heard[triple], seconds - np.asarray(starts))
            plan.append(_mixture(len(plan), int(fold), scene, events, triple, starts, lengths))
    return plan


def heard_seconds(
    events: pd.DataFrame, event_seconds: float, level_over: str
) -> NDArray[np.float64]:
    """Seconds of each event that a mixture holds, (events,).

    level_over "heard": from its first sound; "file": from the start of the file, as published.
    """
    lead = events["starts"] if level_over == "heard" else 0.0
    lengths: NDArray[np.float64] = np.minimum(events["seconds"] - lead, event_seconds).to_numpy()
    return lengths


def _require_events(number: int, fold: int) -> None:
    if number == 0:
        raise PlanError(
            f"fold {fold} has no verified, usable event; lower mixtures.folds or add recordings"
        )


def _require_scenes(number: int, fold: int) -> None:
    if number == 0:
        raise PlanError(f"fold {fold} has no usable scene; lower mixtures.folds or add scenes")


def endless(rows: NDArray[np.intp], rng: np.random.Generator, reshuffle: bool) -> Iterator[int]:
    """All rows in random order, again and again; `reshuffle` gives each pass its own order."""
    order = rng.permutation(rows)
    while True:
        yield from order
        if reshuffle:
            order = rng.permutation(rows)


def place(
    lengths: NDArray[np.float64],
    seconds: float,
    onsets: Sequence[float] | str,
    overlap: bool,
    rng: np.random.Generator,
) -> list[float]:
    """Onsets (seconds, whole milliseconds) for events of `lengths` within `seconds`.

    Random onsets are uniform; without `overlap` the free time is shared out at random between the
    events, in random order.  Raises PlanError if they do not fit.
    """
    if not isinstance(onsets, str):
        return list(onsets)
    if overlap:
        free = np.maximum(seconds - lengths, 0)
        return [float(x) for x in np.floor(rng.uniform(0, free) * 1000) / 1000]
    free_time = seconds - lengths.sum()
    if free_time < -ROUNDING:
        raise PlanError(
            f"events of {lengths.sum():.1f} s do not fit in {seconds} s without overlap; "
            "set mixtures.overlap to true or lower mixtures.events"
        )
    order = rng.permutation(len(lengths))
    gaps = np.sort(rng.uniform(0, max(free_time, 0.0), len(lengths)))
    before = np.concatenate([[0.0], np.cumsum(lengths[order])[:-1]])
    starts = np.empty(len(lengths))
    starts[order] = np.floor((gaps + before) * 1000) / 1000
    return [float(start) for start in starts]


def _mixture(
    number: int,
    fold: int,
    scene: str,
    events: pd.DataFrame,
    rows: NDArray[np.intp],
    onsets: Sequence[float],
    lengths: NDArray[np.float64],
) -> PlannedMixture:
    names, labels = events["name"].to_numpy(), events["label"].to_numpy()
    return {
        "mixture_name": mixture_name(number),
        "fold": fold,
        "scene_audio_name": scene,
        "events": [
            {
                "event_audio_name": str(names[row]),
                "event_label": str(labels[row]),
                "onset": float(onset),
                "offset": float(onset + length),
            }
            for row, onset, length in zip(rows, onsets, lengths, strict=True)
        ],
    }


def write_plan(path: Path, plan: Sequence[Mapping[str, Any]]) -> None:
    """Write a plan, one mixture a line."""
    lines = [f"- {json.dumps(mixture, ensure_ascii=False)}\n" for mixture in plan]
    write_text(path, "".join(lines))


def read_plan(path: Path) -> list[PlannedMixture]:
    """Read a plan; any YAML will do, one that `write_plan` wrote is read fast.

    DamagedError, which names the file, if it is damaged, or PlanError if it is no plan.
    """
    lines = read_text(path).strip().split("\n")
    plan: Any
    try:
        plan = [json.loads(line.removeprefix("- ")) for line in lines]
    except (json.JSONDecodeError, RecursionError):
        plan = read_yaml(path)
    if not isinstance(plan, list) or not plan:
        raise PlanError(f"{path}: not a plan: no list of mixtures; {REMEDY}")
    for number, mixture in enumerate(plan, 1):
        if not _is_planned(mixture):
            raise PlanError(f"{path}: not a plan: mixture {number} lacks a part; {REMEDY}")
    return plan


def _is_planned(mixture: Any) -> bool:
    return _has(mixture, MIXTURE_PARTS) and all(
        _has(event, EVENT_PARTS) and 0 <= event["onset"] <= event["offset"] < math.inf
        for event in mixture["events"]
    )


def _has(part: Any, kinds: Mapping[str, Any]) -> bool:
    return isinstance(part, dict) and all(
        isinstance(part.get(name), kind) for name, kind in kinds.items()
    )


def shard_of(
    plan: Sequence[PlannedMixture], fold: int, part: int, size: int
) -> list[PlannedMixture]:
    """The mixtures of part `part` (from 1) of a fold that is cut into parts of `size`."""
    mine = [mixture for mixture in plan if mixture["fold"] == fold]
    return mine[(part - 1) * size : part * size]


def classes_of(mixture: PlannedMixture) -> list[str]:
    """The classes that a mixture holds: its weak label."""
    return sorted({event["event_label"] for event in mixture["events"]})
