"""Training on weak labels: `train` reads from top to bottom.

Conventions
-----------
- Source: Kong et al., arXiv 1804.04715, section V: a learning rate that falls in steps; the
  result is the model after the last iteration.
- The only truth that is read is each clip's labels.  Validation clips are some of the training
  folds'; nothing is chosen by them.
- Same input, same number of threads, same kind of machine: same bytes, also when the training
  was stopped and resumed.  Clock times decide when a state is saved, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from weakseg.allocator import keep_freed_memory
from weakseg.batches import (
    Batch,
    Indices,
    batch_of_iteration,
    mean_and_deviation,
    read_batches,
    split_off_validation,
)
from weakseg.history import HistoryRow, add_history_row, describe, validation_interval
from weakseg.learner import Learner, start_learner
from weakseg.model import SegmentationModel
from weakseg.progress import Progress
from weakseg.progress import say as say_to_stderr
from weakseg.state import TrainingState
from weakseg.store import FeatureStore


def train(
    feature_paths: Sequence[Path],
    *,
    network: Mapping[str, Any],
    pooling: Mapping[str, Any],
    iterations: int,
    batch_size: int,
    learning_rate: float,
    decay: float,
    decay_every: int,
    seed: int,
    validation_clips: int,
    validate_every: int,
    save_every_seconds: float,
    threads: int,
    state_dir: Path,
    precision: str = "auto",
    device: str = "auto",
    say: Callable[[str], None] = say_to_stderr,
) -> tuple[SegmentationModel, list[HistoryRow]]:
    """Train a model on the training folds' feature files; returns it with its history.

    network, pooling: specifications; the learning rate is multiplied by `decay` every
    `decay_every` iterations; validation every `validate_every` iterations, or less often where
    that would take more than a tenth of the time; `state_dir` keeps what a stopped training goes
    on from, and belongs to this training alone (see `state.state_key`); `say` takes each line of
    the log.

    ValueError for bad input or a state in use, TrainingError (a ValueError) for a loss that is
    not finite, SystemExit after SIGTERM or SIGINT: the state has been saved then.
    """
    keep_freed_memory()
    with FeatureStore(feature_paths) as store, TrainingState(state_dir) as state:
        truth = store.clip_truth()
        training, validation = split_off_validation(len(store), validation_clips)
        interval = validation_interval(validate_every, validation_clips, batch_size)
        torch.manual_seed(seed)
        model = SegmentationModel(network, pooling, store.classes, store.settings, store.shape[1])
        learner = start_learner(model, device, precision, threads)
        begin(learner, state, store, training, say)

        batches = batches_to_come(learner, store, truth, training, iterations, batch_size, seed)
        last_save = monotonic()
        with Progress(iterations, learner.iteration, " iterations", say) as progress:
            for batch in batches:
                torch.manual_seed(seed + learner.iteration)  # of dropout
                rate = learning_rate * decay ** (learner.iteration // decay_every)
                progress.advance(loss=learner.step(batch, rate))

                finished = learner.iteration == iterations
                if finished or learner.iteration % interval == 0:
                    row = add_history_row(learner, store, truth, validation, batch_size, rate)
                    say(describe(row))
                if finished or state.stop_signal or monotonic() - last_save > save_every_seconds:
                    state.save(learner.snapshot())
                    last_save = monotonic()
                if state.stop_signal and not finished:
                    say(f"stopped at iteration {learner.iteration}, the state is saved")
                    raise SystemExit(128 + state.stop_signal)
    return model.cpu().eval(), learner.history


def begin(
    learner: Learner,
    state: TrainingState,
    store: FeatureStore,
    training: Indices,
    say: Callable[[str], None],
) -> None:
    """Go on from the saved state, or standardise the model with the training clips."""
    say(f"{len(training)} training clips, {learner.precision} on {learner.device}")
    saved = state.load()
    if state.fell_back:
        say(f"{state.directory}: the newest state is damaged, falling back to the one before")
    if saved is None:
        learner.model.standardise_with(*mean_and_deviation(store, training))
    else:
        learner.restore(saved)
        say(f"resuming at iteration {learner.iteration}")


def batches_to_come(
    learner: Learner,
    store: FeatureStore,
    truth: NDArray[np.bool_],
    training: Indices,
    iterations: int,
    batch_size: int,
    seed: int,
) -> Iterator[Batch]:
    """The batches of the iterations that are left."""
    remaining = range(learner.iteration, iterations)
    plan = (batch_of_iteration(training, batch_size, seed, number) for number in remaining)
    return read_batches(store, truth, plan, pin=learner.device.type == "cuda")
