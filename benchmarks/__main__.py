"""Measure what the budgets are about, and write results/benchmarks/summary.csv.

    python -m benchmarks [--full] [SUBJECT ...]

Without a subject all of them.  Each subject's rows are written as soon as they are there, in place
of its rows of before, so that what was measured stays when a later subject fails.  --full runs
whole what is otherwise scaled up from a part: 35 GB on disk, an estimated two hours.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time
import traceback
from importlib.metadata import version
from pathlib import Path

from benchmarks.inputs import Inputs
from benchmarks.processes import ROOT
from benchmarks.rows import as_markdown, as_text, read_summary, write_summary
from weakseg.files import replacing

SUBJECTS = [
    "graph",
    "plan",
    "render",
    "features",
    "disk",
    "gwrp",
    "training",
    "inference",
    "masks",
    "evaluation",
    "separation",
    "memory",
]


def main(arguments: list[str] | None = None) -> int:
    """Run some subjects; 1 if one of them failed."""
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--full", action="store_true")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.subjects) - set(SUBJECTS))
    if unknown:
        parser.error(f"{', '.join(unknown)}: no such subject; give some of {', '.join(SUBJECTS)}")
    folder = ROOT / "results" / "benchmarks"
    chosen = [name for name in SUBJECTS if name in given.subjects or not given.subjects]
    failed = [name for name in chosen if not measure(name, folder, given.full)]
    report(folder / "summary.csv")
    if failed:
        print(f"failed: {', '.join(failed)}; their messages stand above", file=sys.stderr)
    return 1 if failed else 0


def measure(name: str, folder: Path, full: bool) -> bool:
    """Measure a subject and write its rows; whether that went well."""
    print(f"{name} ...", flush=True)
    start = time.perf_counter()
    try:
        rows = importlib.import_module(f"benchmarks.{name}").measure(Inputs(folder, full))
    except Exception:  # what other subjects say is worth having
        traceback.print_exc()
        return False
    write_summary(folder / "summary.csv", rows)
    print(as_text([row.cells() for row in rows]))
    print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    return True


def report(summary: Path) -> None:
    """Print the whole table, and which budgets do not hold; keep it as summary.md, too."""
    rows = list(read_summary(summary).values())
    if not rows:
        return
    with replacing(summary.with_suffix(".md")) as temporary:
        temporary.write_text(f"{machine()}\n\n{as_markdown(rows)}", encoding="utf-8")
    print(f"\n{summary}\n\n{as_text(rows)}\n")
    missed = [row["name"] for row in rows if row["holds"] == "no"]
    print(f"not within budget: {', '.join(missed)}" if missed else "all budgets hold")


def machine() -> str:
    """What the figures are of: processor, cores, memory, versions."""
    described = Path("/proc/cpuinfo")
    names = [platform.machine()]
    if described.exists():
        lines = described.read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "snakemake"))
    python = platform.python_version()
    return f"{names[0]}, {os.cpu_count()} cores, {memory:.0f} GiB; Python {python}, {versions}"


if __name__ == "__main__":
    sys.exit(main())
