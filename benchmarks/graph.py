"""A dry run of the whole experiment: 3 SNRs, 4 models, 4 folds."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.inputs import Inputs
from benchmarks.processes import ROOT
from benchmarks.rows import Row

ROUNDS = 5
NO_ARCHIVE = b"PK\x05\x06" + bytes(18)  # an empty zip: a dry run only asks whether it is there


def measure(inputs: Inputs) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        dry_run(Path(folder))  # compiles
        seconds, jobs = zip(*(dry_run(Path(folder)) for _ in range(ROUNDS)), strict=True)
    unit = "3 SNRs x 4 models x 4 folds"
    return [
        Row("dry_run_seconds", median(seconds), f"s, {unit}, from start to end of the command"),
        Row("dry_run_jobs", max(jobs), f"jobs, {unit}"),
    ]


def dry_run(folder: Path) -> tuple[float, int]:
    """Seconds and number of jobs of a dry run in an empty directory."""
    (folder / "all.zip").write_bytes(NO_ARCHIVE)
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--cores", "2"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(ROOT / "experiments" / "dcase2018.yaml")]
    command += ["--config", f"data={{source: archives, scenes: {folder}, events: {folder}}}"]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    total = re.search(r"^total +(\d+)$", done.stdout + done.stderr, re.M)
    if done.returncode or not total:
        raise RuntimeError(f"the dry run failed: {done.stderr.strip()[-500:]}")
    return seconds, int(total[1])
