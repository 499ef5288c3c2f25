"""Why a job would run, in words of the configuration, from Snakemake's own reason.

A reason has parts such as `Missing output files: ...` and `Params have changed since last
execution: ...` (reasons.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.configuration import Configuration
from workflow.consistency import shown
from workflow.dry_run import Job
from workflow.reasons import code_changes, code_of, differences, list_changes, parameters
from workflow.setting_names import key_of

MISSING, INCOMPLETE = "Missing output files", "Incomplete output files"
UPDATED, FOLLOWS = "Updated input files", "Input files updated by another job"
INPUTS, PARAMS = "Set of input files has changed", "Params have changed"
WHOLE = {  # parts that say all by their beginning
    INCOMPLETE: "was stopped half-way",
    "Code has changed": "its script has changed",
    "Software environment": "its environment (envs/) has changed",
    "Forced execution": "forced by the command line",
}
STARTS = (MISSING, UPDATED, FOLLOWS, INPUTS, PARAMS, *WHOLE)
PARTS = re.compile("; (?=" + "|".join(map(re.escape, STARTS)) + ")")
GRID = {"snr_db": "snr", "models": "model", "holdout_folds": "fold"}  # key -> wildcard


@dataclass(frozen=True)
class Past:
    """What is known of earlier runs, and of the run to come."""

    results: str  # of the experiment, as in the paths of jobs
    given: Configuration  # before it was completed
    now: Configuration
    before: Configuration | None  # of the last run that came to its end

    def values(self, group: str, name: str) -> tuple[Any, Any]:
        """A key's value before and now; the same if it is not known what it was."""
        now = self.now[group][name]
        return ((self.before or {}).get(group) or {}).get(name, now), now

    def changed_keys(self) -> list[str]:
        """Every key that has another value than in the last whole run, of models that both have."""
        if self.before is None:
            return []
        both = set(self.values("grid", "models")[0]) & set(self.now["grid"]["models"])
        found = {path: values for path, *values in differences(self.before, self.now)}
        texts = []
        for path, (before, now) in found.items():
            is_common = path[2:3] == ("training",) and found.get(path[2:]) == [before, now]
            if path[0] != "models" or (path[1] in both and not is_common):
                texts.extend(_leaf(".".join(path), before, now))
        return texts

    def grid_changes(self) -> list[str]:
        """What is new in the grid, and what has left it."""
        return [
            text
            for name in GRID
            for text in list_changes(f"grid.{name}", *self.values("grid", name))
        ]


def causes_of(job: Job, past: Past) -> list[str]:
    """Why the job would run; nothing if it only follows on other jobs."""
    found: list[str] = []
    for part in PARTS.split(job.reason):
        found.extend(_causes(part, job, past))
    if not found and FOLLOWS not in job.reason:
        found.append(f"Snakemake says: {job.reason[:120]}" if job.reason else "asked for")
    return list(dict.fromkeys(found))


def _causes(part: str, job: Job, past: Past) -> Iterator[str]:
    start, _, files = part.partition(": ")
    if part.startswith(MISSING):
        yield from _missing(files.split(", "), job, past)
    elif part.startswith(UPDATED):
        yield from (f"{_short(file, past)} has changed" for file in files.split(", ") if file)
    elif part.startswith(INPUTS):
        changes = past.grid_changes()
        yield from changes
        if not changes and start == job.reason:
            yield "other files go in than the last time"
    elif part.startswith(PARAMS):
        yield from _changed_parameters(part, job, past)
    yield from (words for beginning, words in WHOLE.items() if part.startswith(beginning))


def _missing(files: Sequence[str], job: Job, past: Past) -> Iterator[str]:
    """Outputs that are not there: of something new, or of a job that has run before."""
    if job.benchmark is not None and Path(job.benchmark).exists():
        first, others = _short(min(files), past), len(files) - 1
        yield f"{first} and {others} more are missing" if others else f"{first} is missing"
        return
    new = [
        f"grid.{name}: {job.wildcards[wildcard]} is new"
        for name, wildcard in GRID.items()
        if wildcard in job.wildcards
    ]
    yield from [text for text in new if text in past.grid_changes()] or ["not made yet"]


def _short(file: str, past: Past) -> str:
    return file.removeprefix(f"{past.results}/")


def _changed_parameters(part: str, job: Job, past: Past) -> Iterator[str]:
    old, new = parameters(part)
    old_code, new_code = (code_of(values) for values in (old, new))
    if old_code is not None and new_code is not None and old_code != new_code:
        yield from code_changes(job.rule, old_code, new_code)
    settings = [
        [value for value in values if not (isinstance(value, str) and code_of([value]) is not None)]
        for values in (old, new)
    ]
    if all(len(values) == 1 for values in settings):
        yield from setting_changes(job, settings[0][0], settings[1][0], past)
    elif any(settings):
        yield f"parameters of {job.rule} have changed"


def setting_changes(job: Job, old: Any, new: Any, past: Past) -> list[str]:
    """The keys of the configuration whose values differ between two settings of a job."""
    model = job.wildcards.get("model") or _model_named(new)
    texts, implied = [], []
    for path, before, now in differences(old, new):
        words = _change(job, model, path, before, now, past)
        texts.extend(words)
        if not words:
            implied.append(f"{'.'.join(path) or 'settings'} of {job.rule} differs")
    return texts or ([] if FOLLOWS in job.reason else implied)


def _model_named(settings: Any) -> str | None:
    """The model of a job that has it among its settings, as predictions of own recordings do."""
    return settings.get("model_name") if isinstance(settings, Mapping) else None


def _change(
    job: Job, model: str | None, path: tuple[str, ...], before: Any, now: Any, past: Past
) -> list[str]:
    """One leaf that differs; nothing if it only follows from what other jobs tell."""
    one_is_none = before is None or now is None
    if path[:1] in (("foreground",), ("foregrounds",)) and one_is_none and job.rule != "train":
        return _leaf("separation.resolution", *past.values("separation", "resolution"))
    if path == ("objective", "softer_db") and one_is_none:
        return []  # a part of the objective where somebody hears it
    if path[:1] == ("trained",) and len(path) == 2 and one_is_none:
        return [f"grid.models: {path[1]} is {'new' if before is None else 'left out'}"]
    key = key_of(job.rule, path or (_only_name(job.rule),), model, past.given)
    return [] if key is None else _leaf(key, before, now)


def _leaf(key: str, before: Any, now: Any) -> list[str]:
    if before == now:
        return []
    if isinstance(before, list) and isinstance(now, list) and key.startswith("grid."):
        return list_changes(key, before, now)
    old, new = (value if isinstance(value, str) else shown(value) for value in (before, now))
    return [f"{key}: {old} -> {new}"]


def _only_name(rule: str) -> str:
    """What a rule's only parameter is called where it is no mapping."""
    return {"draw_training": "models"}.get(rule, "settings")
