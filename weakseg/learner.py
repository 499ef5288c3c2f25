"""A model that is being trained, and one step of its training.

Conventions
-----------
- Loss: see `objective`.  Optimiser: Adam (Kingma and Ba 2015) with its defaults.
- Weights, optimiser, pooling and loss are in float32, whatever the network computes in.
- In fp16 the loss is scaled up, so that small gradients do not vanish.  A step whose gradient is
  too large for that is left out, and the scale halved.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from weakseg.averaging import WeightAverage
from weakseg.batches import Batch
from weakseg.compiling import cells_of, compiler_errors_told
from weakseg.hardware import choose_device, choose_precision, mixed_precision, prepare
from weakseg.model import Cells, ModelOutput, SegmentationModel
from weakseg.objective import Objective
from weakseg.progress import say


class TrainingError(ValueError):
    """A training that cannot go on; the message is one line."""


@dataclass
class Learner:
    """All that changes from step to step.

    `iteration` steps have been done; `history` has a row a validation, and `recent` the (loss,
    gradient norm) of each step since the last row; `average` holds averaged weights, if any, and
    `chosen` those of the iteration that was chosen for the result, if one was; `teacher` is a model
    with the averaged weights, if the objective asks for one (it is not compiled).
    """

    model: SegmentationModel
    optimizer: torch.optim.Optimizer
    device: torch.device
    precision: str
    objective: Objective = field(default_factory=Objective)
    average: WeightAverage | None = None
    chosen: dict[str, Tensor] = field(default_factory=dict)
    iteration: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    recent: list[tuple[float, float]] = field(default_factory=list)
    parts: int = 1
    compiled: bool = False
    scaler: torch.amp.GradScaler = field(init=False)
    cells: Callable[[Tensor], Cells] = field(init=False)
    teacher: SegmentationModel | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        enabled = self.precision == "fp16"
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=enabled)
        self.cells = cells_of(self.model, self.compiled)
        if self.average is not None and self.objective.consistency:
            self.teacher = self.average.as_model(self.model)

    def step(self, batch: Batch, learning_rate: float) -> float:
        """One Adam step; returns the loss.

        TrainingError, and no change of any weight, if a number is not finite.
        """
        self.model.train()
        loss = self._gradient(batch.to(self.device))
        self.scaler.unscale_(self.optimizer)
        norm = gradient_norm(self.model)
        can_scale_down = self.scaler.get_scale() > 1  # 1 unless in fp16
        self._check("gradient", math.isfinite(norm) or can_scale_down, batch)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.iteration += 1
        if self.average is not None:
            self.average.update(self.model, self.iteration)
        self.recent.append((loss, norm))
        return loss

    def _gradient(self, batch: Batch) -> float:
        """Leave the gradient of the batch's loss, which is returned, in the parameters.

        A card without memory for the batch gets it in parts from then on, whose gradients add up
        to the same; only batch statistics are then those of a part.
        """
        while True:
            self.optimizer.zero_grad()
            try:
                return sum(self._part(part, len(batch.names)) for part in batch.parts(self.parts))
            except torch.OutOfMemoryError:
                if self.parts == len(batch.names):
                    raise TrainingError(
                        f"iteration {self.iteration + 1}: the card has no memory for one clip; "
                        "free it of other programs, or give the network smaller widths"
                    ) from None
                self.parts = min(2 * self.parts, len(batch.names))
                say(
                    f"iteration {self.iteration + 1}: the card has no memory for a batch, which "
                    f"comes in {self.parts} parts from now on, with batch statistics of their own"
                )
                torch.cuda.empty_cache()

    def _part(self, part: Batch, n_clips: int) -> float:
        """Add the gradient of some of a batch of `n_clips`; returns their share of the loss."""
        teacher_scores = self._teacher_scores(part)
        output = self.output(part.logmel)
        self._check("loss", math.isfinite(output.clip_probabilities.sum().item()), part)
        loss = self.objective(output, part.truth, teacher_scores, self.iteration, part.foreground)
        loss = loss * (len(part.names) / n_clips)
        with compiler_errors_told(self.compiled):  # it may leave the way back for later
            self.scaler.scale(loss).backward()
        return loss.item()

    def _check(self, what: str, finite: bool, batch: Batch) -> None:
        if not finite:
            raise TrainingError(
                f"iteration {self.iteration + 1}: the {what} is not finite on the clips "
                f"{', '.join(batch.names)}; try a lower training.learning_rate or "
                "training.precision fp32, and look for broken audio in these clips"
            )

    @torch.no_grad()
    def _teacher_scores(self, part: Batch) -> Tensor | None:
        """Its frame scores (clips, classes, frames) of softer scenes, if it has a weight by now."""
        if self.teacher is None or part.softer is None:
            return None
        if not self.objective.consistency_weight(self.iteration):
            return None
        with mixed_precision(self.device, self.precision):
            scores = self.teacher.cells(part.softer).frame_scores
        self._check("teacher's score", math.isfinite(scores.sum().item()), part)
        return scores

    def output(self, logmel: Tensor) -> ModelOutput:
        """What the model says of log-mel (clips, frames, mels)."""
        with compiler_errors_told(self.compiled), mixed_precision(self.device, self.precision):
            return self.model.pool(self.cells(logmel))

    def averaged(self) -> AbstractContextManager[None]:
        """A context in which the model has its averaged weights, if there are any."""
        return self.average.inside(self.model) if self.average is not None else nullcontext()

    def standardise_with(self, mean: Tensor, deviation: Tensor) -> None:
        """Let the model standardise each mel band with these, both (mels,)."""
        self.model.standardise_with(mean, deviation)
        if self.average is not None:
            self.average.load(self.model.state_dict())

    def choose(self) -> None:
        """Let the weights of now, averaged if they are, be the result."""
        self.chosen = {name: value.detach().clone() for name, value in self._weights().items()}

    def result(self) -> SegmentationModel:
        """The trained model, on the CPU, ready for use."""
        self.model.load_state_dict(self.chosen or self._weights())
        return self.model.cpu().eval()

    def _weights(self) -> dict[str, Tensor]:
        return self.model.state_dict() if self.average is None else self.average.weights

    def snapshot(self) -> dict[str, Any]:
        """All that the training goes on from, as tensors and plain values."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.weights if self.average is not None else {},
            "chosen": self.chosen,
            "iteration": self.iteration,
            "history": self.history,
            "recent": self.recent,
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a snapshot; ValueError if it is of another model."""
        try:
            self.model.load_state_dict(snapshot["model"])
        except RuntimeError:
            raise ValueError("the saved state is of another network; delete it") from None
        self.optimizer.load_state_dict(snapshot["optimizer"])
        if self.average is not None:
            self.average.load(snapshot["average"])
        self.chosen = snapshot["chosen"]
        self.iteration = snapshot["iteration"]
        self.history = snapshot["history"]
        self.recent = snapshot["recent"]
        self.scaler.load_state_dict(snapshot["scaler"])


def start_learner(
    model: SegmentationModel,
    device: str,
    precision: str,
    threads: int,
    objective: Objective | None = None,
    average: float = 0.0,
    compiled: bool = False,
) -> Learner:
    """A learner before its first step: the model on its device, and Adam.

    average: decay of the moving average of the weights; 0 for none; compiled: as in
    `compiling`, on a card (on a CPU torch 2.13 makes faulty code of the encoder-decoder in bf16).
    ValueError for a device, a precision or a number of threads that there is not.
    """
    place = choose_device(device)
    arithmetic = choose_precision(precision, place)
    prepare(model, place, threads)
    adam = torch.optim.Adam(model.parameters(), fused=True)
    averaged = WeightAverage(model, average) if average else None
    return Learner(
        model,
        adam,
        place,
        arithmetic,
        objective or Objective(),
        averaged,
        compiled=compiled and place.type == "cuda",
    )


def gradient_norm(model: torch.nn.Module) -> float:
    """Euclidean norm of the gradient over all parameters."""
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients))
