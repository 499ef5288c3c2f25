"""What drawing fresh mixtures costs a training step, against reading stored ones.

    python -m benchmarks.fresh_mixtures [--steps 20] [--rounds 5] [--threads 2]

Trains the default network on synthetic recordings of 10 s mixtures in batches of 16, in blocks of
steps that alternate between both kinds, and prints the median step of each and their ratio.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from weakseg.allocator import keep_freed_memory
from weakseg.batches import Batch, batch_of_iteration, draw_batches, read_batches
from weakseg.fresh import FreshMixtures, Recipe
from weakseg.learner import Learner, start_learner
from weakseg.material import Entry, Material, write_material
from weakseg.model import SegmentationModel
from weakseg.objective import Objective
from weakseg.spectral import Spectral
from weakseg.store import ClipFeatures, FeatureStore, write_features

CLASSES = [f"class{number}" for number in range(6)]
SPECTRAL = Spectral(32_000, 2048, 1024, 64, 50.0, 16_000.0)
RECIPE = Recipe(10.0, 2.0, 0.0, (0, 4), (-6.0, 10.0), 0.3, 0.7, 12.0)
N_CLIPS, BATCH = 64, 16


def recording(role: str, name: str) -> np.ndarray:
    """Noise of 10 s for a scene, of 5 s for an event."""
    seed = sum(name.encode())
    return np.random.default_rng(seed).normal(0, 0.1, 320_000 if role == "scene" else 160_000)


def make_data(folder: Path) -> tuple[Path, Path]:
    """A feature file of N_CLIPS clips and the recordings that they are mixed from."""
    material, features = folder / "material.h5", folder / "features.h5"
    entries = [Entry("scene", f"scene{number}", "") for number in range(8)]
    entries += [Entry("event", f"{label}-{n}", label) for label in CLASSES for n in range(4)]
    write_material(material, entries, recording, CLASSES, SPECTRAL.sample_rate)
    mixtures = FreshMixtures(Material([material]), SPECTRAL, RECIPE, seed=1)
    drawn = [mixtures.clip(0, number) for number in range(N_CLIPS)]
    shape = drawn[0].logmel.shape
    clips = [
        ClipFeatures(
            str(number),
            clip.logmel,
            np.zeros((shape[0], len(CLASSES)), bool),
            {int(label): np.zeros(shape, bool) for label in np.flatnonzero(clip.labels)},
        )
        for number, clip in enumerate(drawn)
    ]
    names = [clip.name for clip in clips]
    write_features(features, names, CLASSES, SPECTRAL.settings(), clips)
    return features, material


def new_learner(threads: int) -> Learner:
    """The default model before its first step."""
    network = {"type": "encoder_decoder"}
    foreground = {"above": 1.5, "steepness": 3.0, "cells": 2.0}
    pooling = {"type": "linear_softmax"}
    model = SegmentationModel(network, pooling, CLASSES, SPECTRAL.settings(), 64, foreground)
    return start_learner(model, "cpu", "auto", threads, Objective(absent=1.0), average=0.999)


def timed(learner: Learner, batches: Iterator[Batch]) -> list[float]:
    """Seconds of each step, the wait for its batch included, the first left out."""
    seconds, last = [], time.perf_counter()
    for batch in batches:
        learner.step(batch, 1e-3)
        now = time.perf_counter()
        seconds.append(now - last)
        last = now
    return seconds[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("steps", 20), ("rounds", 5), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    keep_freed_memory()
    stored: list[float] = []
    fresh: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        features, material = make_data(Path(folder))
        mixtures = FreshMixtures(Material([material]), SPECTRAL, RECIPE, seed=2)
        learner, clips = new_learner(given.threads), np.arange(N_CLIPS)
        with FeatureStore([features]) as store:
            truth = store.clip_truth()
            for number in range(given.rounds):
                plan = (batch_of_iteration(clips, BATCH, number, i) for i in range(given.steps))
                stored += timed(learner, read_batches(store, truth, plan, pin=False))
                steps = range(number * given.steps, (number + 1) * given.steps)
                drawn = draw_batches(mixtures, BATCH, steps, pin=False, busy=given.threads)
                fresh += timed(learner, drawn)
    print(f"stored mixtures: {1000 * median(stored):.0f} ms a step")
    print(f"fresh mixtures: {1000 * median(fresh):.0f} ms a step")
    print(f"ratio: {median(fresh) / median(stored):.3f}")


if __name__ == "__main__":
    main()
