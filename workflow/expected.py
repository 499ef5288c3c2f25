"""What a run would take, from what earlier ones took: seconds of jobs, bytes of their outputs.

Conventions
-----------
- Seconds are those of a job's own benchmark; without one, the median of its rule's in the
  experiment, then in others that have their results beside it.  A training that gets another number
  of iterations or size of batches takes so many times as long.
- Bytes are the mean of the outputs of the same rule that are there; without any, the estimate
  that a run makes before it starts (disk.py).
"""

from __future__ import annotations

import csv
import heapq
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from statistics import mean, median

from workflow.disk import Bytes, size_of
from workflow.dry_run import Job
from workflow.reasons import parameters

START = 3.0  # seconds in which a training loads what it needs, however long it is
# tables that stand for all that lies beside them
WHOLE_FOLDER = ("manifest.csv", "predictions.csv")
# part of the estimate -> the rule that makes most of it
PARTS = {
    "make_demo_archives": "archives",
    "render_mixtures": "mixtures",
    "extract_features": "features",
    "gather_material": "material",
    "train": "models",
    "segment": "predictions",
    "separate": "looks",
    "predict": "own",
}


class Benchmarks:
    """Seconds that jobs have taken, in the experiment at `results` and in those beside it."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def own(self, job: Job) -> float | None:
        """What the job itself took the last time."""
        return None if job.benchmark is None else _seconds(Path(job.benchmark))

    def expected(self, job: Job) -> float | None:
        """What the job would take; None if no job of its rule has ever run here."""
        own = self.own(job)
        if own is not None:
            start = min(own, START)
            return start + (own - start) * _more_training(job)
        of_rule = self.of_rule.get(_step(job)) or self.elsewhere.get(_step(job))
        return median(of_rule) if of_rule else None

    def has_run(self, job: Job) -> bool:
        """Whether it, or a job of its rule, has run in this experiment."""
        return self.own(job) is not None or _step(job) in self.of_rule

    @cached_property
    def of_rule(self) -> dict[str, list[float]]:
        """Step -> seconds of its jobs in this experiment."""
        return _by_step([self.results])

    @cached_property
    def elsewhere(self) -> dict[str, list[float]]:
        """The same of all others."""
        others = (path.parent for path in self.results.parent.glob("*/benchmarks"))
        return _by_step(path for path in others if path != self.results)


def _by_step(experiments: Iterable[Path]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for experiment in experiments:
        folder = experiment / "benchmarks"
        for path in folder.rglob("*.tsv"):
            step = path.relative_to(folder).parts[0].removesuffix(".tsv")
            seconds = _seconds(path)
            if seconds is not None:
                found.setdefault(step, []).append(seconds)
    return found


def _step(job: Job) -> str:
    """The rule's name as in the folder of benchmarks, without a module's prefix."""
    parts = Path(job.benchmark or job.rule).parts
    below = parts[parts.index("benchmarks") + 1] if "benchmarks" in parts[:-1] else job.rule
    return below.removesuffix(".tsv")


def _seconds(path: Path) -> float | None:
    """The largest of a benchmark's repetitions; None if there is none to read."""
    try:
        with path.open(encoding="utf-8", newline="") as table:
            return max(float(row["s"]) for row in csv.DictReader(table, delimiter="\t"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _more_training(job: Job) -> float:
    """How many times as many examples a training goes through as the last time."""
    seen = [
        one["iterations"] * one["batch_size"]
        for values in parameters(job.reason)
        for one in values
        if isinstance(one, dict) and {"iterations", "batch_size"} <= set(one)
    ]
    return float(seen[1] / seen[0]) if len(seen) == 2 else 1.0


def elapsed(jobs: Sequence[Job], seconds: Sequence[float], cores: int) -> float:
    """Seconds until all jobs are done, each when its inputs are made and its threads are free."""
    makers = {path: n for n, job in enumerate(jobs) for path in job.outputs}
    needs = [{makers[path] for path in job.inputs if path in makers} for job in jobs]
    waiting, free, clock = list(range(len(jobs))), cores, 0.0
    running: list[tuple[float, int, int]] = []
    done: set[int] = set()
    while waiting or running:
        for n in [n for n in waiting if needs[n] <= done]:
            threads = min(jobs[n].threads, cores)
            if threads <= free:
                free -= threads
                heapq.heappush(running, (clock + seconds[n], n, threads))
                waiting.remove(n)
        if not running:  # a circle, which Snakemake does not make
            break
        clock, n, threads = heapq.heappop(running)
        free += threads
        done.add(n)
    return clock


def sizes(jobs: Sequence[Job], results: Path, estimate: Mapping[str, float]) -> tuple[Bytes, Bytes]:
    """Bytes that the jobs would make, and bytes of theirs that are there and go; by rule."""
    made: Bytes = {}
    gone: Bytes = {}
    for rule in dict.fromkeys(job.rule for job in jobs):
        mine = [job for job in jobs if job.rule == rule]
        there = [size for job in mine if (size := _there(job.outputs))]
        each = mean(there) if there else _sibling(mine[0], results)
        part = estimate.get(PARTS.get(_step(mine[0]), ""), 0.0)
        made[rule] = each * len(mine) if each else part
        gone[rule] = float(sum(there))
    return made, gone


def _there(outputs: Iterable[str]) -> int:
    """Bytes of a job's outputs that are there."""
    paths = (Path(path) for path in outputs)
    return size_of({p.parent if p.name in WHOLE_FOLDER else p for p in paths if p.exists()})


def _sibling(job: Job, results: Path) -> float:
    """Mean bytes of the outputs of a job of the same rule, with other wildcards; 0 without any."""
    total = 0.0
    for output in job.outputs:
        below = output.removeprefix(f"{results}/")
        found = [_there([str(path)]) for path in results.glob(_pattern(below, job.wildcards))]
        total += mean(found) if found else 0.0
    return total


def _pattern(path: str, wildcards: Mapping[str, str]) -> str:
    """A path of results with a star for the value of each wildcard."""
    for name, value in wildcards.items():
        before = {"model": "/", "snr": "snr", "part": "part"}.get(name, "(?:fold|holdout)")
        path = re.sub(f"({before}){re.escape(value)}(?=[-./])", r"\1*", path)
    return path
