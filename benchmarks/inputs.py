"""What the subjects share: the experiment's settings, its recordings, mixtures, features and model.

Each thing is made by the step's own function, once, and found again by the next subject.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from benchmarks import recordings
from benchmarks.processes import CORES, ROOT, SCRIPTS, Measured, measured, together
from weakseg.files import replacing
from weakseg.plan import PlannedMixture, read_plan
from workflow.configuration import complete, over_config_yaml

SNR_DB = 0.0
SHARD = 100  # of a part, two of which are made
VALIDATION_CLIPS = 24


@dataclass(frozen=True)
class Inputs:
    """Places below `folder`, and how much is run: all of it (`full`), or a part."""

    folder: Path
    full: bool = False
    steps: int = 300  # of the training that makes the model

    @cached_property
    def config(self) -> dict[str, Any]:
        """The completed configuration of experiments/dcase2018.yaml."""
        text = (ROOT / "experiments" / "dcase2018.yaml").read_text(encoding="utf-8")
        experiment = yaml.safe_load(text) | {"data": {"source": "demo"}}  # no archives to look for
        return complete(over_config_yaml(experiment))

    @property
    def shard(self) -> int:
        """Mixtures of a shard."""
        return int(self.config["mixtures"]["shard"]) if self.full else SHARD

    @property
    def work(self) -> Path:
        return self.folder / ("full" if self.full else "part")

    @property
    def n_mixtures(self) -> int:
        """Of the experiment, at one SNR."""
        return int(self.config["mixtures"]["per_fold"] * self.config["mixtures"]["folds"])

    @property
    def shards(self) -> list[tuple[int, int]]:
        """(fold, part) of what is rendered, fold 1 first."""
        mixtures = self.config["mixtures"]
        parts = range(1, mixtures["per_fold"] // self.shard + 1)
        everything = [(fold, part) for fold in range(1, mixtures["folds"] + 1) for part in parts]
        return everything if self.full else everything[:2]

    @property
    def n_rendered(self) -> int:
        return len(self.shards) * self.shard

    @property
    def share(self) -> str:
        """What part of the experiment's mixtures is rendered, in words for a unit."""
        return f"{self.n_rendered} of {self.n_mixtures} mixtures"

    @property
    def fold_shards(self) -> list[tuple[int, int]]:
        """Those of fold 1, which is predicted and evaluated."""
        return [shard for shard in self.shards if shard[0] == 1]

    @property
    def n_fold(self) -> int:
        """Different mixtures in the fold that is evaluated."""
        return len(self.fold_shards) * self.shard

    @property
    def batch_size(self) -> int:
        """Of the training that makes the model."""
        return int(self.config["training"]["batch_size"]) if self.full else 8

    def path(self, name: str) -> Path:
        return self.work / name

    def manifest(self, shard: tuple[int, int]) -> Path:
        return self.work / "mixtures" / f"fold{shard[0]}-part{shard[1]}" / "manifest.csv"

    def features(self, shard: tuple[int, int]) -> Path:
        return self.work / "features" / f"fold{shard[0]}-part{shard[1]}.h5"

    @property
    def archives(self) -> dict[str, list[str]]:
        """The archives of both roles."""
        return {
            role: [str(path) for path in sorted((self.work / role).glob("*.zip"))]
            for role in ("scenes", "events")
        }

    @property
    def spectral(self) -> dict[str, Any]:
        """Settings of the time-frequency representation, as the rules hand them over."""
        features = self.config["features"]
        return {
            "sample_rate": self.config["mixtures"]["sample_rate"],
            **{name: features[name] for name in ("window", "hop", "mels")},
            "fmin": features["fmin_hz"],
            "fmax": features["fmax_hz"],
        }


def use_scripts() -> None:
    """Let the workflow's scripts be imported here, as they are in a measured process."""
    if str(SCRIPTS) not in sys.path:
        sys.path.append(str(SCRIPTS))


def make_indices(inputs: Inputs) -> None:
    """Indices of all recordings, and their folds."""
    inputs.work.mkdir(parents=True, exist_ok=True)
    if inputs.path("folds.csv").exists():
        return
    use_scripts()
    from assign_folds import assign_folds  # type: ignore[import-not-found]

    indices = {"scenes": recordings.scene_index(), "events": recordings.event_index()}
    for role, index in indices.items():
        index.to_csv(inputs.path(f"{role}.csv"), index=False)
    mixtures = inputs.config["mixtures"]
    assign_folds(
        str(inputs.path("scenes.csv")),
        str(inputs.path("events.csv")),
        str(inputs.path("folds.csv")),
        n_folds=mixtures["folds"],
        published=mixtures["preset"] == "published",
        group=mixtures["group_folds"],
        seed=mixtures["seed"],
    )


def plan_of(inputs: Inputs) -> list[PlannedMixture]:
    """The plan of all mixtures."""
    if not inputs.path("mixtures.yaml").exists():
        make_plan(inputs)
    return read_plan(inputs.path("mixtures.yaml"))


def make_plan(inputs: Inputs) -> Measured:
    """Plan all mixtures of the experiment, in a process of its own."""
    make_indices(inputs)
    mixtures = inputs.config["mixtures"]
    names = ["per_fold", "onsets", "overlap", "reshuffle", "event_seconds", "level_over"]
    return measured(
        "plan_mixtures:plan",
        **{role: str(inputs.path(f"{role}.csv")) for role in ("scenes", "events", "folds")},
        output=str(inputs.path("mixtures.yaml")),
        published=mixtures["preset"] == "published",
        n_events=mixtures["events"],
        **{name: mixtures[name] for name in (*names, "seconds", "seed")},
    )


def chosen_mixtures(inputs: Inputs) -> list[PlannedMixture]:
    """The mixtures that are rendered."""
    per_fold: dict[int, list[PlannedMixture]] = {}
    for mixture in plan_of(inputs):
        per_fold.setdefault(mixture["fold"], []).append(mixture)
    size = inputs.shard
    return [m for f, part in inputs.shards for m in per_fold[f][(part - 1) * size : part * size]]


def scene_names(mixtures: Sequence[PlannedMixture]) -> list[str]:
    return [mixture["scene_audio_name"] for mixture in mixtures]


def make_archives(inputs: Inputs) -> None:
    """Archives with the recordings of the mixtures that are rendered, and all events of fold 1."""
    made = inputs.path("archives-of-fold.done")
    if made.exists():
        return
    scenes = scene_names(chosen_mixtures(inputs))
    print(f"making the recordings of {len(scenes)} mixtures", flush=True)
    heard = [m for m in plan_of(inputs) if inputs.full or m["fold"] == 1]
    events = [event["event_audio_name"] for mixture in heard for event in mixture["events"]]
    for role, index, wanted, make in (
        ("scenes", recordings.scene_index(), scenes, recordings.make_scene),
        ("events", recordings.event_index(), events, recordings.make_event),
    ):
        recordings.write_archives(inputs.path(role), index, wanted, make)
    made.touch()


def render_call(inputs: Inputs, shard: tuple[int, int]) -> dict[str, Any]:
    """The arguments of the step `render_mixtures` for a shard."""
    names = ("sample_rate", "seconds", "event_seconds", "level_over")
    return {
        "shard": inputs.shard,
        **{name: str(inputs.path(f"{name}.csv")) for name in ("scenes", "events")},
        "plan": str(inputs.path("mixtures.yaml")),
        "archives": inputs.archives,
        "scenes_directory": None,
        "events_directory": None,
        "manifest": str(inputs.manifest(shard)),
        "fold": shard[0],
        "part": shard[1],
        "snr_db": SNR_DB,
        **{name: inputs.config["mixtures"][name] for name in names},
    }


def features_call(inputs: Inputs, shard: tuple[int, int]) -> dict[str, Any]:
    """The arguments of the step `extract_features` for a shard."""
    inputs.features(shard).parent.mkdir(parents=True, exist_ok=True)
    return {
        "plan": str(inputs.path("mixtures.yaml")),
        "events": str(inputs.path("events.csv")),
        "manifest": str(inputs.manifest(shard)),
        "output": str(inputs.features(shard)),
        "spectral": inputs.spectral,
        "threshold_db": inputs.config["features"]["mask_threshold_db"],
        "mask_truth": inputs.config["features"]["mask_truth"],
    }


def pairs(shards: Sequence[tuple[int, int]]) -> list[Sequence[tuple[int, int]]]:
    """The shards as two cores take them."""
    return [shards[i : i + CORES] for i in range(0, len(shards), CORES)]


def make_mixtures(inputs: Inputs) -> None:
    """Mixtures of all shards."""
    make_archives(inputs)
    missing = [shard for shard in inputs.shards if not inputs.manifest(shard).exists()]
    for pair in pairs(missing):
        together("render_mixtures:render_mixtures", [render_call(inputs, s) for s in pair])


def make_features(inputs: Inputs) -> None:
    """Features of all shards."""
    make_mixtures(inputs)
    missing = [shard for shard in inputs.shards if not inputs.features(shard).exists()]
    for pair in pairs(missing):
        together("extract_features:extract_features", [features_call(inputs, s) for s in pair])


def fold_features(inputs: Inputs) -> list[str]:
    """The feature files of the fold that is evaluated."""
    return [str(inputs.features(shard)) for shard in inputs.fold_shards]


def published_model(inputs: Inputs) -> dict[str, Any]:
    """Network and pooling of the published model with GWRP."""
    model = inputs.config["models"]["gwrp"]
    return {name: model[name] for name in ("network", "pooling")}


def forget_model(inputs: Inputs) -> None:
    """Remove the model and what was made with it."""
    for name in ("training.yaml", "model.pt", "predictions.h5"):
        inputs.path(name).unlink(missing_ok=True)
    shutil.rmtree(inputs.path("fold"), ignore_errors=True)


def make_model(inputs: Inputs) -> dict[str, Any]:
    """Train the published network with GWRP; returns what was measured of the training.

    It is kept beside the model, so that a later subject need not train again.
    """
    notes = inputs.path("training.yaml")
    if not inputs.path("model.pt").exists() or not notes.exists():
        make_features(inputs)
        print(f"training {inputs.steps} steps of {inputs.batch_size} clips", flush=True)
        trained = measured("benchmarks.training_run:train_model", CORES, inputs=inputs)
        with replacing(notes) as temporary:
            temporary.write_text(yaml.safe_dump(trained.result))
    loaded: dict[str, Any] = yaml.safe_load(notes.read_text())
    return loaded


def segment_call(inputs: Inputs, features: Sequence[str], predictions: Path) -> dict[str, Any]:
    """The arguments of the step `segment`."""
    training = inputs.config["training"]
    return {
        "model": str(inputs.path("model.pt")),
        "features": list(features),
        "predictions": str(predictions),
        "device": "cpu",
        "shifts": 1,
        "smooth_frames": 1,
        "nearby_frames": 1,
        "precision": training["precision"],
        "threads": training["threads"],
    }


def make_predictions(inputs: Inputs) -> Path:
    """Predictions of the model on the fold that is evaluated."""
    predictions = inputs.path("predictions.h5")
    make_model(inputs)
    if not predictions.exists():
        print(f"predicting {inputs.n_fold} clips", flush=True)
        measured(
            "segment:segment",
            CORES,
            **segment_call(inputs, fold_features(inputs), predictions),
        )
    return predictions
