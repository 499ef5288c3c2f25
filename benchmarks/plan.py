"""The plan of all mixtures of the experiment: to make it, and to load it."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import yaml

from benchmarks.inputs import Inputs, make_indices, make_plan
from benchmarks.processes import measured
from benchmarks.rows import Row

ROUNDS = 3


def measure(inputs: Inputs) -> list[Row]:
    make_indices(inputs)
    seconds = median(make_plan(inputs).seconds for _ in range(ROUNDS))
    plan = inputs.path("mixtures.yaml")
    loading = median(measured("weakseg.plan:read_plan", path=plan).seconds for _ in range(ROUNDS))
    unit = f"s, {inputs.n_mixtures} mixtures of {inputs.config['mixtures']['events']} events"
    return [
        Row("plan_seconds", seconds, unit),
        Row("specs_load_seconds", loading, f"{unit}; plain is yaml.safe_load", plain_load(plan)),
    ]


def plain_load(plan: Path) -> float:
    """Seconds that PyYAML takes for the same file."""
    start = time.perf_counter()
    yaml.safe_load(plan.read_text(encoding="utf-8"))
    return time.perf_counter() - start
