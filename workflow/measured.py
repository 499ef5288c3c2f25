"""What captions of the report say of results: read from the tables when the report is made.

Read by the Snakefile, so with nothing but Python's own library.  A table that is not there yet, or
that has no such row, gives nothing: a caption then says less.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

REFERENCES = ("oracle_", "floor_")  # how the names of models begin that are no models
SHOWN = {
    ("tagging", "f1"): "F1 of audio tagging",
    ("frames", "f1"): "F1 of frames",
    ("masks", "f1"): "F1 of masks",
    ("events", "f1"): "F1 of events",
    ("separation", "si_sdr_improvement_db"): "SI-SDR improvement (dB)",
}
Row = dict[str, str]


def best_means(summary: str | Path) -> list[Row]:
    """The model with the highest mean over the holdout folds, for each SNR and metric of SHOWN.

    Of each: `snr`, `what`, `model`, `value` and, where the table has them, `low` and `high`.
    """
    best: dict[tuple[str, str], Row] = {}
    for row in _rows(summary):
        what = SHOWN.get((row.get("task", ""), row.get("metric", "")))
        is_model = not row.get("model", "").startswith(REFERENCES)
        if what is None or not is_model or row.get("holdout_fold") != "mean":
            continue
        key = (row["snr_db"], what)
        if _number(row["value"]) > _number(best.get(key, {}).get("value", "-inf")):
            best[key] = row
    return [
        {
            "snr": f"{float(snr):g}",
            "what": what,
            "model": row["model"],
            **{
                name: f"{_number(row[column]):.3f}"
                for name, column in (("value", "value"), ("low", "ci_low"), ("high", "ci_high"))
                if math.isfinite(_number(row[column]))
            },
        }
        for (snr, what), row in best.items()
    ]


def total_costs(costs: str | Path) -> Row:
    """The jobs, hours and peak memory (MB) of all steps, from the table of costs; or nothing."""
    for row in _rows(costs):
        if row.get("rule") == "all":
            hours = _number(row["seconds"]) / 3600
            return {"jobs": row["jobs"], "hours": f"{hours:.2f}", "mb": row["peak_memory_mb"]}
    return {}


def _rows(path: str | Path) -> list[Row]:
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def _number(text: str) -> float:
    """A cell's number; the lowest of all for an empty one."""
    try:
        return float(text)
    except ValueError:
        return -math.inf
