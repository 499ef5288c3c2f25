"""weakseg.fresh_batches: whoever draws a clip, and whenever, it is that of its place."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import pytest

from weakseg import fresh_batches
from weakseg.cores import run_when_idle
from weakseg.fresh import FreshClip
from weakseg.fresh_batches import MOST_DRAWING, draw_batches

SIZE = 5
ALL_BUSY, NONE_BUSY = 1000, 0


def may_be_idle() -> bool:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run_when_idle).result()


needs_idle_class = pytest.mark.skipif(
    not may_be_idle(), reason="this system has no idle class, or forbids it"
)


def clip_of(iteration: int, number: int) -> FreshClip:
    logmel = np.full((4, 3), 100 * iteration + number, np.float32)
    return FreshClip(f"{iteration}-{number}", logmel, np.array([number % 2, 1], bool))


class Mixtures:
    """Clips that tell what they are; `drawn` says of each who drew it."""

    def __init__(self, hold: threading.Event | None = None):
        self.hold, self.drawn = hold, []

    def clip(self, iteration: int, number: int) -> FreshClip:
        is_idle = hasattr(os, "SCHED_IDLE") and os.sched_getscheduler(0) == os.SCHED_IDLE
        if is_idle and self.hold:
            self.hold.wait(60)
        self.drawn.append((iteration, number, is_idle))
        return clip_of(iteration, number)


def batches_of(mixtures, iterations, busy):
    return draw_batches(mixtures, SIZE, iterations, pin=False, busy=busy)


def check(batch, iteration):
    expected = [clip_of(iteration, number) for number in range(SIZE)]
    assert batch.names == [clip.name for clip in expected]
    np.testing.assert_array_equal(batch.logmel, np.stack([clip.logmel for clip in expected]))
    np.testing.assert_array_equal(batch.truth, np.stack([clip.labels for clip in expected]))


@pytest.mark.parametrize("pause", [0.0, 0.01])
@pytest.mark.parametrize("busy", [NONE_BUSY, ALL_BUSY], ids=["cores to spare", "none to spare"])
@pytest.mark.parametrize("iterations", [range(2, 9), [0, 4, 2]], ids=str)
def test_batches_are_those_of_their_iterations(busy, pause, iterations):
    mixtures = Mixtures()
    batches = batches_of(mixtures, iterations, busy)
    for iteration in iterations:
        check(next(batches), iteration)
        time.sleep(pause)
    assert next(batches, None) is None
    assert {iteration for iteration, *_ in mixtures.drawn} == set(iterations)


@pytest.mark.parametrize("busy", [NONE_BUSY, ALL_BUSY])
def test_clips_with_softer_scenes_have_them_in_the_batch(busy):
    class Both(Mixtures):
        def clip(self, iteration, number):
            drawn = super().clip(iteration, number)
            return drawn._replace(softer=drawn.logmel + 0.5, foreground=drawn.logmel * 2)

    for batch in batches_of(Both(), range(3), busy):
        np.testing.assert_array_equal(batch.softer, batch.logmel + 0.5)
        np.testing.assert_array_equal(batch.foreground, batch.logmel * 2)
    alone = next(batches_of(Mixtures(), range(3), busy))
    assert alone.softer is None and alone.foreground is None


def test_no_more_cores_are_drawn_on_than_are_allowed(monkeypatch):
    threads = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, number, **options):
            threads.append(number)
            super().__init__(number, **options)

    monkeypatch.setattr("weakseg.fresh_batches.usable_cores", lambda: 64)
    monkeypatch.setattr("weakseg.fresh_batches.ThreadPoolExecutor", Pool)
    for allowed in (4, None, 1):
        check(next(draw_batches(Mixtures(), SIZE, range(2), False, 1, allowed)), 0)
    assert threads == [3, MOST_DRAWING, 1, 1]  # the last: one that is idle, and one that is not


@needs_idle_class
def test_clips_are_drawn_while_a_core_is_idle():
    mixtures = Mixtures()
    batches = batches_of(mixtures, range(3), ALL_BUSY)
    next(batches)
    deadline = time.monotonic() + 60
    while len(mixtures.drawn) < 2 * SIZE and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    ahead = [(iteration, number) for iteration, number, is_idle in mixtures.drawn if is_idle]
    assert sorted(ahead) == [(1, number) for number in range(SIZE)]
    check(next(batches), 1)
    again = [one for one in mixtures.drawn if one[0] == 1 and not one[2]]
    assert len(again) < SIZE  # but for those whose thread had no time to say so


@needs_idle_class
def test_a_training_does_not_wait_for_threads_that_never_run():
    hold = threading.Event()
    batches = batches_of(Mixtures(hold), range(4), ALL_BUSY)
    for iteration, batch in enumerate(islice(batches, 3)):
        check(batch, iteration)
    hold.set()
    batches.close()


def test_nothing_is_drawn_ahead_where_no_thread_can_be_idle(monkeypatch):
    monkeypatch.setattr(fresh_batches, "run_when_idle", lambda: False)
    mixtures = Mixtures()
    batches = batches_of(mixtures, range(2), ALL_BUSY)
    check(next(batches), 0)
    time.sleep(0.05)
    assert len(mixtures.drawn) == SIZE
    check(next(batches), 1)


@pytest.mark.parametrize("busy", [NONE_BUSY, ALL_BUSY])
def test_an_error_while_a_clip_is_drawn_is_raised(busy):
    class Damaged(Mixtures):
        def clip(self, iteration, number):
            if (iteration, number) == (1, 3):
                raise ValueError("damaged")
            return super().clip(iteration, number)

    batches = batches_of(Damaged(), range(3), busy)
    with pytest.raises(ValueError, match="damaged"):
        for _ in batches:
            time.sleep(0.01)
