"""Rendering: mixtures a second on two cores, peak memory, and whether it grows with the clips."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from benchmarks.inputs import (
    SNR_DB,
    Inputs,
    chosen_mixtures,
    make_archives,
    pairs,
    render_call,
)
from benchmarks.plain import mixtures as plain
from benchmarks.processes import measured, together
from benchmarks.recordings import where_of
from benchmarks.rows import Row
from weakseg.plan import PlannedMixture

STEP = "render_mixtures:render_mixtures"
ROUNDS, PLAIN_CLIPS, FEW = 3, 8, 20


def measure(inputs: Inputs) -> list[Row]:
    make_archives(inputs)
    mixtures, where = chosen_mixtures(inputs), where_of(inputs.work)
    seconds, plain_seconds, n_clips, peak = 0.0, 0.0, 0, 0.0
    shard_pairs = pairs(inputs.shards)
    rounds = shard_pairs if inputs.full else shard_pairs * ROUNDS
    for number, pair in enumerate(rounds):
        children = together(STEP, [render_call(inputs, shard) for shard in pair])
        seconds += max(child.seconds for child in children)
        n_clips += len(pair) * inputs.config["mixtures"]["shard"]
        peak = max(peak, *(child.peak_gib for child in children))
        if number < ROUNDS:
            some = mixtures[number * PLAIN_CLIPS : (number + 1) * PLAIN_CLIPS]
            plain_seconds += plain_render(inputs, some, where)
    return [
        Row(
            "render_clips_per_second",
            n_clips / seconds,
            f"clips/s on 2 cores, without the start of Python, {inputs.share}",
            ROUNDS * PLAIN_CLIPS / plain_seconds,
        ),
        Row("render_peak_gib", peak, "GiB a process"),
        memory_growth(inputs),
    ]


def plain_render(
    inputs: Inputs, mixtures: list[PlannedMixture], where: dict[str, tuple[str, str]]
) -> float:
    """Seconds that the plain implementation takes for some mixtures."""
    settings = inputs.config["mixtures"]
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
    """Whether a shard takes more memory than the same mixtures FEW at a time."""
    folder: Path = inputs.path("few")
    whole = render_call(inputs, (1, 1)) | {"manifest": str(folder / "manifest.csv")}
    parts = [whole | {"shard": FEW, "part": part + 1} for part in range(whole["shard"] // FEW)]
    most = max(measured(STEP, **part).peak_gib for part in parts)
    ratio = measured(STEP, **whole).peak_gib / most
    shutil.rmtree(folder)
    unit = f"peak with {whole['shard']} mixtures over that with the same, {FEW} at a time"
    return Row("render_memory_growth", ratio, unit)
