"""Tables of results: the folds' metrics joined, their means, and a page to read.

`summary` has the columns `SUMMARY_COLUMNS`; `holdout_fold` is a number or "mean", the mean over the
holdout folds that were run.  Confidence bounds are empty where none were computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from weakseg.page import Block, Heading, Paragraph, Table

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
        "oracle_mel_irm",
        frozenset({"sar_db"}),
    ),
]


def read_metrics(path: Path) -> pd.DataFrame:
    """One run's metrics; a class may be called NA or 1."""
    return pd.read_csv(
        path,
        dtype={"class": str},
        keep_default_na=False,
        na_values={"value": [""]},
        float_precision="round_trip",
    )


def join(metrics: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All runs' metrics, followed by their means over holdout folds (`holdout_fold` is "mean")."""
    runs = pd.concat(metrics, ignore_index=True)
    keys = ["snr_db", "model", "task", "metric", "class"]
    means = runs.groupby(keys, sort=False)["value"].mean().reset_index()
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


TUNED = (
    "The same, with thresholds tuned class by class for each model: clip thresholds from weak "
    "labels, frame, event and mask thresholds from the planned onsets of training mixtures; no "
    "holdout clip was used. Models named `oracle_` and `floor_` keep the thresholds of the "
    "configuration: they have nothing to tune."
)


TRACKS = {
    "A": "trained on the planned mixtures (track A)",
    "B": "trained on fresh mixtures (track B)",
}


def page(
    experiment: str,
    table: pd.DataFrame,
    tuned: pd.DataFrame | None = None,
    models: pd.DataFrame | None = None,
) -> list[Block]:
    """The means as a page: a table a task and SNR, a row a model; then with tuned thresholds.

    models: a row a model, with its `track`: those of two tracks are never in one table.
    """
    n_folds = table[table["holdout_fold"] != "mean"]["holdout_fold"].nunique()
    parts: list[Block] = [
        Heading(1, experiment),
        Paragraph(
            f"Macro average over classes, mean over {n_folds} holdout "
            f"fold{'s' if n_folds > 1 else ''}. Separation: classes that the model finds, "
            "unless it says otherwise. Models named `oracle_` are told part of the truth, `floor_` "
            "learn nothing."
        ),
    ]
    track_of = {} if models is None else dict(zip(models["model"], models["track"], strict=True))
    if models is not None:
        parts += [Heading(2, "Models"), Table(models.set_index("model"), "{}", "Models")]
    parts += _sections(table, track_of, 2)
    if tuned is not None:
        parts += [Heading(2, "Tuned thresholds"), Paragraph(TUNED)]
        parts += _sections(tuned, track_of, 3, ", tuned thresholds")
    return parts


def _sections(
    table: pd.DataFrame, track_of: Mapping[str, str], level: int, which: str = ""
) -> Iterator[Block]:
    """A heading and the tables of each SNR, task and track; `which`: added to their captions."""
    means = table[table["holdout_fold"] == "mean"]
    for snr in means["snr_db"].unique():
        for shown in SHOWN:
            rows = means[(means["snr_db"] == snr) & (means["task"] == shown.task)]
            for trained, mine in _tracks(rows, track_of):
                heading = f"{shown.title}, {snr:g} dB{trained}"
                yield Heading(level, heading)
                yield from _task_tables(mine, shown, heading + which)


def _tracks(rows: pd.DataFrame, track_of: Mapping[str, str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each track's models, with the references, and what the heading says of it."""
    if len(set(track_of.values())) < 2 and len(rows):
        yield "", rows
        return
    reference = rows["model"].str.startswith(REFERENCES)
    for track, trained in TRACKS.items():
        mine = rows["model"].map(track_of) == track
        if mine.any():
            yield f", {trained}", rows[mine | reference]


def _task_tables(rows: pd.DataFrame, shown: Shown, caption: str) -> Iterator[Block]:
    """The values of a task, models before references, and how far the models have come."""
    wide = rows.pivot(index="model", columns="metric", values="value")
    wide = wide.reindex(rows["model"].unique(), columns=[m for m in shown.metrics if m in wide])
    yield Table(wide, "{:.3f}", caption)
    if {shown.floor, shown.oracle} <= set(wide.index):
        percent = f"f the way from `{shown.floor}` to `{shown.oracle}`, in percent"
        yield Paragraph(f"O{percent}:")
        yield Table(100 * way(wide, shown), "{:.0f}", f"{caption}: o{percent}")


def way(wide: pd.DataFrame, shown: Shown) -> pd.DataFrame:
    """(value - floor) / (oracle - floor) of each model, from a row a model, a column a metric."""
    floor, oracle = wide.loc[shown.floor], wide.loc[shown.oracle]
    models = wide[~wide.index.str.startswith(REFERENCES)]
    return ((models - floor) / (oracle - floor)).drop(columns=shown.neither, errors="ignore")
