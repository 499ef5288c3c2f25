"""What checks of a data set are told and what they tell.

Conventions
-----------
- A check takes the scenes and the events that mixtures can hold (`mixable`), as they were listened
  to (`weakseg.checks.heard`), and the keys of the experiment.
- A finding of kind `stops` ends the run at a later step; of a `warning` the results suffer; a
  `note` is good to know.  Each is one line that names what, how much, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

SHOWN = 3  # names in a finding


class Finding(NamedTuple):
    """What a check found; `kind` is stops, warning or note."""

    kind: str
    text: str


@dataclass(frozen=True)
class Setup:
    """The keys of `mixtures` and `features` that checks look at, as in the configuration.

    published: the plan is the published one.  fresh: all models draw fresh mixtures.
    """

    folds: int
    per_fold: int
    events: int
    event_seconds: float
    seconds: float
    sample_rate: int
    window: int
    hop: int
    published: bool
    group_folds: bool
    level_over: str
    fresh: bool


def mixable(index: pd.DataFrame, role: str) -> pd.DataFrame:
    """The recordings that mixtures can hold: usable ones, of the events verified ones."""
    return index[index.usable & index.verified] if role == "events" else index[index.usable]


def names(of: Iterable[object]) -> str:
    """The first few, and how many more there are."""
    given = [str(one) for one in of]
    more = f" and {len(given) - SHOWN} more" if len(given) > SHOWN else ""
    return ", ".join(given[:SHOWN]) + more


def some(index: pd.DataFrame) -> str:
    """How many recordings, with the first few names, as the subject of a sentence."""
    plural = len(index) > 1
    recordings, are = ("recordings", "are") if plural else ("recording", "is")
    return f"{len(index)} {recordings} ({names(index['name'])}) {are}"
