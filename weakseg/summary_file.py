"""All results of an experiment in one file for programs, `summary.json`.

Its schema, an object with these keys:

- `schema`: 1.  It grows when a key changes its meaning; new keys leave it.
- `experiment`: the experiment's name.
- `versions`: name -> version, of weakseg, Python, Snakemake and the packages; `commit`: of the
  checkout's Git, `-dirty` after it if files differed, or null without Git.
- `run`: what was run: `source` of the data, `snr_db` (dB), `models` and `holdout_folds`.
- `models`: a list, an object a model with the columns of `tables/models.csv`.
- `results`: a list, an object a row of `tables/summary.csv` with its columns and all its digits.
  `holdout_fold` is a number, or "mean".  What has no value is null: not a number is no JSON.
- `results_tuned`: the same of `tables/summary_tuned.csv`.

The same results give the same bytes; nothing in it tells the time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg.files import replacing
from weakseg.sealed import read_table

SCHEMA = 1


def read_rows(path: str | Path) -> list[dict[str, Any]]:
    """The rows of a table, numbers as numbers, None where there is no value.

    A model may be called NA or 1: names stay text.
    """
    table = read_table(
        path,
        dtype={"model": str, "holdout_fold": str, "task": str, "metric": str},
        keep_default_na=False,
        na_values={name: [""] for name in ("value", "ci_low", "ci_high")},
        float_precision="round_trip",
    )
    return [
        {str(name): plain(value) for name, value in row.items()}
        | ({"holdout_fold": fold_of(row["holdout_fold"])} if "holdout_fold" in row else {})
        for row in table.to_dict("records")
    ]


def plain(value: Any) -> Any:
    """A cell as JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def fold_of(text: str) -> int | str:
    """A holdout fold's number, or "mean"."""
    return int(text) if text.isdecimal() else text


def write_summary(
    path: str | Path,
    experiment: str,
    versions: Mapping[str, str],
    commit: str | None,
    run: Mapping[str, Any],
    models: str | Path,
    summary: str | Path,
    summary_tuned: str | Path,
) -> None:
    """Write the file from the tables `models`, `summary` and `summary_tuned`; see the schema."""
    content = {
        "schema": SCHEMA,
        "experiment": experiment,
        "versions": dict(versions),
        "commit": commit,
        "run": dict(run),
        "models": read_rows(models),
        "results": read_rows(summary),
        "results_tuned": read_rows(summary_tuned),
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
