"""Batches of fresh mixtures, drawn beside the training and hardly in its way."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain, pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from weakseg.batches import Batch, read_ahead
from weakseg.cores import run_when_idle, usable_cores
from weakseg.fresh import FreshClip, FreshMixtures

Draw = Callable[[int, int], FreshClip]  # of an iteration and a place in its batch

MOST_DRAWING = 8  # threads, enough for a card
NONE = -1  # no iteration


def draw_batches(
    mixtures: FreshMixtures,
    batch_size: int,
    iterations: Iterable[int],
    pin: bool,
    busy: int,
    allowed: int | None = None,
) -> Generator[Batch]:
    """Batches of fresh mixtures for some iterations; a step keeps `busy` cores busy.

    allowed: cores that may be used, if not all that the process has.

    They are drawn ahead on the cores that it leaves, whoever else computes there.  Where it leaves
    none, they are drawn while one of its cores waits for another, and the rest between the steps:
    a step whose threads wait for one that draws would lose as much on each of them.
    """
    most = MOST_DRAWING + busy
    cores = min(usable_cores(), allowed or most, most)
    spare = max(0, cores - busy)
    draw_on = _drawn_on if spare else _drawn_when_idle
    drawn = draw_on(spare or cores, mixtures.clip, range(batch_size), iterations)
    batches = (_batch_of(clips).pinned(pin) for clips in drawn)
    return read_ahead(batches) if spare else batches


def _batch_of(clips: Sequence[FreshClip]) -> Batch:
    logmel = torch.from_numpy(np.stack([clip.logmel for clip in clips]))
    labels = np.stack([clip.labels for clip in clips]).astype(np.float32)
    softer = _stacked([clip.softer for clip in clips])
    foreground = _stacked([clip.foreground for clip in clips])
    names = [clip.name for clip in clips]
    return Batch(names, logmel, torch.from_numpy(labels), softer, foreground)


def _stacked(each: Sequence[NDArray[np.float32] | None]) -> torch.Tensor | None:
    """One tensor of what each clip has, None if they have nothing."""
    there = [one for one in each if one is not None]
    return torch.from_numpy(np.stack(there)) if there else None


def _drawn_on(
    cores: int, draw: Draw, numbers: Sequence[int], iterations: Iterable[int]
) -> Iterator[list[FreshClip]]:
    """The clips of each iteration, drawn when they are asked for."""
    with ThreadPoolExecutor(cores) as threads:
        for iteration in iterations:
            yield list(threads.map(partial(draw, iteration), numbers))


def _drawn_when_idle(
    cores: int, draw: Draw, numbers: Sequence[int], iterations: Iterable[int]
) -> Iterator[list[FreshClip]]:
    """The same, begun before by threads that run where a core has nothing else to do.

    Other programs may keep such a thread from its clip for long: what is not finished when it is
    asked for is drawn again by threads like any other.
    """
    idle = ThreadPoolExecutor(cores, initializer=run_when_idle)
    may_be_idle = idle.submit(run_when_idle).result()
    ahead: list[tuple[int, Future[FreshClip]]] = []
    with ThreadPoolExecutor(cores) as threads:
        try:
            for iteration, following in pairwise(chain(iterations, [NONE])):
                drawn = {n: clip.result() for n, clip in ahead if not clip.cancel() and clip.done()}
                rest = [number for number in numbers if number not in drawn]
                drawn |= zip(rest, threads.map(partial(draw, iteration), rest), strict=True)
                if may_be_idle and following != NONE:
                    ahead = [(n, idle.submit(draw, following, n)) for n in numbers]
                yield [drawn[number] for number in numbers]
        finally:
            idle.shutdown(cancel_futures=True)
