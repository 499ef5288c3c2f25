"""Which clips the gallery shows: the best, the median and the worst of each model, and named ones.

The score of a clip is the F1 of its events in seconds: 2 * (seconds in which an event that is found
and a true one of its class agree) / (seconds found + seconds true), each class's overlapping events
counted once.  It needs no mask and no collar, so that all models are ranked alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

RANKED_BY = (
    "Clips are ranked by the F1 of events in seconds: twice the seconds in which found and true "
    "events of a class agree, divided by the seconds found plus the seconds true. It is the score "
    "that is shown."
)


class ChoiceError(ValueError):
    """A clip that is asked for and is not there; the message is one line."""


def overlap_f1(found: pd.DataFrame, true: pd.DataFrame) -> float:
    """F1 of one clip's events in seconds, 0..1; 1 where there are none and none is found.

    found, true: tables with `onset, offset` (seconds) and `event_label`.
    """
    spans = {
        label: (
            _joined(found[found["event_label"] == label]),
            _joined(true[true["event_label"] == label]),
        )
        for label in sorted({*found["event_label"], *true["event_label"]})
    }
    total = sum(off - on for both in spans.values() for one in both for on, off in one)
    common = sum(
        max(0.0, min(off, other_off) - max(on, other_on))
        for mine, others in spans.values()
        for on, off in mine
        for other_on, other_off in others
    )
    return 2 * common / total if total else 1.0


def _joined(events: pd.DataFrame) -> list[tuple[float, float]]:
    """The spans in which one or more events are active, in order."""
    joined: list[tuple[float, float]] = []
    for on, off in sorted(zip(events["onset"], events["offset"], strict=True)):
        if joined and on <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(off, joined[-1][1]))
        else:
            joined.append((on, off))
    return joined


def choose(
    scores: Mapping[str, Mapping[str, float]], named: Sequence[str], per_model: int
) -> dict[str, list[str]]:
    """The chosen clips with the reasons for each: those named first, then each model's.

    scores: of each clip, by model and name of clip; per_model: so many clips of each, evenly spread
    over its ranking from the best to the worst (3: best, median, worst); the best of all models
    come first.

    Raises ChoiceError for a named clip without scores.
    """
    known = {name for one in scores.values() for name in one}
    missing = [name for name in named if name not in known]
    if missing:
        raise ChoiceError(
            f"gallery.clips: {missing[0]} is none of the {len(known)} clips of the holdout folds"
            f"{f', such as {min(known)}' if known else ''}; correct the name"
        )
    chosen: dict[str, list[str]] = {name: ["named"] for name in named}
    rankings = {
        model: sorted(one, key=lambda clip: (-one[clip], clip)) for model, one in scores.items()
    }
    for place in _outside_in(per_model):
        for model, ranking in rankings.items():
            n_clips = len(ranking)
            rank = round(place * (n_clips - 1) / max(per_model - 1, 1))
            if n_clips:
                name = ranking[rank]
                reason = f"{_rank_name(place, per_model, rank, n_clips)} of {model}"
                chosen.setdefault(name, []).append(f"{reason}: {scores[model][name]:.2f}")
    return chosen


def _outside_in(per_model: int) -> list[int]:
    """Places in a ranking, the best first, then the worst: the middle is left out soonest."""
    return [
        int(place)
        for place in np.argsort(
            [-abs(2 * i - per_model + 1) for i in range(per_model)], kind="stable"
        )
    ]


def _rank_name(place: int, per_model: int, rank: int, n_clips: int) -> str:
    if place == 0:
        return "best clip"
    if place == per_model - 1:
        return "worst clip"
    return "median clip" if 2 * place == per_model - 1 else f"clip {rank + 1} of {n_clips}"
