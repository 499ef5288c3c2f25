"""What drawing fresh mixtures costs a training step, against reading stored ones.

    python -m benchmarks.fresh_mixtures [--rounds 12] [--threads 2]

Trains the default network on synthetic recordings of 10 s mixtures in batches of 16, a few steps of
each kind in turn, and prints the median step of each and the median ratio of neighbouring medians.
What is drawn ahead for one kind is drawn in the first steps of the next, which do not count.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Generator
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median

import numpy as np

from weakseg.allocator import keep_freed_memory
from weakseg.batches import Batch, batch_of_iteration, read_batches
from weakseg.fresh import FreshMixtures, Recipe
from weakseg.fresh_batches import draw_batches
from weakseg.learner import Learner, start_learner
from weakseg.material import Entry, Material, write_material
from weakseg.model import SegmentationModel
from weakseg.objective import Objective
from weakseg.spectral import Spectral
from weakseg.store import ClipFeatures, FeatureStore, write_features

CLASSES = [f"class{number}" for number in range(6)]
SPECTRAL = Spectral(32_000, 2048, 1024, 64, 50.0, 16_000.0)
RECIPE = Recipe(10.0, 2.0, 0.0, (0, 4), (-6.0, 10.0), 0.1, 0.7)  # the default one
FILTERED = replace(RECIPE, speed=0.3, filter_db=12.0)  # as in experiments/esc10-best.yaml
N_CLIPS, BATCH = 64, 16
STEPS, NOT_COUNTED = 7, 2  # in a row


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


def batches_of(store: FeatureStore, material: Path, threads: int) -> dict[str, Generator[Batch]]:
    """Endless batches of each kind."""
    clips, truth = np.arange(N_CLIPS), store.clip_truth()
    plan = (batch_of_iteration(clips, BATCH, 1, number) for number in count())
    drawn = {
        kind: FreshMixtures(Material([material]), SPECTRAL, recipe, seed=2)
        for kind, recipe in (("fresh", RECIPE), ("fresh, filtered", FILTERED))
    }
    return {"stored": read_batches(store, truth, plan, pin=False)} | {
        kind: draw_batches(mixtures, BATCH, count(), pin=False, busy=threads)
        for kind, mixtures in drawn.items()
    }


def seconds_of(learner: Learner, batches: Generator[Batch]) -> float:
    """The median of some steps, the wait for their batches included."""
    steps = [_seconds_of_step(learner, batches) for _ in range(STEPS)]
    return median(steps[NOT_COUNTED:])


def _seconds_of_step(learner: Learner, batches: Generator[Batch]) -> float:
    start = time.perf_counter()
    learner.step(next(batches), 1e-3)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("rounds", 12), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        features, material = make_data(Path(folder))
        learner = new_learner(given.threads)
        with FeatureStore([features]) as store:
            kinds = batches_of(store, material, given.threads)
            rows = [
                {kind: seconds_of(learner, batches) for kind, batches in kinds.items()}
                for _ in range(1 + given.rounds)
            ][1:]
            for batches in kinds.values():  # whose threads read what goes
                batches.close()
    for kind in kinds:
        took = 1000 * median(row[kind] for row in rows)
        ratio = median(row[kind] / row["stored"] for row in rows)
        print(f"{kind} mixtures: {took:.0f} ms a step, {ratio:.3f} of stored ones")


if __name__ == "__main__":
    main()
