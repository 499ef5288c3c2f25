"""weakseg.machine_code: loops that numba translates when they are first called, kept or not."""

import importlib.util
import shutil
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
    modules = "weakseg.durations, weakseg.fresh, weakseg.rank_weights"
    code = f"import sys, {modules}; assert 'numba' not in sys.modules"
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
    assert translations == [{"nogil": True}]


SOURCE = """
from numba import njit
from weakseg.machine_code import kept

@njit
def helped(x):
    return x * {factor}

@kept
def times(values):
    return helped(values.sum())
"""


@pytest.fixture
def times(tmp_path):
    """Imports a module with a loop that multiplies by `factor`, as a new process would."""

    def load(factor):
        path = tmp_path / "times.py"
        path.write_text(SOURCE.format(factor=factor))
        importlib.invalidate_caches()
        spec = importlib.util.spec_from_file_location("times", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.times

    return load


def kept_files(folder):
    return sorted(folder.glob("__pycache__/numba-*/*/*.nb?"))


@pytest.fixture
def translated(monkeypatch):
    """The names of what Numba has translated."""
    done, compile_core = [], numba.core.dispatcher._FunctionCompiler._compile_core

    def counted(self, *arguments):
        done.append(self.py_func.__name__)
        return compile_core(self, *arguments)

    monkeypatch.setattr(numba.core.dispatcher._FunctionCompiler, "_compile_core", counted)
    return done


def test_what_is_kept_is_translated_once(times, tmp_path, translated):
    assert times(10)(np.ones(3)) == 30
    assert translated[0] == "times" and len(kept_files(tmp_path)) == 2
    translated.clear()
    assert times(10)(np.ones(3)) == 30
    assert translated == []


def test_another_source_is_translated_anew(times, tmp_path):
    assert times(10)(np.ones(3)) == 30
    assert times(20)(np.ones(3)) == 60
    assert len(kept_files(tmp_path)) == 4
    assert times(10)(np.ones(3)) == 30


@pytest.mark.parametrize("damage", [b"", b"no pickle", None])
def test_what_was_kept_and_is_damaged_is_translated_again(times, tmp_path, damage):
    for place in (0, 1):
        assert times(10)(np.ones(3)) == 30
        path = kept_files(tmp_path)[place]
        path.unlink()
        path.mkdir() if damage is None else path.write_bytes(damage)
        loop = times(10)
        assert [loop(np.ones(n)) for n in (3, 4)] == [30, 40]
        shutil.rmtree(tmp_path / "__pycache__")


def test_without_a_folder_each_process_translates(times, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])
    assert times(10)(np.ones(3)) == 30
    assert not kept_files(tmp_path)
