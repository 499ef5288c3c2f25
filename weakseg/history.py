"""The history of a training: a row a validation, with losses and tagging metrics.

Conventions
-----------
- Columns: iteration; loss, of all that is minimised (a teacher's part rises), and gradient_norm,
  both means since the row before; validation_loss, of clip probabilities alone,
  validation_f1 (clip threshold 0.1), validation_auc and validation_average_precision (macro
  over the classes that the validation clips hold); learning_rate.
- No clock time is in it, so that a training that is run again writes the same bytes.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray

from weakseg.batches import Indices, read_batches
from weakseg.learner import Learner
from weakseg.metrics import binary
from weakseg.sealed import write_text
from weakseg.store import FeatureStore

HistoryRow = dict[str, float]

F1_THRESHOLD = 0.1
VALIDATION_SHARE = 0.1  # of the time, at most
FORWARD_SHARE = 1 / 3  # of a step's time that its forward pass takes


def validation_interval(validate_every: int, n_validation: int, batch_size: int) -> int:
    """Iterations between validations: as asked for, or as many as keep to VALIDATION_SHARE."""
    steps_worth = FORWARD_SHARE * n_validation / batch_size
    return max(validate_every, math.ceil(steps_worth / VALIDATION_SHARE))


def add_history_row(
    learner: Learner,
    store: FeatureStore,
    truth: NDArray[np.bool_],
    validation: Indices,
    batch_size: int,
    learning_rate: float,
) -> HistoryRow:
    """Append what happened since the last row, and how well the validation clips are tagged."""
    losses, norms = zip(*learner.recent, strict=True)
    learner.recent = []
    row = {"iteration": learner.iteration, "loss": float(np.mean(losses))}
    with learner.averaged():
        row |= validate(learner, store, truth, validation, batch_size)
    row |= {"learning_rate": learning_rate, "gradient_norm": mean_of_finite(norms)}
    learner.history.append(row)
    return row


def mean_of_finite(norms: Sequence[float]) -> float:
    """Of the steps that were done: one that was left out has an infinite gradient; nan if none."""
    finite = [norm for norm in norms if math.isfinite(norm)]
    return float(np.mean(finite)) if finite else math.nan


@torch.inference_mode()
def validate(
    learner: Learner,
    store: FeatureStore,
    truth: NDArray[np.bool_],
    clips: Indices,
    batch_size: int,
) -> HistoryRow:
    """Loss and tagging metrics of some clips; nan if there are none."""
    names = ("validation_f1", "validation_auc", "validation_average_precision")
    if not len(clips):
        return dict.fromkeys(("validation_loss", *names), math.nan)
    learner.model.eval()
    parts = np.array_split(clips, math.ceil(len(clips) / batch_size))
    probabilities = [
        learner.output(batch.to(learner.device).logmel).clip_probabilities.cpu()
        for batch in read_batches(store, truth, parts, pin=False)
    ]
    scores, targets = torch.cat(probabilities), truth[clips]
    loss = F.binary_cross_entropy(scores, torch.from_numpy(targets).float())
    metrics = binary.class_metrics(targets, scores.numpy(), F1_THRESHOLD)
    return {"validation_loss": loss.item()} | {
        name: float(binary.macro(metrics[name.removeprefix("validation_")])) for name in names
    }


def describe(row: HistoryRow) -> str:
    """A history row as a line of the log."""
    return ", ".join(f"{name} {value:.4g}" for name, value in row.items())


def write_history(path: Path, history: Sequence[HistoryRow]) -> None:
    """Write the history as CSV under `path`, at once and completely; nan is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(history[0])
    for row in history:
        writer.writerow("" if math.isnan(value) else f"{value:.8g}" for value in row.values())
    write_text(path, buffer.getvalue())
