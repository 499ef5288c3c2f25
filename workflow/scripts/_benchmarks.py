"""What the steps of a run have cost, from the benchmarks that Snakemake has left.

A benchmark is a table of one row, `s` (seconds of clock time), `cpu_time` (seconds of all cores)
and `max_rss` (MB) among its columns; what is not known is NA or -.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

# describe_run reads the benchmarks before its own is written; the others are asked for by users
BESIDES = ("describe_run", "check_data", "predict")
COLUMNS = ["rule", "jobs", "seconds", "cpu_seconds", "longest_seconds", "peak_memory_mb"]
PARTS = re.compile(r"snr(?P<snr>-?[\d.]+)-(?:(?P<model>[a-z][a-z0-9_]*)-)?(?P<kind>fold|holdout)")
SHARD = re.compile(r"\bfold(?P<fold>\d+)(?:-part(?P<part>\d+))?")


def costs(
    folder: Path,
    snrs: Sequence[str],
    models: Sequence[str],
    folds: Sequence[int],
    n_folds: int,
    n_parts: int,
) -> pd.DataFrame:
    """A row a rule, columns COLUMNS, of the jobs of the grid, then their sum (rule `all`).

    snrs, models, folds: the grid's; n_folds, n_parts: of the mixtures, parts in each fold.
    Benchmarks of others, which an earlier run had, are left out, and those of what is no part of
    the experiment.
    """
    rows = [
        {"rule": path.relative_to(folder).parts[0].removesuffix(".tsv")} | read_benchmark(path)
        for path in sorted(folder.rglob("*.tsv"))
        if path.relative_to(folder).parts[0].removesuffix(".tsv") not in BESIDES
        and belongs(path.stem, snrs, models, folds)
        and is_mixed(path.stem, n_folds, n_parts)
    ]
    jobs = pd.DataFrame(rows, columns=["rule", "s", "cpu_time", "max_rss"])
    jobs = jobs.astype({"s": float, "cpu_time": float, "max_rss": float})
    each = _summed(jobs).sort_values(["seconds", "rule"], ascending=[False, True])
    return pd.concat([each, _summed(jobs.assign(rule="all"))], ignore_index=True)


def read_benchmark(path: Path) -> dict[str, float]:
    """Seconds, CPU seconds and peak memory (MB) of a job, nan where they are not known."""
    table = pd.read_csv(path, sep="\t", na_values=["-"])
    names = ("s", "cpu_time", "max_rss")
    return {name: pd.to_numeric(table.get(name), errors="coerce").max() for name in names}


def belongs(stem: str, snrs: Sequence[str], models: Sequence[str], folds: Sequence[int]) -> bool:
    """Whether a benchmark's name, as in snr0-gmp-holdout1, is of the grid."""
    found = PARTS.match(stem)
    if found is None:
        return True  # a step that does not depend on the grid
    fold = re.search(r"holdout(\d+)", stem)
    return (
        found["snr"] in snrs
        and (found["model"] is None or found["model"] in models)
        and (fold is None or int(fold[1]) in folds)
    )


def is_mixed(stem: str, n_folds: int, n_parts: int) -> bool:
    """Whether there is the fold, and the part of it, of a benchmark's name such as fold1-part2."""
    found = SHARD.search(stem)
    return found is None or (int(found["fold"]) <= n_folds and int(found["part"] or 1) <= n_parts)


def _summed(jobs: pd.DataFrame) -> pd.DataFrame:
    groups = jobs.groupby("rule", sort=False)
    parts = {
        "jobs": groups.size(),
        "seconds": groups["s"].sum().round(1),
        "cpu_seconds": groups["cpu_time"].sum().round(1),
        "longest_seconds": groups["s"].max().round(1),
        "peak_memory_mb": groups["max_rss"].max().round().astype("Int64"),
    }
    return pd.DataFrame(parts).reset_index()[COLUMNS]
