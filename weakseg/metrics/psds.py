"""Polyphonic sound detection score (PSDS): detection at all thresholds on frame scores.

Source: Bilen et al. 2020, "A framework for the robust evaluation of sound event detection";
computed at every threshold as in Ebbers, Serizel and Haeb-Umbach 2022, "Threshold-independent
evaluation of sound event detection scores", and equal to their sed_scores_eval.  Settings of
DCASE Task 4: PSDS1 asks for exact times, PSDS2 for the right class.

Conventions
-----------
- A detection is a run of frames whose scores all reach the threshold; frame i spans
  i x frame_seconds to (i + 1) x frame_seconds.
- It is relevant if reference events of its class cover at least `dtc` of it; else it is a false
  positive, and a cross trigger for each other class whose events cover `cttc` of it.
- A reference event is found if relevant detections cover at least `gtc` of it.
- Effective false positive rate of a class: false positives an hour of audio + alpha_ct x the
  mean over other classes of cross triggers an hour of that class's events.
- PSDS: area, up to e_max an hour and divided by it, under mean - alpha_st x standard deviation
  over classes of the rate of found events.
- Reference events of one class that overlap or touch count as one event.
- A class without a reference event takes no part; its own value is nan.
- A duration that misses a share by at most 1e-6 s reaches it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.metrics.binary import Floats, ratio
from weakseg.metrics.event_table import Events, merged, read_events
from weakseg.metrics.intersections import (
    Changes,
    Overlaps,
    cross_trigger_cost,
    error_changes,
    found_changes,
    join_changes,
    overlaps,
    relevant,
)

CLIPS_AT_ONCE = 32
SECONDS_AN_HOUR = 3600


class Setting(NamedTuple):
    """Criteria (shares of a duration), penalties, and the largest rate of false positives."""

    dtc: float
    gtc: float
    cttc: float
    alpha_ct: float
    alpha_st: float
    e_max: float = 100.0


SETTINGS = {
    "psds1": Setting(dtc=0.7, gtc=0.7, cttc=1.0, alpha_ct=0.0, alpha_st=1.0),
    "psds2": Setting(dtc=0.1, gtc=0.1, cttc=0.3, alpha_ct=0.5, alpha_st=1.0),
}


class Psds(NamedTuple):
    """The score of all classes together and of each class alone, (classes,)."""

    overall: float
    of_class: Floats


def psds(
    scores: NDArray[Any],
    reference: pd.DataFrame,
    filenames: Sequence[str],
    classes: Sequence[str],
    frame_seconds: float,
    clip_seconds: float,
    settings: Mapping[str, Setting] = SETTINGS,
) -> dict[str, Psds]:
    """PSDS under each setting, from frame scores (clips, frames, classes) and a table of events.

    filenames and classes name the clips and the classes of the scores; clip_seconds is the
    length of a clip, by which false positives become a rate.
    ValueError if the shapes do not fit, a score is not finite, or the table is wrong.
    """
    _check(scores, len(filenames), len(classes))
    events = merged(read_events(reference, filenames, classes))
    costs = _costs(events, len(classes), len(filenames) * clip_seconds / SECONDS_AN_HOUR)
    parts: dict[str, list[list[Changes]]] = {name: [[] for _ in classes] for name in settings}
    for first in range(0, len(filenames), CLIPS_AT_ONCE):
        part = scores[first : first + CLIPS_AT_ONCE].transpose(0, 2, 1)
        part = np.ascontiguousarray(part, dtype=np.result_type(part, np.float32))
        here = events.of_clips(first, first + len(part))
        batch = overlaps(part, here._replace(clip=here.clip - first), frame_seconds)
        for name, setting in settings.items():
            for label, changes in enumerate(_changes(batch, setting, costs)):
                parts[name][label].append(changes)
    return {name: _score(parts[name], costs, setting) for name, setting in settings.items()}


def _check(scores: NDArray[Any], n_clips: int, n_classes: int) -> None:
    if scores.ndim != 3 or scores.shape[0] != n_clips or scores.shape[2] != n_classes:
        raise ValueError(
            f"scores: expected shape ({n_clips}, frames, {n_classes}), got {scores.shape}; "
            "give as many clips and classes as there are names"
        )
    if not np.isfinite(scores).all():
        raise ValueError("scores: expected finite numbers, got nan or infinity; check the model")


class _Costs(NamedTuple):
    """Errors an hour: of one false positive, and of one cross trigger with each class."""

    n_events: NDArray[np.intp]
    false_positive: float
    cross_trigger: Floats


def _costs(events: Events, n_classes: int, hours: float) -> _Costs:
    n_events = np.bincount(events.label, minlength=n_classes)
    seconds = np.bincount(events.label, events.offset - events.onset, minlength=n_classes)
    n_others = np.maximum((n_events > 0).sum() - 1, 1)
    return _Costs(n_events, 1 / hours, ratio(np.array(SECONDS_AN_HOUR / n_others), seconds, 0.0))


def _changes(batch: Overlaps, setting: Setting, costs: _Costs) -> list[Changes]:
    """Changes of each class under one setting."""
    good = relevant(batch, setting.dtc)
    cost = np.full(len(good), costs.false_positive)
    if setting.alpha_ct > 0:
        triggers = cross_trigger_cost(batch, setting.cttc, costs.cross_trigger)
        cost += setting.alpha_ct * triggers
    pairs = zip(
        error_changes(batch, np.where(good, 0.0, cost)),
        found_changes(batch, good, setting.gtc),
        strict=True,
    )
    return [join_changes(list(pair)) for pair in pairs]


def _roc(changes: Changes, n_events: int, e_max: float) -> tuple[Floats, Floats]:
    """Error rates, strictly increasing up to e_max, and the best share of events found at each."""
    order = np.argsort(-changes.level)
    last = np.append(np.diff(changes.level[order]) != 0, True)[: len(order)]
    errors, found = (
        np.append(0.0, np.cumsum(change[order])[last]) for change in (changes.errors, changes.found)
    )
    errors = np.maximum(errors, 0.0)  # a sum that comes back to no error may fall short of it
    reached = errors <= e_max
    errors, found = errors[reached], found[reached]
    order = np.lexsort((found, errors))
    errors, best = errors[order], np.maximum.accumulate(found[order])
    last = np.append(np.diff(errors) > 0, True)
    return errors[last], best[last] / n_events


def _area(errors: Floats, found: Floats, e_max: float) -> float:
    """Area under a staircase that keeps each value up to the next, as a share of e_max."""
    return float((np.diff(errors, append=e_max) * found).sum() / e_max)


def _score(parts: list[list[Changes]], costs: _Costs, setting: Setting) -> Psds:
    of_class = np.full(len(parts), np.nan)
    curves = []
    for label in np.flatnonzero(costs.n_events):
        curve = _roc(join_changes(parts[label]), costs.n_events[label], setting.e_max)
        of_class[label] = _area(*curve, setting.e_max)
        curves.append(curve)
    if not curves:
        return Psds(np.nan, of_class)
    grid = np.unique(np.concatenate([errors for errors, _ in curves]))
    found = [best[np.searchsorted(errors, grid, side="right") - 1] for errors, best in curves]
    effective = np.mean(found, axis=0) - setting.alpha_st * np.std(found, axis=0)
    return Psds(_area(grid, np.maximum(effective, 0.0), setting.e_max), of_class)
