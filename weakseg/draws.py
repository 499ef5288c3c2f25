"""Bootstrap draws of macro values: made from scores, kept in a file, turned into intervals.

Conventions
-----------
- A draw takes the recordings of a holdout fold's events with replacement, scenes stay; see
  `metrics.bootstrap`.  All models of a fold see the same draws, so differences are paired.
- Draws are kept as float32, an array (draws,) a key.  A key is (snr_db, model, holdout_fold,
  task, metric), all as text; the fold "mean" has the means over folds, draw by draw: recordings
  of different folds are drawn independently.
- Intervals are of 95 %; nan where there are no draws.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.metrics.binary import Floats, macro
from weakseg.metrics.bootstrap import interval, source_weights
from weakseg.plan import PlannedMixture
from weakseg.scores import Scores
from weakseg.sealed import REMEDY, DamagedError, read_bytes, write_bytes
from weakseg.tables import DIFFERENCE_COLUMNS

Key = tuple[str, ...]
Draws = dict[Key, NDArray[np.floating]]

# what NumPy raises for bytes that are none of its archives
NO_ARCHIVE = (ValueError, KeyError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error)


def clip_weights(
    mixtures: Sequence[PlannedMixture], folds: pd.DataFrame, n_draws: int, seed: int
) -> Floats:
    """How often each mixture counts in each draw, (draws, clips).

    folds: the table of `folds`, which names the source of each event's recording.
    """
    events = folds[folds["role"] == "event"].drop_duplicates("name")  # the first one is used
    source_of = dict(zip(events["name"], events["source"], strict=True))
    sources = [
        [source_of[e["event_audio_name"]] for e in mixture["events"]] for mixture in mixtures
    ]
    return source_weights(sources, n_draws, seed)


def draws_of(run: Mapping[str, Any], scores: Mapping[str, Scores], weights: Floats) -> Draws:
    """The macro values of one run in each draw; none if there are no weights.

    run: its `snr_db`, `model` and `holdout_fold`.
    """
    draws: Draws = {}
    for task, one in scores.items() if len(weights) else ():
        for metric, values in one.draw(weights).items():
            overall = macro(values) if values.ndim == 2 else values
            draws[(*run_key(run), task, metric)] = overall.astype(np.float32)
    return draws


def run_key(run: Mapping[str, Any]) -> Key:
    """The run's part of a key."""
    return f"{run['snr_db']:g}", str(run["model"]), str(run["holdout_fold"])


def write_draws(path: str | Path, draws: Draws) -> None:
    """Write draws as a NumPy archive; the same draws give the same bytes."""
    arrays: dict[str, Any] = {"/".join(key): values for key, values in draws.items()}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def read_draws(paths: Iterable[str | Path]) -> Draws:
    """The draws of several files, and their means over folds."""
    draws: Draws = {}
    for path in paths:
        try:
            with np.load(io.BytesIO(read_bytes(path)), allow_pickle=False) as archive:
                draws |= {tuple(name.split("/")): archive[name] for name in archive.files}
        except NO_ARCHIVE as error:
            if isinstance(error, DamagedError):
                raise
            raise DamagedError(f"{path}: not an archive of draws ({error}); {REMEDY}") from error
    return draws | _fold_means(draws)


def _fold_means(draws: Draws) -> Draws:
    folds: dict[Key, list[NDArray[np.floating]]] = {}
    for (snr, model, _, *what), values in draws.items():
        folds.setdefault((snr, model, "mean", *what), []).append(values)
    return {key: np.mean(values, axis=0) for key, values in folds.items()}


def with_intervals(summary: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    """The summary with `ci_low` and `ci_high`."""
    ends = np.array([_ends(draws, key) for key in _keys(summary)])
    return summary.assign(ci_low=ends[:, 0], ci_high=ends[:, 1])


def differences(summary: pd.DataFrame, draws: Draws, models: Sequence[str]) -> pd.DataFrame:
    """Each of `models` against each one after it: value - other's value, with its interval."""
    values = dict(zip(_keys(summary), summary["value"], strict=True))
    rows = []
    for key, value in values.items():
        snr, model, fold, task, metric = key
        for other in models[models.index(model) + 1 :] if model in models else ():
            theirs = (snr, other, fold, task, metric)
            if theirs in values:
                run = (float(snr), model, other, fold, task, metric)
                rows.append((*run, value - values[theirs], *_ends(draws, key, theirs)))
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)


def _keys(summary: pd.DataFrame) -> list[Key]:
    rows = summary.to_dict("records")
    return [(*run_key(row), row["task"], row["metric"]) for row in rows]


def _ends(draws: Draws, key: Key, other: Key | None = None) -> tuple[float, float]:
    """The interval of a key's draws, or of their difference from another's."""
    if key not in draws or (other is not None and other not in draws):
        return np.nan, np.nan
    values = draws[key].astype(np.float64)
    low, high = interval(values if other is None else values - draws[other])
    return float(low), float(high)
