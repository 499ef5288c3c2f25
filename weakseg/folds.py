"""Which recordings go in which fold.

Conventions
-----------
- Folds count from 1.  A fold table has the columns `FOLD_COLUMNS`: role
  (`scene` or `event`), name, label, source, fold; fold 0 is any fold.
- `assign_published` is the published rule (Kong et al., arXiv 1804.04715, and
  its implementation): single files at random, scenes in no fold.  Takes of one
  recording then lie on both sides of a split.
- `assign_files` spreads single files, scenes too, evenly over the folds.
- `assign_grouped` keeps what has one source (an event's original recording, a
  scene's location) in one fold, and spreads each class evenly.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from weakseg.sealed import read_table

FOLD_COLUMNS = ["role", "name", "label", "source", "fold"]


class FoldError(ValueError):
    """Recordings that cannot be split as asked; the message is one line."""


def assign_published(
    scenes: pd.DataFrame, events: pd.DataFrame, n_folds: int, seed: int
) -> pd.DataFrame:
    """Assign every event file, verified or not, at random; all scenes get fold 0.

    The k-th row of the shuffled index gets fold k mod n_folds + 1.
    """
    order = np.arange(len(events))
    np.random.RandomState(seed).shuffle(order)
    fold = np.empty(len(events), int)
    fold[order] = np.arange(len(events)) % n_folds + 1
    return _table(scenes, [0] * len(scenes), events, list(fold))


def assign_files(
    scenes: pd.DataFrame, events: pd.DataFrame, n_folds: int, seed: int
) -> pd.DataFrame:
    """Assign single files, scenes and events alike, so that each fold holds as many of each class.

    Raises FoldError as `assign_grouped`: each file is its own source.
    """
    own_scenes, own_events = (table.assign(source=table["name"]) for table in (scenes, events))
    folds = assign_grouped(own_scenes, own_events, n_folds, seed)
    return folds.assign(source=[*scenes["source"], *events["source"]])


def assign_grouped(
    scenes: pd.DataFrame, events: pd.DataFrame, n_folds: int, seed: int
) -> pd.DataFrame:
    """Assign sources to folds so that each fold holds about as many of each class.

    Only usable recordings count, of the events only verified ones; the others go with their source.
    Raises FoldError if a class has recordings from fewer sources than there are folds, or if there
    are fewer locations than folds.
    """
    rng = np.random.default_rng([seed, 1])
    counting = events[events.usable & events.verified]
    _require_sources(counting, n_folds)
    event_fold = _spread(counting, n_folds, rng)
    usable_scenes = scenes[scenes.usable]
    locations = usable_scenes["source"].nunique()
    if locations < n_folds:
        raise FoldError(
            f"{locations} scene locations cannot fill {n_folds} folds; lower mixtures.folds, "
            "add scenes, or set mixtures.group_folds to false"
        )
    scene_fold = _spread(usable_scenes, n_folds, rng)
    return _table(
        scenes,
        [scene_fold.get(source, 1) for source in scenes["source"]],
        events,
        [event_fold.get(source, 1) for source in events["source"]],
    )


def read_folds(path: Path) -> pd.DataFrame:
    """A fold table, with names as text whatever they look like."""
    text = dict.fromkeys(["role", "name", "label", "source"], str)
    return read_table(path, FOLD_COLUMNS, dtype=text, keep_default_na=False)


def members_of(
    path: Path,
    scenes: pd.DataFrame,
    events: pd.DataFrame,
    fold: int,
    planned_scenes: Sequence[str] = (),
) -> dict[str, pd.DataFrame]:
    """Role -> the rows of its index that may be mixed in a fold: usable, events verified too.

    Scenes of any fold (0) are where the plan has them: those with the names `planned_scenes`.
    """
    table, members = read_folds(path), {}
    for role, index in (("scene", scenes), ("event", events)):
        folds = table[table["role"] == role]["fold"].to_numpy()
        planned = (folds == 0) & index["name"].isin(planned_scenes).to_numpy()
        mine = ((folds == fold) | planned) & index.usable.to_numpy()
        members[role] = index[mine & index.verified.to_numpy() if role == "event" else mine]
    return members


def _require_sources(events: pd.DataFrame, n_folds: int) -> None:
    sources = events.groupby("label")["source"].nunique()
    few = sources[sources < n_folds]
    if len(few):
        raise FoldError(
            f"class {few.index[0]}: usable recordings from {few.iloc[0]} "
            f"{'source' if few.iloc[0] == 1 else 'sources'} cannot fill {n_folds} folds; "
            "lower mixtures.folds, add recordings, "
            "or set mixtures.group_folds to false"
        )


def _spread(recordings: pd.DataFrame, n_folds: int, rng: np.random.Generator) -> dict[str, int]:
    """Give each source a fold, the largest first.

    It goes to the fold where its classes are rarest; of equal ones, to the smallest.
    """
    classes_of: dict[str, Counter[str]] = defaultdict(Counter)
    for source, label in zip(recordings["source"], recordings["label"], strict=True):
        classes_of[source][label] += 1
    sources = sorted(classes_of)
    rng.shuffle(sources)
    sources.sort(key=lambda source: -classes_of[source].total())
    count = [Counter[str]() for _ in range(n_folds)]
    fold_of = {}
    for source in sources:
        mine = classes_of[source]
        fold = min(
            range(n_folds), key=lambda f: (sum(count[f][label] for label in mine), count[f].total())
        )
        count[fold].update(mine)
        fold_of[source] = fold + 1
    return fold_of


def _table(
    scenes: pd.DataFrame, scene_folds: list[int], events: pd.DataFrame, event_folds: list[int]
) -> pd.DataFrame:
    parts = [
        table[["name", "label", "source"]].assign(role=role, fold=folds)
        for role, table, folds in (("scene", scenes, scene_folds), ("event", events, event_folds))
    ]
    return pd.concat(parts, ignore_index=True)[FOLD_COLUMNS]
