"""Tables of results: the folds' metrics joined, their means, and a page to read.

`summary` has the columns `SUMMARY_COLUMNS`; `holdout_fold` is a number or "mean", the mean over the
holdout folds that were run.  Confidence bounds are empty where none were computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

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
RUN = ["snr_db", "model", "holdout_fold"]
SHOWN = {
    "Audio tagging": ("tagging", ["precision", "recall", "f1", "auc", "average_precision"]),
    "Frames": ("frames", ["precision", "recall", "f1", "auc", "average_precision"]),
    "Masks": ("masks", ["precision", "recall", "f1", "auc", "average_precision"]),
    "Events": (
        "events",
        ["f1", "error_rate", "segment_f1", "segment_error_rate", "psds1", "psds2"],
    ),
    "Separation (dB)": (
        "separation",
        [
            "si_sdr_db",
            "si_sdr_improvement_db",
            "sdr_db",
            "sir_db",
            "sar_db",
            "si_sdr_improvement_db_true_classes",
        ],
    ),
}


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
    """The macro values."""
    rows = joined[joined["class"] == MACRO]
    return rows.assign(ci_low=pd.NA, ci_high=pd.NA)[SUMMARY_COLUMNS]


def per_class(joined: pd.DataFrame) -> pd.DataFrame:
    """The values of each class."""
    rows = joined[joined["class"] != MACRO]
    return rows[[*RUN, "class", "task", "metric", "value"]]


def markdown(experiment: str, table: pd.DataFrame) -> str:
    """The means as a page: a table a task and SNR, a row a model."""
    means = table[table["holdout_fold"] == "mean"]
    n_folds = table[table["holdout_fold"] != "mean"]["holdout_fold"].nunique()
    parts = [
        f"# {experiment}",
        f"Macro average over classes, mean over {n_folds} holdout "
        f"fold{'s' if n_folds > 1 else ''}. Separation: classes that the model finds, "
        "unless it says otherwise.",
    ]
    for snr in means["snr_db"].unique():
        for title, (task, metrics) in SHOWN.items():
            rows = means[(means["snr_db"] == snr) & (means["task"] == task)]
            if len(rows):
                parts += [f"## {title}, {snr:g} dB", _markdown_table(rows, metrics)]
    return "\n\n".join(parts) + "\n"


def _markdown_table(rows: pd.DataFrame, metrics: Sequence[str]) -> str:
    models = rows["model"].unique()
    wide = rows.pivot(index="model", columns="metric", values="value").loc[models]
    shown = [metric for metric in metrics if metric in wide]
    lines = [["model", *shown], ["---", *["---:"] * len(shown)]]
    for model, values in wide[shown].iterrows():
        lines.append(
            [str(model), *("n/a" if pd.isna(value) else f"{value:.3f}" for value in values)]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
