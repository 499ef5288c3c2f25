"""Masks of a model: against plain PyTorch, in turn; and the step's peak memory."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.inputs import (
    Inputs,
    fold_features,
    make_features,
    make_model,
    segment_call,
)
from benchmarks.processes import CORES, Child, measured
from benchmarks.rows import Row

ROUNDS, MINE_A_ROUND = 5, 2
STEP = "segment:segment"


def measure(inputs: Inputs) -> list[Row]:
    make_features(inputs)
    mine, theirs = [], []
    with Child(CORES) as default, Child(CORES) as plain:
        default.call("benchmarks.trainers:open_default", inputs=inputs)
        plain.call("benchmarks.trainers:open_plain", inputs=inputs)
        for _ in range(ROUNDS + 1):
            theirs.append(plain.call("benchmarks.trainers:plain_inference").result)
            for _ in range(MINE_A_ROUND):
                mine.append(default.call("benchmarks.trainers:default_inference").result)
    seconds, plain_seconds = median(mine[MINE_A_ROUND:]), median(theirs[1:])
    unit = "clips/s, published network, log-mel to codes of masks, 2 threads"
    return [
        Row("inference_clips_per_second", 1 / seconds, unit, 1 / plain_seconds),
        Row("inference_ratio_vs_plain", plain_seconds / seconds, "times as fast as plain PyTorch"),
        *memory(inputs),
    ]


def memory(inputs: Inputs) -> list[Row]:
    """Peak memory of the step, for one feature file and for two."""
    make_model(inputs)
    files, kept = fold_features(inputs), Path(inputs.path("memory.h5"))
    one, two = (
        measured(STEP, CORES, **segment_call(inputs, some, kept)).peak_gib
        for some in (files[:1], files[:2])
    )
    kept.unlink()
    return [
        Row("segment_peak_gib", two, "GiB"),
        Row("segment_memory_growth", two / one, "peak with 200 over that with 100 clips"),
    ]
