"""python -m tests.fuzz [archives configurations ...] --inputs 100000 --seed 1

Prints outcomes and finds; the smallest input of each kind of find goes to tests/fuzz/cases/, where
tests read it again.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from functools import partial
from pathlib import Path

from tests.fuzz import TARGETS
from tests.fuzz.trials import input_of, run, smallest

CASES = Path(__file__).parent / "cases"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all if none is given")
    parser.add_argument("--inputs", type=int, default=100_000, help="of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    options = parser.parse_args()
    n_finds = 0
    for name in options.targets or TARGETS:
        target, begin = TARGETS[name], time.monotonic()
        numbers = range(options.first, options.first + options.inputs)
        outcomes, finds = run(target, options.seed, numbers, partial(print, flush=True))
        print(f"{name}: {sum(outcomes.values())} inputs in {time.monotonic() - begin:.0f} s")
        for outcome, count in outcomes.most_common():
            print(f"    {count:7d} {outcome}")
        kinds = {find.what.split(":")[0]: find for find in reversed(finds)}
        for find in kinds.values():
            one = input_of(target, options.seed, find.number)
            data = smallest(target, one, find.what)
            path = CASES / f"{name}-{hashlib.sha256(data).hexdigest()[:8]}.bin"
            CASES.mkdir(exist_ok=True)
            path.write_bytes(data)
            print(f"FIND {find.number}: {find.what}; kept as {path.name}, {len(data)} bytes")
        n_finds += len(finds)
    return min(n_finds, 1)


if __name__ == "__main__":
    sys.exit(main())
