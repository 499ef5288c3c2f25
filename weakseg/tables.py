"""Tables of results: the folds' metrics joined, their means, and what is shown of them.

`summary` has the columns `SUMMARY_COLUMNS`; `holdout_fold` is a number or "mean", the mean over the
holdout folds that were run.  Confidence bounds are empty where none were computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from weakseg.sealed import read_table

COLUMNS = ["task", "metric", "class", "value"]  # of one run's metrics
MACRO = ""  # no class: the mean over the classes that have a value
SUMMARY_COLUMNS = [
    "snr_db",
    "model",
    "holdout_fold",
    "task",
    "metric",
    "value",
    "ci_low",
    "ci_high",
]
DIFFERENCE_COLUMNS = [
    "snr_db",
    "model",
    "other",
    "holdout_fold",
    "task",
    "metric",
    "difference",
    "ci_low",
    "ci_high",
]
RUN = ["snr_db", "model", "holdout_fold"]
REFERENCES = ("oracle_", "floor_")  # how the names of models begin that are no models


class Shown(NamedTuple):
    """What the page shows of a task, and the floor and the oracle that models lie between.

    neither: metrics that say nothing about the way from the floor to the oracle, since the floor
    has the best value there is, or the oracle's is no better.
    """

    title: str
    task: str
    metrics: list[str]
    floor: str
    oracle: str
    neither: frozenset[str] = frozenset({"precision", "recall"})


BINARY = ["precision", "recall", "f1", "auc", "average_precision"]
EVENTS = ["f1", "error_rate", "segment_f1", "segment_error_rate", "psds1", "psds2"]
SEPARATION = ["si_sdr_db", "si_sdr_improvement_db", "sdr_db", "sir_db", "sar_db"]
SHOWN = [
    Shown("Audio tagging", "tagging", BINARY, "floor_ones", "oracle_activity"),
    Shown("Frames", "frames", BINARY, "floor_ones", "oracle_activity"),
    Shown("Masks", "masks", BINARY, "floor_ones", "oracle_mel_ibm"),
    Shown("Events", "events", EVENTS, "floor_ones", "oracle_activity"),
    Shown(
        "Separation (dB)",
        "separation",
        [*SEPARATION, "si_sdr_improvement_db_true_classes"],
        "floor_ones",
        "oracle_irm",
        frozenset(SEPARATION),  # of found classes, where references separate all true ones
    ),
]


def read_metrics(path: Path) -> pd.DataFrame:
    """One run's metrics; a class may be called NA or 1."""
    return read_table(
        path,
        [*RUN, *COLUMNS],
        dtype={"class": str},
        keep_default_na=False,
        na_values={"value": [""]},
        float_precision="round_trip",
    )


def join(metrics: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All runs' metrics, followed by their means over holdout folds (`holdout_fold` is "mean")."""
    runs = pd.concat(metrics, ignore_index=True)
    keys = ["snr_db", "model", "task", "metric", "class"]
    values = runs.groupby(keys, sort=False)["value"]
    means = values.mean().reset_index()
    # a macro value that a fold lacks leaves no mean, as it leaves no interval (draws.py)
    incomplete = (values.count() < values.size()).to_numpy() & (means["class"] == MACRO)
    means.loc[incomplete, "value"] = np.nan
    runs["holdout_fold"] = runs["holdout_fold"].astype(str)
    return pd.concat([runs, means.assign(holdout_fold="mean")], ignore_index=True)


def summary(joined: pd.DataFrame) -> pd.DataFrame:
    """The macro values, without confidence intervals."""
    rows = joined[joined["class"] == MACRO]
    return rows.assign(ci_low=pd.NA, ci_high=pd.NA)[SUMMARY_COLUMNS]


def per_class(joined: pd.DataFrame) -> pd.DataFrame:
    """The values of each class."""
    rows = joined[joined["class"] != MACRO]
    return rows[[*RUN, "class", "task", "metric", "value"]]


def way(wide: pd.DataFrame, shown: Shown) -> pd.DataFrame:
    """(value - floor) / (oracle - floor) of each model, from a row a model, a column a metric."""
    floor, oracle = wide.loc[shown.floor], wide.loc[shown.oracle]
    models = wide[~wide.index.str.startswith(REFERENCES)]
    return ((models - floor) / (oracle - floor)).drop(columns=shown.neither, errors="ignore")
