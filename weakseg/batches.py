"""Which clips a training step sees, and reading them while the step before is computed.

Conventions
-----------
- All that is drawn is a function of the seed and the iteration's number alone, so a training
  that goes on from iteration N needs no generator's state to see the clips it would have seen.
- No more than a few batches are in memory, however many clips there are.
"""

from __future__ import annotations

import contextlib
import math
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weakseg.store import FeatureStore

Item = TypeVar("Item")
Indices = NDArray[np.intp]

CLIPS_AT_ONCE = 64  # read together for the mean and standard deviation
BATCHES_AHEAD = 2


class Batch(NamedTuple):
    """Some clips: names, log-mel (clips, frames, mels) and weak labels (clips, classes) float32.

    softer: log-mel of the same events over softer scenes, likewise, or None; foreground: what share
    of each cell is of events, likewise.
    """

    names: list[str]
    logmel: Tensor
    truth: Tensor
    softer: Tensor | None = None
    foreground: Tensor | None = None

    def pinned(self, pin: bool) -> Batch:
        """The same in page-locked memory, from which a card copies by itself, if `pin`."""
        return self._each(Tensor.pin_memory) if pin else self

    def to(self, device: torch.device) -> Batch:
        """The same on a device, copied while the device goes on computing."""
        if self.logmel.device.type == device.type:
            return self
        return self._each(lambda part: part.to(device, non_blocking=True))

    def parts(self, number: int) -> Iterator[Batch]:
        """The same clips in so many batches, or in fewer if there are not as many clips."""
        size = math.ceil(len(self.names) / number)
        for start in range(0, len(self.names), size):
            some = slice(start, start + size)
            yield self._each(itemgetter(some))._replace(names=self.names[some])

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        softer, foreground = (
            None if part is None else change(part) for part in (self.softer, self.foreground)
        )
        return Batch(self.names, change(self.logmel), change(self.truth), softer, foreground)


def split_off_validation(n_clips: int, n_validation: int) -> tuple[Indices, Indices]:
    """Indices of the clips to train on and of those to validate with, both ascending.

    The validation clips are spread evenly, so that each feature file gives its share.
    ValueError if no clip would be left to train on.
    """
    if not 0 <= n_validation < n_clips:
        raise ValueError(
            f"validation_clips: {n_validation} of {n_clips} training clips were asked for; "
            f"give a number from 0 to {n_clips - 1}"
        )
    spacing = n_clips / max(n_validation, 1)
    validation = np.floor((np.arange(n_validation) + 0.5) * spacing).astype(np.intp)
    return np.setdiff1d(np.arange(n_clips), validation), validation


def batch_of_iteration(clips: Indices, batch_size: int, seed: int, iteration: int) -> Indices:
    """The clips of one iteration (counted from 0): each epoch is all clips in a new order."""
    places = np.arange(iteration * batch_size, (iteration + 1) * batch_size)
    epochs = places // len(clips)
    orders = {e: np.random.default_rng([seed, e]).permutation(clips) for e in np.unique(epochs)}
    return np.array([orders[e][p % len(clips)] for e, p in zip(epochs, places, strict=True)])


def read_batches(
    store: FeatureStore, truth: NDArray[np.bool_], batches: Iterable[Indices], pin: bool
) -> Generator[Batch]:
    """The batches of given clips, read in a thread of its own; `truth` is (clips, classes).

    pin: see `Batch.pinned`.
    """

    def read(clips: Indices) -> Batch:
        logmel = torch.from_numpy(store.logmel(clips.tolist()))
        labels = torch.from_numpy(truth[clips].astype(np.float32))
        return Batch([store.names[clip] for clip in clips], logmel, labels).pinned(pin)

    return read_ahead(read(clips) for clips in batches)


def read_ahead(items: Iterable[Item], ahead: int = BATCHES_AHEAD) -> Generator[Item]:
    """The same items, made in a thread that stays at most `ahead` of them in front.

    An error in the thread is raised here; the thread ends when this iterator does.
    """
    made: queue.Queue[Any] = queue.Queue(ahead)
    wanted = threading.Event()
    wanted.set()

    def offer(entry: tuple[str, Any]) -> None:
        offered = False
        while wanted.is_set() and not offered:
            with contextlib.suppress(queue.Full):
                made.put(entry, timeout=0.1)
                offered = True

    def work() -> None:
        try:
            for item in items:
                offer(("item", item))
                if not wanted.is_set():
                    return
            offer(("end", None))
        except BaseException as error:
            offer(("error", error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while (entry := made.get())[0] == "item":
            yield entry[1]
        if entry[0] == "error":
            raise entry[1]
    finally:
        wanted.clear()
        thread.join()


def mean_and_deviation(
    store: FeatureStore, clips: Sequence[int] | Indices
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each mel band over the clips' frames, both (mels,).

    Clips are read a few at a time and merged (Chan et al. 1979, "Updating formulae").  A band
    that never changes gets deviation 1.
    """
    count, mean, squares = 0, np.zeros(store.shape[1]), np.zeros(store.shape[1])
    for start in range(0, len(clips), CLIPS_AT_ONCE):
        some = [int(clip) for clip in clips[start : start + CLIPS_AT_ONCE]]
        frames = store.logmel(some).reshape(-1, store.shape[1]).astype(np.float64)
        n, its_mean = len(frames), frames.mean(0)
        shift = its_mean - mean
        squares += ((frames - its_mean) ** 2).sum(0) + shift**2 * (count * n / (count + n))
        count += n
        mean += shift * (n / count)
    deviation = np.sqrt(squares / count)
    deviation[deviation == 0] = 1
    return torch.from_numpy(mean), torch.from_numpy(deviation)
