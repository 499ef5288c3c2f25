"""The plan of a run as people read it."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from workflow import disk
from workflow.causes import Past, causes_of
from workflow.data_files import files_and_fetched
from workflow.dry_run import Job
from workflow.expected import Benchmarks, elapsed, sizes

WIDTH, INDENT = 100, 11
TIED = "\N{NO-BREAK SPACE}"  # holds a line together, as of a number and its unit
UNITS = re.compile(r"(?<=\d) (?=(?:s|min|h|MB|GB)\b)")
MOST_CAUSES, MOST_MODELS, MOST_PARTS = 12, 6, 4
EXPENSIVE = 60.0  # seconds of one result, beside models


def report(jobs: Sequence[Job], past: Past, cores: int) -> list[str]:
    """The lines of the plan."""
    results = Path(past.results)
    one = len(jobs) == 1
    lines = [f"{results}: {len(jobs)} {'job' if one else 'jobs'} would run"]
    lines += _why(jobs, past)
    benchmarks = Benchmarks(results)
    lines += row("time", _time(jobs, benchmarks, cores))
    lines += _disk(jobs, past)
    lines += _replaced(jobs, benchmarks)
    return lines


def row(name: str, text: str) -> list[str]:
    """A name at the left, and a text beside it."""
    lines = textwrap.wrap(
        UNITS.sub(TIED, text),
        WIDTH,
        initial_indent=f"  {name}".ljust(INDENT),
        subsequent_indent=" " * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(TIED, " ") for line in lines]


def _why(jobs: Sequence[Job], past: Past) -> Iterator[str]:
    """Each cause with the jobs that it reruns itself, then all that follows."""
    by_cause: dict[str, list[Job]] = {}
    follow = []
    for job in jobs:
        causes = causes_of(job, past)
        for cause in causes:
            by_cause.setdefault(cause, []).append(job)
        if not causes:
            follow.append(job)
    name = "why"
    for cause, mine in list(by_cause.items())[:MOST_CAUSES]:
        yield from row(name, f"{cause}: {_counted(mine)}")
        name = ""
    if len(by_cause) > MOST_CAUSES:
        yield from row("", f"and {len(by_cause) - MOST_CAUSES} causes more")
    if follow:
        yield from row("", f"what follows: {_counted(follow)}")
    others = [text for text in past.changed_keys() if text not in by_cause]
    if others:
        yield from row("", f"also changed (reruns nothing else): {'; '.join(others)}")


def _counted(jobs: Iterable[Job]) -> str:
    """Rules, in the order in which they come, with their number of jobs."""
    counts = Counter(job.rule for job in jobs)
    return ", ".join(rule if n == 1 else f"{rule}{TIED}({n})" for rule, n in counts.items())


def _time(jobs: Sequence[Job], benchmarks: Benchmarks, cores: int) -> str:
    expected = [benchmarks.expected(job) for job in jobs]
    known = [(job, s) for job, s in zip(jobs, expected, strict=True) if s is not None]
    unknown = _counted(job for job, s in zip(jobs, expected, strict=True) if s is None)
    if not known:
        return "not known, as nothing of the kind has run yet"
    total = elapsed(jobs, [seconds or 0.0 for seconds in expected], cores)
    of_rules: Counter[str] = Counter()
    for job, seconds in known:
        of_rules[job.rule] += seconds  # type: ignore[assignment]
    most = ", ".join(f"{rule} {duration(s)}" for rule, s in of_rules.most_common(MOST_PARTS))
    text = f"about {duration(total)} on {cores} {'core' if cores == 1 else 'cores'} ({most})"
    text += ", as other experiments took" if not benchmarks.of_rule else ""
    return f"{text}; not known of {unknown}" if unknown else text


def _disk(jobs: Sequence[Job], past: Past) -> list[str]:
    """What is made and goes; before a first run, what the run itself will say."""
    results = Path(past.results)
    files, fetched = files_and_fetched(past.now["data"], past.now["results"])
    if not results.exists():
        said = [line.removeprefix("disk: ") for line in disk.report(past.now, files, fetched)]
        return [text for line in said for text in row("disk", line)]
    data_bytes = disk.size_of(file for paths in files.values() for file in paths)
    n_classes = disk.number_of_classes(past.now, files["events"])
    made, gone = sizes(jobs, results, disk.estimate(past.now, n_classes, data_bytes))
    more, free = sum(made.values()) - sum(gone.values()), disk.free_bytes(results)
    largest = sorted((rule for rule in made if made[rule] > 0), key=made.__getitem__, reverse=True)
    listed = ", ".join(f"{rule} {disk.shown(made[rule])}" for rule in largest[:MOST_PARTS])
    text = (
        f"about {disk.shown(sum(made.values()))} are made ({listed})"
        if listed
        else "next to nothing"
    )
    if sum(gone.values()):
        text += f" in place of {disk.shown(sum(gone.values()))}"
    text += f"; {disk.shown(free)} free"
    return row("disk", text + (": too little, make room" if more > free else ""))


def _replaced(jobs: Sequence[Job], benchmarks: Benchmarks) -> Iterator[str]:
    """Trained models that are there and would be trained anew, and what else took long."""
    there = [job for job in jobs if any(Path(output).exists() for output in job.outputs)]
    spent = {job.outputs[0]: benchmarks.own(job) or 0.0 for job in there}
    models = [job for job in there if {"snr", "model", "fold"} <= set(job.wildcards)]
    models = [job for job in models if Path(job.outputs[0]).name == "model.pt"]
    models.sort(key=lambda job: spent[job.outputs[0]], reverse=True)
    others = Counter[str]()
    for job in there:
        if job not in models and spent[job.outputs[0]] >= EXPENSIVE:
            others[job.rule] += round(spent[job.outputs[0]])
    if not there:
        yield from row("replaces", "nothing")
    if models:
        named = [f"{_name(job)} {duration(spent[job.outputs[0]])}" for job in models[:MOST_MODELS]]
        rest = len(models) - len(named)
        total = duration(sum(spent[job.outputs[0]] for job in models))
        what = "a trained model" if len(models) == 1 else f"{len(models)} trained models"
        text = f"{what}, {total} of training: {', '.join(named)}"
        yield from row("replaces", text + (f" and {rest} more" if rest else ""))
    if others:
        listed = ", ".join(f"{rule} {duration(s)}" for rule, s in others.most_common(MOST_PARTS))
        yield from row("" if models else "replaces", f"other results that took long: {listed}")
    if there and not models and not others:
        yield from row("replaces", "only what is quick to make")


def _name(job: Job) -> str:
    """A trained model's."""
    wildcards = job.wildcards
    return f"{wildcards['model']} (SNR {wildcards['snr']}, fold {wildcards['fold']})".replace(
        " ", TIED
    )


def duration(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 10 else f"{round(seconds / 3600)} h"
