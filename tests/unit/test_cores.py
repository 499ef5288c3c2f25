import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from weakseg.cores import memory_of_machine, run_when_idle, usable_cores


def test_granted_cores_count_where_the_system_says_which(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 8}, raising=False)
    assert usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert usable_cores() == 7


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="this system has no idle class")
def test_a_thread_that_runs_when_idle_leaves_the_others_as_they_are():
    before = os.sched_getscheduler(0)
    with ThreadPoolExecutor(1) as thread:
        if not thread.submit(run_when_idle).result():
            pytest.skip("forbidden here")
        assert thread.submit(os.sched_getscheduler, 0).result() == os.SCHED_IDLE
    assert os.sched_getscheduler(0) == before != os.SCHED_IDLE


def test_a_thread_runs_as_before_where_the_system_forbids_it(monkeypatch):
    def forbid(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", forbid, raising=False)
    assert not run_when_idle()


def test_the_memory_is_that_of_a_machine(monkeypatch):
    assert 2**28 < memory_of_machine() < 2**50
    monkeypatch.delattr(os, "sysconf")
    assert memory_of_machine() == 2**50
