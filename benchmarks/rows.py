"""Rows of results/benchmarks/summary.csv: what was measured, beside its budget.

Conventions
-----------
- `baseline` is the same quantity of a plain implementation, timed in the same run, in the row's
  unit; `ratio` is value / baseline.  Either is empty where there is none.
- A budget reads `<= 3` or `>= 60`, in the row's unit; `holds` is `yes` or `no`, empty without one.
- The unit says what was run and what was scaled up.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from weakseg.files import replacing

COLUMNS = ["name", "value", "unit", "baseline", "ratio", "budget", "holds"]

# name -> budget, in the order of the table; "" for what is measured for its own sake
BUDGETS = {
    "dry_run_seconds": "<= 3",
    "dry_run_jobs": "<= 1500",
    "plan_seconds": "<= 30",
    "specs_load_seconds": "<= 3",
    "render_clips_per_second": ">= 60",
    "render_peak_gib": "<= 4",
    "render_memory_growth": "<= 1.1",
    "features_clips_per_second": ">= 90",
    "features_peak_gib": "<= 4",
    "features_memory_growth": "<= 1.1",
    "disk_gb_per_snr": "<= 6",
    "gwrp_ratio_vs_sort": ">= 8",
    "train_step_seconds": "",
    "train_step_ratio_vs_plain": ">= 4",
    "train_share_of_conv_peak": ">= 0.75",
    "conv_peak_tflops": "",
    "train_peak_gib": "",
    "input_wait_share": "<= 0.05",
    "validation_share": "<= 0.1",
    "train_memory_growth": "<= 1.1",
    "inference_clips_per_second": "",
    "inference_ratio_vs_plain": ">= 3",
    "segment_peak_gib": "<= 4",
    "segment_memory_growth": "<= 1.1",
    "masks_gb_per_fold": "<= 1",
    "masks_max_score_error": "<= 0.001",
    "masks_max_class_score_error": "<= 0.001",
    "evaluation_seconds": "<= 60",
    "evaluation_peak_gib": "<= 2",
    "separation_metrics_seconds": "<= 600",
    "separation_metrics_peak_gib": "<= 4",
    "separation_memory_growth": "<= 1.1",
    "separate_peak_gib": "<= 4",
    "tune_peak_gib": "<= 4",
    "references_peak_gib": "<= 4",
}


@dataclass(frozen=True)
class Row:
    """One measurement; `baseline` None where there is no plain implementation."""

    name: str
    value: float
    unit: str
    baseline: float | None = None

    @property
    def budget(self) -> str:
        return BUDGETS[self.name]

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def holds(self) -> str:
        return within(self.value, self.budget)

    def cells(self) -> dict[str, str]:
        """The row as text, numbers with four digits."""
        numbers = {name: shown(getattr(self, name)) for name in ("value", "baseline", "ratio")}
        text = {name: getattr(self, name) for name in ("name", "unit", "budget", "holds")}
        return {column: (numbers | text)[column] for column in COLUMNS}


def within(value: float, budget: str) -> str:
    """`yes` or `no`: whether a value keeps to a budget such as `<= 3`; empty without a budget."""
    if not budget:
        return ""
    sign, limit = budget.split()
    if sign not in ("<=", ">="):
        raise ValueError(f"budget {budget!r}: expected `<= NUMBER` or `>= NUMBER`")
    kept = value <= float(limit) if sign == "<=" else value >= float(limit)
    return "yes" if kept else "no"


def shown(value: float | None) -> str:
    """A number with four digits that count, without an exponent; empty for None."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{float(f'{value:.4g}'):.10g}"


def read_summary(path: Path) -> dict[str, dict[str, str]]:
    """The rows of a summary, cells by name; none if there is no file.

    Rows that are measured no longer, and files of other columns, are left out.
    """
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["name"]: row for row in rows if list(row) == COLUMNS and row["name"] in BUDGETS}


def write_summary(path: Path, rows: Iterable[Row]) -> None:
    """Put rows into the summary, in place of those of their names, at once and completely."""
    cells = read_summary(path) | {row.name: row.cells() for row in rows}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells[name] for name in BUDGETS if name in cells)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def as_markdown(rows: Sequence[dict[str, str]]) -> str:
    """Rows of a summary as a table for a page."""
    lines = [
        COLUMNS,
        ["---"] * len(COLUMNS),
        *([row[column] for column in COLUMNS] for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def as_text(rows: Sequence[dict[str, str]]) -> str:
    """Rows of a summary in columns, to read on a terminal."""
    shown_columns = [column for column in COLUMNS if column != "unit"] + ["unit"]
    lines = [shown_columns, *([row[column] for column in shown_columns] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(shown_columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
