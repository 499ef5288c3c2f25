"""Training on weak labels: `train` reads from top to bottom.

Conventions
-----------
- Source: Kong et al., arXiv 1804.04715, section V: a learning rate that falls in steps; the
  result is the model after the last iteration, the average of the last ones, or, if so chosen,
  the one with the best validation loss.
- The only truth that is read is each clip's labels, and, where a foreground is learnt, what of a
  fresh mixture is its scene.  Validation clips are some of the training folds'.
- Training clips are the mixtures of the feature files, again and again (the paper's way), or
  fresh ones that are mixed from the training folds' recordings for each step.
- Same input, same number of threads, same kind of machine: same bytes, also when the training
  was stopped and resumed.  Clock times decide when a state is saved, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
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
from weakseg.curves import Curves
from weakseg.fresh import FreshMixtures, Recipe
from weakseg.fresh_batches import draw_batches
from weakseg.history import HistoryRow, add_history_row, describe
from weakseg.learner import Learner, start_learner
from weakseg.material import Material
from weakseg.model import SegmentationModel
from weakseg.networks import cost
from weakseg.progress import Progress
from weakseg.progress import say as say_to_stderr
from weakseg.spectral import Spectral
from weakseg.state import TrainingState
from weakseg.store import FeatureStore
from weakseg.training_settings import TrainingSettings


def train(
    feature_paths: Sequence[Path],
    settings: TrainingSettings,
    *,
    state_dir: Path,
    save_every_seconds: float,
    material_paths: Sequence[Path] = (),
    curves: Path | None = None,
    device: str = "auto",
    cores: int | None = None,
    say: Callable[[str], None] = say_to_stderr,
) -> tuple[SegmentationModel, list[HistoryRow]]:
    """Train a model on the training folds' feature files; returns it with its history.

    `state_dir` keeps what a stopped training goes on from, and belongs to this training alone (see
    `state.state_key`); fresh mixtures are drawn from the recordings of `material_paths`; `curves`
    is a directory for `curves.Curves`, or None; `cores`: those that may be used, if not all that
    the process has; `say` takes each line of the log.

    ValueError for bad input or a state in use, TrainingError (a ValueError) for a loss that is
    not finite, SystemExit after SIGTERM or SIGINT: the state has been saved then.
    """
    keep_freed_memory()
    with ExitStack() as stack:
        store = stack.enter_context(FeatureStore(feature_paths))
        state = stack.enter_context(TrainingState(state_dir))
        truth = store.clip_truth()
        training, validation = split_off_validation(len(store), settings.validation_clips)
        learner = new_learner(store, settings, device)
        begin(learner, state, store, training, say)
        batches = remaining_batches(
            learner, store, truth, training, settings, material_paths, cores, say
        )
        stack.enter_context(closing(batches))
        drawn = stack.enter_context(Curves(curves, learner.iteration, settings.batch_size))
        progress = stack.enter_context(
            Progress(settings.iterations, learner.iteration, " iterations", say)
        )

        last_save = monotonic()
        for batch in batches:
            torch.manual_seed(settings.seed + learner.iteration)  # of dropout
            rate = settings.rates.at(learner.iteration)
            loss = learner.step(batch, rate)
            progress.advance(loss=loss)
            drawn.add_loss(learner.iteration, loss)

            finished = learner.iteration == settings.iterations
            if finished or learner.iteration % settings.interval == 0:
                row = add_history_row(learner, store, truth, validation, settings.batch_size, rate)
                drawn.add_row(row)
                finished = take_stock(learner, settings, row, say) or finished
            if finished or state.stop_signal or monotonic() - last_save > save_every_seconds:
                state.save(learner.snapshot())
                last_save = monotonic()
            if finished:
                break
            if state.stop_signal:
                say(f"stopped at iteration {learner.iteration}, the state is saved")
                raise SystemExit(128 + state.stop_signal)
    return learner.result(), learner.history


def take_stock(
    learner: Learner, settings: TrainingSettings, row: HistoryRow, say: Callable[[str], None]
) -> bool:
    """Tell of a validation, and keep its weights if they are the best; whether it is the last."""
    say(describe(row))
    gives_up = settings.selection.consider(learner)
    if gives_up and learner.iteration < settings.iterations:
        say(f"no better loss in {settings.patience} validations: ending early")
    return gives_up


def new_learner(store: FeatureStore, settings: TrainingSettings, device: str) -> Learner:
    """A learner before its first step, its weights drawn with the seed."""
    torch.manual_seed(settings.seed)
    model = SegmentationModel(
        settings.network,
        settings.pooling,
        store.classes,
        store.settings,
        store.shape[1],
        settings.cut_to,
        clip_frames=store.shape[0],
    )
    return start_learner(
        model,
        device,
        settings.precision,
        settings.threads,
        settings.losses,
        settings.average,
        settings.compiled,
    )


def begin(
    learner: Learner,
    state: TrainingState,
    store: FeatureStore,
    training: Indices,
    say: Callable[[str], None],
) -> None:
    """Go on from the saved state, or standardise the model with the training clips."""
    parameters, operations = cost(learner.model.network, *store.shape)
    say(f"{parameters:,} parameters, {operations / 1e9:.3g} GMAC a clip")
    say(f"{learner.precision} on {learner.device}")
    saved = state.load()
    if state.fell_back:
        say(f"{state.directory}: the newest state is damaged, falling back to the one before")
    if saved is None:
        learner.standardise_with(*mean_and_deviation(store, training))
    else:
        learner.restore(saved)
        say(f"resuming at iteration {learner.iteration}")


def remaining_batches(
    learner: Learner,
    store: FeatureStore,
    truth: NDArray[np.bool_],
    training: Indices,
    settings: TrainingSettings,
    material_paths: Sequence[Path],
    cores: int | None,
    say: Callable[[str], None],
) -> Generator[Batch]:
    """The batches of the iterations that are left: fresh mixtures, or those of some clips."""
    given_up = settings.selection.gives_up(learner.history)
    end = learner.iteration if given_up else settings.iterations
    remaining, size, seed = range(learner.iteration, end), settings.batch_size, settings.seed
    pin = learner.device.type == "cuda"
    if settings.recipe is None:
        say(f"{len(training)} training clips")
        return stored_batches(store, truth, training, remaining, size, seed, pin)
    objective = learner.objective
    wanted = objective.consistency or objective.foreground
    softer_db = objective.softer_db if wanted else None
    mixtures = fresh_mixtures(material_paths, store, settings.recipe, seed, softer_db, say)
    busy = 1 if pin else settings.threads
    return draw_batches(mixtures, size, remaining, pin, busy, cores)


def stored_batches(
    store: FeatureStore,
    truth: NDArray[np.bool_],
    training: Indices,
    remaining: range,
    batch_size: int,
    seed: int,
    pin: bool,
) -> Generator[Batch]:
    """The batches of the iterations that are left, of the feature files' mixtures."""
    plan = (batch_of_iteration(training, batch_size, seed, number) for number in remaining)
    return read_batches(store, truth, plan, pin)


def fresh_mixtures(
    paths: Sequence[Path],
    store: FeatureStore,
    recipe: Mapping[str, Any],
    seed: int,
    softer_db: float | None,
    say: Callable[[str], None],
) -> FreshMixtures:
    """What draws fresh mixtures of the features' kind; ValueError if the recordings are others'."""
    material = Material(paths)
    say(f"fresh mixtures of {material}")
    spectral = Spectral.from_settings(store.settings)
    if (material.classes, material.sample_rate) != (store.classes, spectral.sample_rate):
        raise ValueError(
            f"{material.paths[0]}: classes or sample rate differ from {store.paths[0]}; "
            "make both anew"
        )
    return FreshMixtures(material, spectral, Recipe.of(recipe), seed, softer_db)
