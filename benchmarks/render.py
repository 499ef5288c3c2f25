"""Rendering: mixtures a second on two cores, peak memory, and whether it grows with the clips."""

from __future__ import annotations

import os
import shutil
import time
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.inputs import (
    SNR_DB,
    Inputs,
    chosen_mixtures,
    make_archives,
    plan_of,
    render_call,
    scene_names,
)
from benchmarks.plain import mixtures as plain
from benchmarks.processes import CORES, measured, together
from benchmarks.recordings import where_of
from benchmarks.rows import Row
from weakseg.plan import PlannedMixture, write_plan

STEP = "render_mixtures:render_mixtures"
PLAIN_CLIPS, FEW, MANY = 24, 20, 100


def measure(inputs: Inputs) -> list[Row]:
    make_archives(inputs)
    calls = experiment_shards(inputs)
    n_clips = len(calls) * calls[0]["shard"]
    seconds, peak = 0.0, 0.0
    for first in range(0, len(calls), CORES):
        forget(inputs)
        children = together(STEP, calls[first : first + CORES])
        seconds += max(child.seconds for child in children)
        peak = max(peak, *(child.peak_gib for child in children))
    shutil.rmtree(inputs.path("render"), ignore_errors=True)
    plain_mixtures = chosen_mixtures(inputs)[:PLAIN_CLIPS]
    plain_seconds = plain_render(inputs, plain_mixtures, where_of(inputs.work))
    differ = "" if inputs.full else f", of which {calls[0]['shard']} differ"
    what = f"{n_clips} of {inputs.n_mixtures} mixtures{differ}"
    return [
        Row(
            "render_clips_per_second",
            n_clips / seconds,
            f"clips/s on 2 cores, without the start of Python, {what}",
            len(plain_mixtures) / plain_seconds,
        ),
        Row("render_peak_gib", peak, "GiB a process"),
        memory_growth(inputs),
    ]


def experiment_shards(inputs: Inputs) -> list[dict[str, Any]]:
    """The calls for shards of the experiment's size: all, or the first of fold 1 for each core.

    Then the scenes, which are hardly used twice and not kept, are those of the mixtures that other
    subjects render, again and again.
    """
    if inputs.full:
        return [render_call(inputs, shard) for shard in inputs.shards]
    scenes = cycle(scene_names(chosen_mixtures(inputs)))
    fold = [mixture for mixture in plan_of(inputs) if mixture["fold"] == 1]
    plan = inputs.path("render/mixtures.yaml")
    plan.parent.mkdir(exist_ok=True)
    write_plan(plan, [{**mixture, "scene_audio_name": next(scenes)} for mixture in fold])
    call = render_call(inputs, (1, 1))
    call |= {"plan": str(plan), "shard": inputs.config["mixtures"]["shard"]}
    return [
        call | {"manifest": str(inputs.path(f"render/core{core}/manifest.csv"))}
        for core in range(CORES)
    ]


def forget(inputs: Inputs) -> None:
    """Have the archives read from the disk again: the experiment's are larger than the memory."""
    if not hasattr(os, "posix_fadvise"):  # as on macOS
        return
    for path in (path for paths in inputs.archives.values() for path in paths):
        with Path(path).open("rb") as file:
            os.fsync(file.fileno())  # what is not written yet is not forgotten
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def plain_render(
    inputs: Inputs, mixtures: list[PlannedMixture], where: dict[str, tuple[str, str]]
) -> float:
    """Seconds that the plain implementation takes for some mixtures."""
    settings = inputs.config["mixtures"]
    forget(inputs)
    start = time.perf_counter()
    plain.render(
        mixtures,
        where,
        inputs.path("plain/mixtures"),
        settings["sample_rate"],
        settings["seconds"],
        SNR_DB,
    )
    return time.perf_counter() - start


def memory_growth(inputs: Inputs) -> Row:
    """Whether many mixtures take more memory than a few of the same recordings."""
    folder = inputs.path("few")
    folder.mkdir(exist_ok=True)
    few = chosen_mixtures(inputs)[:FEW]
    peaks = [
        measured(STEP, **repeated_mixtures(inputs, few, times, folder)).peak_gib
        for times in (1, MANY // FEW)
    ]
    shutil.rmtree(folder)
    unit = f"peak with {MANY} mixtures over that with {FEW} of the same recordings"
    return Row("render_memory_growth", peaks[1] / peaks[0], unit)


def repeated_mixtures(
    inputs: Inputs, mixtures: list[PlannedMixture], times: int, folder: Path
) -> dict[str, Any]:
    """The call for some mixtures again and again."""
    plan = folder / f"{times}.yaml"
    again = [
        {**mixture, "mixture_name": f"{time}-{mixture['mixture_name']}"}
        for time in range(times)
        for mixture in mixtures
    ]
    write_plan(plan, again)
    where = {"plan": str(plan), "manifest": str(folder / f"{times}" / "manifest.csv")}
    return render_call(inputs, (1, 1)) | where | {"shard": len(again)}
