"""A whole training by `weakseg.training.train`, with clocks at its batches and validations."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.inputs import VALIDATION_CLIPS, Inputs, published_model
from weakseg import training
from weakseg.batches import Batch
from weakseg.model import save_model
from weakseg.training_settings import TrainingSettings


class Clock:
    """Adds up seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._start


def train_model(inputs: Inputs) -> dict[str, float]:
    """Train on all mixtures that are rendered and keep the model.

    Validation as often as the trainer lets it.  Returns the seconds of all iterations, and those of
    them that went to waiting for batches and to validation.
    """
    features = [inputs.features(shard) for shard in inputs.shards]
    waiting, validating, whole = Clock(), Clock(), Clock()
    read, validate = training.stored_batches, training.add_history_row

    def timed_batches(*arguments: Any) -> Generator[Batch]:
        with closing(read(*arguments)) as batches, whole:
            while True:
                with waiting:
                    batch = next(batches, None)
                if batch is None:
                    return
                yield batch

    def timed_validation(*arguments: Any) -> Any:
        with validating:
            return validate(*arguments)

    with (
        mock.patch.object(training, "stored_batches", timed_batches),
        mock.patch.object(training, "add_history_row", timed_validation),
    ):
        model = run(inputs, features, inputs.steps, VALIDATION_CLIPS)
    save_model(model, inputs.path("model.pt"))
    return {
        "seconds": whole.seconds,
        "waiting_seconds": waiting.seconds,
        "validation_seconds": validating.seconds,
        "iterations": inputs.steps,
        "batch_size": inputs.batch_size,
    }


def few_steps(inputs: Inputs, features: list[Path]) -> None:
    """A few steps on some feature files."""
    run(inputs, features, iterations=4, validation_clips=8)


def run(inputs: Inputs, features: list[Path], iterations: int, validation_clips: int) -> Any:
    """A training of the published network with GWRP; returns the model."""
    settings = inputs.config["training"]
    names = ("learning_rate", "decay", "decay_every", "seed", "precision", "threads")
    with tempfile.TemporaryDirectory() as states:
        model, _ = training.train(
            features,
            TrainingSettings(
                **published_model(inputs),
                iterations=iterations,
                batch_size=inputs.batch_size,
                validation_clips=validation_clips,
                validate_every=1,
                **{name: settings[name] for name in names},
            ),
            save_every_seconds=settings["save_every_seconds"],
            state_dir=Path(states),
            device="cpu",
            say=lambda line: None,
        )
    return model
