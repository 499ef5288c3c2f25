"""The plan of a run as people read it."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from workflow import disk
from workflow.causes import Past, causes_of
from workflow.data_files import files_and_fetched
from workflow.dry_run import Job
from workflow.expected import Benchmarks, elapsed, sizes
from workflow.own_audio import own_paths

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
    expected = {job.outputs[0]: benchmarks.expected(job) for job in jobs}
    of_rules: dict[str, float] = {}
    for job in jobs:
        seconds = expected[job.outputs[0]]
        if seconds is not None:
            of_rules[job.rule] = of_rules.get(job.rule, 0.0) + seconds
    if not of_rules:
        return "not known, as nothing of the kind has run yet"
    total = elapsed(jobs, [expected[job.outputs[0]] or 0.0 for job in jobs], cores)
    text = f"about {duration(total)} on {cores} {'core' if cores == 1 else 'cores'}"
    text += f" ({_most(of_rules, duration)})"
    here = [benchmarks.has_run(job) for job in jobs if expected[job.outputs[0]] is not None]
    text += "" if all(here) else f",{' in part' if any(here) else ''} as other experiments took"
    unknown = _counted(job for job in jobs if expected[job.outputs[0]] is None)
    return f"{text}; not known of {unknown}" if unknown else text


def _most(of_rules: Mapping[str, float], said: Callable[[float], str]) -> str:
    """The rules with most of something, the most first."""
    largest = sorted(of_rules, key=of_rules.__getitem__, reverse=True)[:MOST_PARTS]
    return ", ".join(f"{rule} {said(of_rules[rule])}" for rule in largest if of_rules[rule] > 0)


def _disk(jobs: Sequence[Job], past: Past) -> list[str]:
    """What is made and goes; before a first run, and of what is fetched, what the run will say."""
    results = Path(past.results)
    files, fetched = files_and_fetched(past.now["data"], past.now["results"])
    first, *others = disk.report(past.now, files, fetched)
    said = [first.replace("disk: ", "")] if not results.exists() else [_made(jobs, past, files)]
    if any(job.rule.endswith("fetch_archive") for job in jobs):
        said += [line.replace("disk: ", "") for line in others]
    return [line for text in said for line in row("disk", text)]


def _made(jobs: Sequence[Job], past: Past, files: Mapping[str, Sequence[str]]) -> str:
    results = Path(past.results)
    data_bytes = disk.size_of(file for paths in files.values() for file in paths)
    n_classes = disk.number_of_classes(past.now, files["events"])
    estimate = disk.estimate(past.now, n_classes, data_bytes)
    recordings = own_paths(past.now["predict"], past.now["results"])
    estimate["own"] = disk.estimate_own(past.now, recordings)
    of_rules, gone = sizes(jobs, results, estimate)
    new, old, free = sum(of_rules.values()), sum(gone.values()), disk.free_bytes(results)
    text = "next to nothing is made"
    if new:
        text = f"about {disk.shown(new)} are made ({_most(of_rules, disk.shown)})"
    text += f" in place of {disk.shown(old)}" if old else ""
    text += f"; {disk.shown(free)} free"
    return text + (": too little, make room" if new - old > free else "")


def _replaced(jobs: Sequence[Job], benchmarks: Benchmarks) -> list[str]:
    """Trained models that are there and would be trained anew, and what else took long."""
    there = [job for job in jobs if any(Path(output).exists() for output in job.outputs)]
    models: dict[str, float] = {}
    others: dict[str, float] = {}
    for job in there:
        spent = benchmarks.own(job) or 0.0
        if job.outputs[0].endswith("/model.pt"):
            name = "{model} (SNR {snr}, fold {fold})".format(**job.wildcards)
            models[name.replace(" ", TIED)] = spent
        elif spent >= EXPENSIVE:
            others[job.rule] = others.get(job.rule, 0.0) + spent
    texts = [_models(models)] if models else []
    texts += [f"what else took long: {_most(others, duration)}"] if others else []
    texts = texts or ["only what is quick to make" if there else "nothing"]
    return [line for n, text in enumerate(texts) for line in row("" if n else "replaces", text)]


def _models(spent: Mapping[str, float]) -> str:
    """Trained models, those first that took longest."""
    names = sorted(spent, key=spent.__getitem__, reverse=True)
    named = ", ".join(f"{name} {duration(spent[name])}" for name in names[:MOST_MODELS])
    what = "a trained model" if len(names) == 1 else f"{len(names)} trained models"
    text = f"{what}, {duration(sum(spent.values()))} of training: {named}"
    rest = len(names) - MOST_MODELS
    return f"{text} and {rest} more" if rest > 0 else text


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
