"""The table of metrics as what the page's script reads."""

from __future__ import annotations

from typing import Any

import pandas as pd

from weakseg.tables import REFERENCES, SHOWN

TITLES = {shown.task: shown.title for shown in SHOWN}


def describe_summary(summary: pd.DataFrame) -> list[dict[str, Any]]:
    """A table an SNR and task of the means over holdout folds: a row a model, a column a metric.

    summary has the columns `weakseg.tables.SUMMARY_COLUMNS`.  A cell is (value, lower and upper
    bound of its confidence interval), or None where there is no value.
    """
    means = summary[summary["holdout_fold"].astype(str) == "mean"]
    return [
        {
            "title": f"{TITLES.get(task, task)}, {snr:g} dB",
            "metrics": list(rows["metric"].unique()),
            "rows": [_row(str(model), mine) for model, mine in rows.groupby("model", sort=False)],
        }
        for snr in means["snr_db"].unique()
        for task in means["task"].unique()
        if len(rows := means[(means["snr_db"] == snr) & (means["task"] == task)])
    ]


def _row(model: str, rows: pd.DataFrame) -> dict[str, Any]:
    values = rows[["metric", "value", "ci_low", "ci_high"]].itertuples(index=False)
    return {
        "model": model,
        "reference": model.startswith(REFERENCES),
        "values": {metric: tuple(map(_number, numbers)) for metric, *numbers in values},
    }


def _number(value: float) -> float | None:
    return None if pd.isna(value) else round(float(value), 6)
