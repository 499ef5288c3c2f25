"""weakseg.machine_code: loops that numba translates when they are first called."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import numba
import numpy as np
import pytest

from weakseg.machine_code import in_machine_code


@in_machine_code
def running_sum(values):
    """Sums."""
    total, sums = 0.0, np.empty_like(values)
    for number, value in enumerate(values):
        total += value
        sums[number] = total
    return sums


def test_a_loop_gives_what_numpy_gives():
    values = np.random.default_rng(1).normal(size=100)
    assert running_sum(values) == pytest.approx(np.cumsum(values), rel=1e-12)
    assert (running_sum.__name__, running_sum.__doc__) == ("running_sum", "Sums.")


def test_importing_a_loop_does_not_import_numba():
    code = "import sys, weakseg.fresh, weakseg.rank_weights; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_threads_that_call_a_loop_first_translate_it_once(monkeypatch):
    translations = []

    def slow_njit(**options):
        translations.append(options)
        sleep(0.05)
        return lambda loop: loop

    monkeypatch.setattr(numba, "njit", slow_njit)
    loop = in_machine_code(lambda number: number + 1)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(loop, range(8))) == list(range(1, 9))
    assert translations == [{"nogil": True, "cache": True}]


def test_a_process_takes_the_machine_code_of_an_earlier_one(tmp_path):
    code = (
        "from weakseg.fresh import at_speed as loop; import numpy as np, numba.core.caching as c\n"
        "load = c.FunctionCache.load_overload\n"
        "def told(*a): found = load(*a); print('kept' if found else 'new'); return found\n"
        "c.FunctionCache.load_overload = told\n"
        "loop(np.ones(9, 'f'), 1.5)"
    )
    around = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", code]
    said = [subprocess.check_output(command, env=around, text=True).strip() for _ in range(2)]
    assert said == ["new", "kept"] and list(tmp_path.rglob("*.nbc"))


def test_without_a_place_to_keep_it_a_loop_is_translated_all_the_same():
    names = {}
    exec("def one_more(number): return number + 1", names)  # numba keeps nothing of no file
    with pytest.raises(RuntimeError, match="cannot cache function"):
        numba.njit(cache=True)(names["one_more"])
    assert in_machine_code(names["one_more"])(1) == 2
