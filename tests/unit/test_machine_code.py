"""weakseg.machine_code: loops that numba translates when they are first called."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import numba
import numpy as np
import pytest

from weakseg.machine_code import in_machine_code, machine_code


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


def test_without_a_folder_for_it_machine_code_is_not_kept(monkeypatch):
    monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])
    with pytest.raises(RuntimeError, match="no locator"):
        numba.njit(cache=True)(running_sum.__wrapped__)
    assert machine_code(running_sum.__wrapped__)(np.ones(3))[-1] == 3
