"""Training on fresh mixtures: the same bytes when it was stopped, and only of what it was given."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from weakseg import fresh_batches
from weakseg.fresh import FreshMixtures, Recipe
from weakseg.learner import Learner
from weakseg.material import Entry, Material, write_material
from weakseg.model import save_model
from weakseg.spectral import Spectral
from weakseg.store import ClipFeatures, write_features
from weakseg.training import train
from weakseg.training_settings import TrainingSettings

SPECTRAL = Spectral(8000, 256, 128, 16, 50.0, 4000.0)
CLASSES = ["high", "low"]
RECIPE = {
    "seconds": 1.0,
    "event_seconds": 0.3,
    "snr_db": 10.0,
    "events": [0, 2],
    "level_db": [-3.0, 3.0],
    "speed": 0.1,
    "crop": 0.5,
}
SETTINGS = {
    "network": {"type": "encoder_decoder", "widths": [4, 6], "context": 4, "dilations": [1]},
    "pooling": {"type": "linear_softmax"},
    "foreground": {"above": 1.5, "steepness": 3.0, "cells": 2.0},
    "objective": {"absent": 1.0},
    "recipe": RECIPE,
    "iterations": 8,
    "batch_size": 3,
    "learning_rate": 1e-2,
    "schedule": "cosine",
    "warmup": 2,
    "average": 0.9,
    "seed": 3,
    "validation_clips": 2,
    "validate_every": 4,
    "precision": "fp32",
    "threads": 1,
}


def recording(role: str, name: str) -> np.ndarray:
    if role == "scene":
        return np.random.default_rng(1).normal(0, 0.1, 12_000)
    return np.sin(np.arange(6000) * {"high": 2.0, "low": 0.4}[name])


def material_at(path: Path, rate: int = 8000) -> Path:
    entries = [Entry("scene", "hiss", "park"), *(Entry("event", name, name) for name in CLASSES)]
    write_material(path, entries, recording, CLASSES, rate)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> dict[str, list[Path]]:
    """Feature and material files of the training folds."""
    folder = tmp_path_factory.mktemp("data")
    material = material_at(folder / "material.h5")
    mixtures = FreshMixtures(Material([material]), SPECTRAL, Recipe.of(RECIPE), seed=99)
    drawn = [mixtures.clip(0, number) for number in range(8)]
    n_frames = len(drawn[0].logmel)
    clips = [
        ClipFeatures(
            f"{number}.wav",
            clip.logmel,
            np.zeros((n_frames, 2), bool),
            {int(k): np.zeros((n_frames, 16), bool) for k in np.flatnonzero(clip.labels)},
        )
        for number, clip in enumerate(drawn)
    ]
    features, names = folder / "fold1.h5", [clip.name for clip in clips]
    write_features(features, names, CLASSES, SPECTRAL.settings(), clips)
    return {"feature_paths": [features], "material_paths": [material]}


def run(data, state_dir, say=lambda line: None, **changes):
    settings = TrainingSettings(**SETTINGS | changes)
    how = {"state_dir": state_dir, "save_every_seconds": 1000, "device": "cpu", "say": say}
    return train(**data, settings=settings, **how)


def model_bytes(result, path: Path) -> bytes:
    save_model(result[0], path)
    return path.read_bytes()


OBJECTIVES = [{"absent": 1.0}, {"absent": 1.0, "consistency": 2.0, "softer_db": 15.0}]


@pytest.mark.parametrize("objective", [*OBJECTIVES, {"foreground": 1.0}])
def test_a_stopped_training_goes_on_to_the_same_bytes(data, tmp_path, monkeypatch, objective):
    whole = run(data, tmp_path / "whole", objective=objective)
    step = Learner.step

    def stopping_step(learner, batch, rate):
        loss = step(learner, batch, rate)
        if learner.iteration == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return loss

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(Learner, "step", stopping_step)
        run(data, tmp_path / "state", objective=objective)
    lines: list[str] = []
    resumed = run(data, tmp_path / "state", lines.append, objective=objective)
    assert "resuming at iteration 5" in lines
    assert resumed[1] == whole[1]
    expected = model_bytes(whole, tmp_path / "a.pt")
    assert model_bytes(resumed, tmp_path / "b.pt") == expected


def test_whoever_draws_the_clips_the_model_is_the_same(data, tmp_path, monkeypatch):
    models = []
    for cores in (1, 2):  # none to spare beside the training, and one
        monkeypatch.setattr(fresh_batches, "usable_cores", lambda cores=cores: cores)
        result = run(data, tmp_path / str(cores), threads=1)
        models.append(model_bytes(result, tmp_path / f"{cores}.pt"))
    assert models[0] == models[1]


def test_a_map_of_the_foreground_learns_what_is_not_the_scene(data, tmp_path):
    """Its loss, the only one that knows it, falls; without a weight there is no such map."""
    losses = []
    for iterations in (1, 8):
        changes = {"objective": {"foreground": 50.0}, "iterations": iterations, "average": 0.0}
        model, _ = run(data, tmp_path / str(iterations), **changes)
        recipe = Recipe.of(RECIPE)
        mixtures = FreshMixtures(Material(data["material_paths"]), SPECTRAL, recipe, 7, 20.0)
        clips = [mixtures.clip(0, number) for number in range(8)]
        logmel, share = (
            torch.from_numpy(np.stack([getattr(clip, name) for clip in clips]))
            for name in ("logmel", "foreground")
        )
        with torch.no_grad():
            said = model.eval().cells(logmel).foreground_logits
        losses.append(F.binary_cross_entropy_with_logits(said, share).item())
    assert losses[1] < 0.9 * losses[0]


@pytest.mark.parametrize(
    "missing",
    [
        {"recipe": None},
        {"foreground": None},
        {"objective": {"foreground": 1.0, "softer_db": 0.0}},
    ],
)
def test_a_foreground_that_nothing_says_or_is_cut_to_is_refused(missing):
    wanted = {"objective": {"foreground": 1.0}}
    TrainingSettings(**SETTINGS | wanted)
    with pytest.raises(ValueError, match="foreground needs a recipe of fresh mixtures, softer_db"):
        TrainingSettings(**SETTINGS | wanted | missing)


@pytest.mark.parametrize("missing", [{"average": 0.0}, {"recipe": None}])
def test_a_teacher_without_fresh_mixtures_or_averaged_weights_is_refused(missing):
    with pytest.raises(ValueError, match="consistency needs a recipe of fresh mixtures, and aver"):
        TrainingSettings(**SETTINGS | {"objective": OBJECTIVES[1]} | missing)


def test_a_teacher_teaches_once_its_weight_has_risen(data, tmp_path, monkeypatch):
    """From the third of eight iterations on."""
    step, losses = Learner.step, []

    def keeping_step(*given):
        losses.append(step(*given))
        return losses[-1]

    monkeypatch.setattr(Learner, "step", keeping_step)
    for number, objective in enumerate(OBJECTIVES):
        run(data, tmp_path / str(number), objective=objective)
    same = [one == other for one, other in zip(losses[:8], losses[8:], strict=True)]
    assert same == [True, True] + [False] * 6


def test_the_average_is_the_result(data, tmp_path):
    averaged, plain = (run(data, tmp_path / str(share), average=share)[0] for share in (0.9, 0.0))
    weights = zip(averaged.parameters(), plain.parameters(), strict=True)
    assert any(not one.equal(other) for one, other in weights)


def test_recordings_of_another_rate_are_refused(data, tmp_path):
    other = material_at(tmp_path / "other.h5", rate=4000)
    with pytest.raises(ValueError, match=r"other\.h5: classes or sample rate differ from .*fold1"):
        run(data | {"material_paths": [other]}, tmp_path / "s")
