"""GWRP forward and backward against torch.sort, in turn."""

from __future__ import annotations

from statistics import median

from benchmarks.inputs import Inputs, make_features
from benchmarks.processes import CORES, Child
from benchmarks.rows import Row
from benchmarks.trainers import MASKS

ROUNDS, MINE_A_ROUND = 4, 3


def measure(inputs: Inputs) -> list[Row]:
    make_features(inputs)
    mine, theirs = [], []
    with Child(CORES) as default, Child(CORES) as plain:
        default.call("benchmarks.trainers:open_default", inputs=inputs)
        plain.call("benchmarks.trainers:open_plain", inputs=inputs)
        for _ in range(ROUNDS + 1):
            theirs.append(plain.call("benchmarks.trainers:plain_gwrp").result)
            mine += [
                default.call("benchmarks.trainers:default_gwrp").result for _ in range(MINE_A_ROUND)
            ]
    ratio = median(theirs[1:]) / median(mine[MINE_A_ROUND:])
    unit = f"times as fast as torch.sort, forward and backward, masks {MASKS}"
    return [Row("gwrp_ratio_vs_sort", ratio, unit)]
