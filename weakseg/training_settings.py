"""What determines a trained model, beside the clips that it is trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weakseg.history import validation_interval
from weakseg.objective import Objective
from weakseg.schedule import Schedule
from weakseg.selection import Selection


@dataclass(frozen=True)
class TrainingSettings:
    """The settings of a training, as plain values.

    network, pooling: specifications of `model.SegmentationModel`, and foreground, but for whether
    it is learnt, which the objective says; objective: of `objective.Objective`; recipe: of fresh
    mixtures (`fresh.Recipe`), or None to train on those of the feature files.
    learning_rate, schedule, decay, decay_every, warmup: as in `schedule.Schedule`.
    average: decay of the moving average of the weights, or 0.
    validate_every: iterations; more where validation would take over a tenth of the time.
    keep, patience: as in `selection.Selection`.
    precision, threads, compiled: as in `learner.start_learner`.
    ValueError if the objective has a teacher who would hear or be nothing, or a foreground that
    nothing says, or that nothing is cut to.
    """

    network: Mapping[str, Any]
    pooling: Mapping[str, Any]
    iterations: int
    batch_size: int
    learning_rate: float
    seed: int
    validation_clips: int
    validate_every: int
    threads: int
    schedule: str = "steps"
    decay: float = 1.0
    decay_every: int = 1
    warmup: int = 0
    average: float = 0.0
    keep: str = "last"
    patience: int = 0
    foreground: Mapping[str, Any] | None = None
    objective: Mapping[str, Any] | None = None
    recipe: Mapping[str, Any] | None = None
    precision: str = "auto"
    compiled: bool = False

    def __post_init__(self) -> None:
        if self.losses.consistency and not (self.recipe and self.average):
            raise ValueError(
                "objective.consistency needs a recipe of fresh mixtures, and average above 0"
            )
        said = self.recipe and self.foreground and self.losses.softer_db
        if self.losses.foreground and not said:
            raise ValueError(
                "objective.foreground needs a recipe of fresh mixtures, softer_db above 0, "
                "and a foreground"
            )

    @property
    def rates(self) -> Schedule:
        """The learning rate of each iteration."""
        return Schedule(
            self.schedule,
            self.learning_rate,
            self.iterations,
            self.decay,
            self.decay_every,
            self.warmup,
        )

    @property
    def selection(self) -> Selection:
        """Which weights are the result; ValueError if `keep` is no word for it."""
        return Selection(self.keep, self.patience)

    @property
    def cut_to(self) -> dict[str, Any] | None:
        """The foreground of the model."""
        if not self.foreground:
            return None
        return {**self.foreground, "learnt": bool(self.losses.foreground)}

    @property
    def losses(self) -> Objective:
        """What is minimised."""
        return Objective(**(self.objective or {}), iterations=self.iterations)

    @property
    def interval(self) -> int:
        """Iterations between validations."""
        return validation_interval(self.validate_every, self.validation_clips, self.batch_size)
