"""What steps have cost, from benchmarks; what a run was made with."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

ROOT = Path(__file__).parents[2]
HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def script_module(name):
    """A module beside the scripts, which have no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "workflow/scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


benchmarks, versions = script_module("_benchmarks"), script_module("_versions")


@pytest.fixture
def folder(tmp_path):
    measured = {
        "plan_mixtures": (2.0, 100, 1.5),
        "describe_run": (999.0, 9999, 999.0),
        "check_data": (999.0, 9999, 999.0),
        "predict/own": (999.0, 9999, 999.0),
        "train/snr0-gmp-holdout1": (60.0, 500, 110.0),
        "train/snr-5-gmp-holdout1": (40.0, 700, 80.0),
        "train/snr0-old-holdout1": (999.0, 9999, 999.0),
        "train/snr0-gmp-holdout2": (999.0, 9999, 999.0),
        "train/snr20-gmp-holdout1": (999.0, 9999, 999.0),
        "extract_features/snr0-fold2-part1": (5.0, 50, 4.0),
        "extract_features/snr0-fold2-part2": (999.0, 9999, 999.0),
        "extract_features/snr0-fold3-part1": (999.0, 9999, 999.0),
        "gather_material/fold2": (0.5, 20, 0.5),
        "gather_material/fold3": (999.0, 9999, 999.0),
        "list_archives/scenes": ("0.3", "NA", "NA"),
    }
    for name, (seconds, memory, cpu) in measured.items():
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{HEAD}{seconds}\t0:00:01\t{memory}\t-\t-\t-\t0\t0\t1\t{cpu}\n")
    return tmp_path


def test_costs_are_summed_over_the_jobs_of_the_grid(folder):
    table = benchmarks.costs(folder, ["0", "-5"], ["gmp"], [1], 2, 1).set_index("rule")
    rules = [
        "train",
        "extract_features",
        "plan_mixtures",
        "gather_material",
        "list_archives",
        "all",
    ]
    assert list(table.index) == rules
    assert table.loc["train"].to_dict() == {
        "jobs": 2,
        "seconds": 100.0,
        "cpu_seconds": 190.0,
        "longest_seconds": 60.0,
        "peak_memory_mb": 700,
    }
    assert table.loc["all", "jobs"] == 6 and table.loc["all", "seconds"] == 107.8
    assert table.loc["all", "peak_memory_mb"] == 700
    assert table.isna().loc["list_archives", "peak_memory_mb"]
    assert "train,2,100.0,190.0,60.0,700\n" in table.to_csv()


def test_a_run_without_benchmarks_has_no_costs(tmp_path):
    table = benchmarks.costs(tmp_path / "benchmarks", ["0"], ["gmp"], [1], 2, 1)
    assert list(table.columns) == benchmarks.COLUMNS and table.empty


def test_versions_are_those_of_this_python():
    found = versions.versions_of(ROOT, "9.9")
    assert list(found)[:3] == ["weakseg", "python", "snakemake"] and found["snakemake"] == "9.9"
    assert found["python"] == sys.version.split()[0]
    assert found["numpy"] == numpy.__version__
    assert "torch" in found and "soxr" in found


def test_the_commit_is_the_checkouts_own(tmp_path):
    assert versions.commit_of(tmp_path) is None

    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-qm", "one")
    git("tag", "v1")
    clean = versions.commit_of(tmp_path)
    assert len(clean) == 40 and int(clean, 16)
    (tmp_path / "a").write_text("2")
    assert versions.commit_of(tmp_path) == f"{clean}-dirty"
    (tmp_path / "within").mkdir()
    assert versions.commit_of(tmp_path / "within") is None
