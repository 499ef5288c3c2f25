"""A dry run of Snakemake: the jobs that a run would have, and why each.

It changes nothing.  What Snakemake itself leaves behind (folders in .snakemake that it makes when
it starts, and a note of the times of files) is taken away again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.configuration import ROOT
from workflow.kept_code import NAME

PLUGIN = ROOT / "workflow" / "logger"  # Snakemake's --logger plan
LOCKED = "Directory cannot be locked"
NOISE = ("Using workflow specific profile", "Using profile")


@dataclass(frozen=True)
class Job:
    """A job that would run.  Paths are as Snakemake has them, relative to its directory."""

    rule: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    benchmark: str | None
    wildcards: Mapping[str, str]
    threads: int
    reason: str  # in Snakemake's words, parts separated by "; "


@dataclass(frozen=True)
class DryRun:
    """The jobs, and whether a run holds the lock of their files, or has left it."""

    jobs: tuple[Job, ...]
    locked: bool


def dry_run(arguments: Sequence[str], directory: Path) -> DryRun:
    """What Snakemake with these arguments would do in `directory`.

    Raises SystemExit as a run would end: with the same words, and its status.
    """
    command = [sys.executable, "-m", "snakemake", *arguments, "--dry-run", "--logger", "plan"]
    path = os.pathsep.join(filter(None, (str(PLUGIN), os.environ.get("PYTHONPATH"))))
    around = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    with _left_as_it_was(directory / ".snakemake"):
        done = subprocess.run(command, capture_output=True, text=True, env=around, check=False)
    lines = [_parsed(line) for line in done.stdout.splitlines()]
    if done.returncode:
        errors = [str(line["error"]) for line in lines if "error" in line]
        print(*_worth_reading(done.stderr), *errors, sep="\n", file=sys.stderr)
        raise SystemExit(done.returncode)
    jobs = tuple(_job(line) for line in lines if line.get("outputs"))  # `all` has none
    said = (str(text) for line in lines for text in line.values())
    return DryRun(jobs, any(LOCKED in text for text in said))


def _parsed(line: str) -> dict[str, Any]:
    """A line of the plug-in, or nothing for what another has printed."""
    try:
        parsed = json.loads(line)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _job(line: Mapping[str, Any]) -> Job:
    return Job(
        rule=line["rule"],
        inputs=tuple(line["inputs"]),
        outputs=tuple(line["outputs"]),
        benchmark=line["benchmark"],
        wildcards=line["wildcards"],
        threads=line["threads"],
        reason=line["reason"],
    )


def _worth_reading(errors: str) -> list[str]:
    return [line for line in errors.splitlines() if line and not line.startswith(NOISE)]


@contextmanager
def _left_as_it_was(folder: Path) -> Iterator[None]:
    """Take away what a dry run adds to Snakemake's folder; what is there keeps its times."""
    caches = (folder / "iocache" / "latest.pkl", folder / NAME)
    notes = {cache: cache.read_bytes() if cache.exists() else None for cache in caches}
    before = {path: path.stat() for path in (folder, *_folders(folder), *caches) if path.exists()}
    try:
        yield
    finally:
        for cache, note in notes.items():
            if note is None:
                cache.unlink(missing_ok=True)
            elif cache.exists():  # a run that has started meanwhile takes it away
                cache.write_bytes(note)
        for path in [*_folders(folder), folder]:
            if path not in before and path.exists() and not any(path.iterdir()):
                path.rmdir()
        for path, stat in before.items():
            if path.exists():
                os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if path.is_dir()]
