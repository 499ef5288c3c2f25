"""Rows of the benchmarks' summary: budgets, and a file that keeps what was measured before."""

import csv
import importlib
import re
from pathlib import Path

import pytest

from benchmarks.__main__ import SUBJECTS, main, measure
from benchmarks.rows import (
    BUDGETS,
    COLUMNS,
    Row,
    as_text,
    read_summary,
    shown,
    within,
    write_summary,
)

NAMED = [
    "dry_run_seconds",
    "dry_run_jobs",
    "plan_seconds",
    "specs_load_seconds",
    "render_clips_per_second",
    "features_clips_per_second",
    "disk_gb_per_snr",
    "masks_gb_per_fold",
    "masks_max_score_error",
    "evaluation_seconds",
    "evaluation_peak_gib",
    "separation_metrics_seconds",
    "train_step_ratio_vs_plain",
    "train_share_of_conv_peak",
    "gwrp_ratio_vs_sort",
    "inference_ratio_vs_plain",
    "input_wait_share",
    "validation_share",
    "train_peak_gib",
]


@pytest.mark.parametrize(
    "value,budget,holds",
    [
        (3.0, "<= 3", "yes"),
        (3.01, "<= 3", "no"),
        (60.0, ">= 60", "yes"),
        (59.9, ">= 60", "no"),
        (7.0, "", ""),
    ],
)
def test_a_value_keeps_to_its_budget_or_not(value, budget, holds):
    assert within(value, budget) == holds


def test_a_budget_that_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="expected `<= NUMBER`"):
        within(1.0, "< 3")


def test_every_budget_that_was_promised_has_a_row():
    assert set(NAMED) <= set(BUDGETS)
    for budget in BUDGETS.values():
        within(0.0, budget)


def test_each_row_is_measured_by_one_subject():
    sources = {name: importlib.import_module(f"benchmarks.{name}") for name in SUBJECTS}
    texts = {name: Path(module.__file__).read_text() for name, module in sources.items()}
    for row in BUDGETS:
        assert len([name for name, text in texts.items() if f'"{row}"' in text]) == 1, row


def test_a_row_compares_with_its_baseline():
    cells = Row("plan_seconds", 2.0, "s", baseline=8.0).cells()
    assert list(cells) == COLUMNS
    assert cells == {
        "name": "plan_seconds",
        "value": "2",
        "unit": "s",
        "baseline": "8",
        "ratio": "0.25",
        "budget": "<= 30",
        "holds": "yes",
    }
    alone = Row("train_peak_gib", 9.5, "GiB").cells()
    assert (alone["baseline"], alone["ratio"], alone["holds"]) == ("", "", "")


@pytest.mark.parametrize(
    "value,text", [(0.00031234, "0.0003123"), (12345.6, "12346"), (59.996, "60"), (None, "")]
)
def test_numbers_have_four_digits(value, text):
    assert shown(value) == text


def test_rows_replace_those_of_their_names_and_keep_the_others(tmp_path):
    path = tmp_path / "new" / "summary.csv"
    write_summary(path, [Row("disk_gb_per_snr", 7.0, "GB"), Row("plan_seconds", 2.0, "s")])
    write_summary(path, [Row("disk_gb_per_snr", 5.0, "GB")])
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["plan_seconds", "disk_gb_per_snr"]  # the table's order
    assert [row["holds"] for row in rows] == ["yes", "yes"]
    assert [file.name for file in path.parent.iterdir()] == ["summary.csv"]


def test_a_summary_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "summary.csv"
    write_summary(path, [Row("plan_seconds", 2.0, "s")])
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_summary(path, [Row("plan_seconds", 3.0, "s")])
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_rows_that_are_measured_no_longer_are_left_out(tmp_path):
    path = tmp_path / "summary.csv"
    path.write_text(",".join(COLUMNS) + "\nlost_rows,1,s,,,,\n")
    assert read_summary(path) == {}


def test_the_table_lines_up():
    text = as_text(
        [Row("plan_seconds", 2.0, "s").cells(), Row("dry_run_jobs", 608.0, "jobs").cells()]
    )
    assert (
        len(
            {
                line.index("budget") if "budget" in line else line.index("<=")
                for line in text.splitlines()
            }
        )
        == 1
    )


def test_a_subject_that_fails_says_so_and_others_go_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.graph.measure", lambda inputs: 1 / 0)
    monkeypatch.setattr("benchmarks.plan.measure", lambda inputs: [Row("plan_seconds", 2.0, "s")])
    monkeypatch.setattr("benchmarks.__main__.ROOT", tmp_path)
    assert main(["graph", "plan"]) == 1
    assert list(read_summary(tmp_path / "results/benchmarks/summary.csv")) == ["plan_seconds"]
    told = capsys.readouterr()
    assert "ZeroDivisionError" in told.err and "failed: graph" in told.err
    assert measure("plan", tmp_path, full=False)


def test_a_subject_that_is_not_there_is_named(capsys):
    with pytest.raises(SystemExit):
        main(["renders"])
    assert "renders: no such subject; give some of graph, plan, render" in capsys.readouterr().err


def test_the_page_has_the_machine_and_a_line_a_row(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.plan.measure", lambda inputs: [Row("plan_seconds", 2.0, "s")])
    monkeypatch.setattr("benchmarks.__main__.ROOT", tmp_path)
    assert main(["plan"]) == 0
    page = (tmp_path / "results/benchmarks/summary.md").read_text()
    assert re.match(r".+, \d+ cores, \d+ GiB; Python 3\.\d+\.\d+, torch ", page)
    assert page.endswith("| plan_seconds | 2 | s |  |  | <= 30 | yes |\n")
