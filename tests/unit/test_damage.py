"""Flipped bits in whatever one step leaves to the next: the same is read, or the file is named.

Never are other numbers read.  `make soak` flips many more.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from weakseg.detection import Detector, read_events
from weakseg.draws import read_draws, write_draws
from weakseg.durations import DurationDetector
from weakseg.folds import FOLD_COLUMNS, read_folds
from weakseg.history import write_history
from weakseg.material import Entry, Material, part_of, write_material
from weakseg.mixing import write_shard
from weakseg.model import SegmentationModel, load_model, save_model
from weakseg.plan import read_plan, write_plan
from weakseg.recordings import COLUMNS, read_index
from weakseg.rendered import read_manifest, rendered_mixtures
from weakseg.sealed import checksum_file, read_table, write_table
from weakseg.state import TrainingState
from weakseg.store import (
    ClipFeatures,
    ClipPrediction,
    FeatureStore,
    PredictionStore,
    write_features,
    write_predictions,
)
from weakseg.tables import read_metrics
from weakseg.thresholds import ClassThresholds, read_thresholds, write_thresholds

TRIALS, SOAK_TRIALS = 60, 5000
CLASSES = ["Bark", "bell / ring"]
SETTINGS = {"sample_rate": 8000, "window": 64, "hop": 32, "mels": 4, "fmin": 50.0, "fmax": 4000.0}
MIXTURES = [
    {
        "mixture_name": f"0000{number}.wav",
        "fold": 1,
        "scene_audio_name": "park.wav",
        "events": [
            {"event_audio_name": "a.wav", "event_label": "Bark", "onset": 0.5, "offset": 1.25}
        ],
    }
    for number in range(3)
]
Kind = tuple[Callable[[Path], None], Callable[[Path], Any]]
"""How a file is written, and all that is read from it."""


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).random(shape).astype(np.float32)


def write_some_features(path: Path) -> None:
    masks = {1: noise(21, 4) > 0.5}
    clips = [ClipFeatures(f"{i}.wav", noise(21, 4) + i, noise(21, 2) > 0.5, masks) for i in (0, 1)]
    write_features(path, ["0.wav", "1.wav"], CLASSES, SETTINGS, clips)


def read_features(path: Path) -> Any:
    with FeatureStore([path]) as store:
        clips = [(store.logmel([i]), store.frame_truth(i), store.mask_truth(i)) for i in (0, 1)]
        return store.names, store.classes, store.settings, store.clip_truth(), clips


def write_some_predictions(path: Path) -> None:
    codes = np.uint8(255 * noise(2, 21, 4))
    clips = [
        ClipPrediction(f"{i}.wav", noise(2) / (i + 1), noise(21, 2), codes, codes[i])
        for i in (0, 1)
    ]
    write_predictions(path, ["0.wav", "1.wav"], CLASSES, SETTINGS, clips)


def read_predictions(path: Path) -> Any:
    with PredictionStore(path) as store:
        clips = [
            (store.frame_scores(i), store.mask_codes(i), store.learnt_foreground(i)) for i in (0, 1)
        ]
        return store.names, store.classes, store.settings, store.clip_probabilities(), clips


def write_some_material(path: Path) -> None:
    entries = [Entry("scene", "park.wav", "park"), Entry("event", "a.wav", "Bark")]
    write_material(path, entries, lambda *_: noise(300) - 0.5, CLASSES, 8000)


def read_material(path: Path) -> Any:
    material = Material([path])
    places = [*material.scenes, *(place for events in material.events for place in events)]
    waveforms = [(entry, part_of((samples, entry), 0, 1000)) for samples, entry in places]
    return material.classes, material.sample_rate, waveforms


def write_some_shard(manifest: Path) -> None:
    stems = np.int16(8000 * noise(400, 2))
    write_table(manifest, write_shard(manifest.parent, MIXTURES, lambda _: stems, 8000))


def read_shard(flac_or_manifest: Path) -> Any:
    return list(rendered_mixtures([flac_or_manifest.with_name("manifest.csv")]))


def write_some_model(path: Path) -> None:
    torch.manual_seed(3)
    network, pooling = {"type": "published", "widths": [2]}, {"type": "gwrp", "decay": 0.99}
    save_model(SegmentationModel(network, pooling, CLASSES, SETTINGS, 4, clip_frames=21), path)


def read_model(path: Path) -> Any:
    model = load_model(path)
    return model.description, {name: one.numpy() for name, one in model.state_dict().items()}


def write_some_state(path: Path) -> None:
    with TrainingState(path.parent) as state:
        state.save({"iteration": 1, "weights": torch.zeros(3)})
        state.save({"iteration": 2, "weights": torch.ones(3)})


def read_state(path: Path) -> Any:
    """What was saved; the state before is as good an answer to damage as a message."""
    with TrainingState(path.parent) as state:
        content = state.load()
    assert content is not None and content["weights"].tolist() == [content["iteration"] - 1.0] * 3


def write_some_thresholds(path: Path) -> None:
    limits = Detector(0.125, 0.5, 0.25, 10, 7)
    by_duration = DurationDetector(0.125, 0.5, 0.25, 2.0, {9: 1.5, 62: 40.0})
    one = ClassThresholds(0.25, 3, limits, by_duration, 0.375)
    write_thresholds(path, "a test", CLASSES, [one, one])


def some_table(columns: list[str]) -> pd.DataFrame:
    """Two rows of numbers that read the same as text."""
    return pd.DataFrame([[7 * i + j for j in range(len(columns))] for i in (1, 2)], columns=columns)


def table(columns: list[str], read: Callable[[Path], Any], **options: Any) -> Kind:
    return lambda path: write_table(path, some_table(columns), **options), read


METRICS = ["snr_db", "model", "holdout_fold", "task", "metric", "class", "value"]
HISTORY = [{"iteration": 3.0, "loss": 0.25}, {"iteration": 6.0, "loss": 0.125}]
DRAWS = {("0", "gmp", "1", "tagging", "f1"): noise(50)}
KINDS: dict[str, Kind] = {
    "features.h5": (write_some_features, read_features),
    "predictions.h5": (write_some_predictions, read_predictions),
    "material.h5": (write_some_material, read_material),
    "00001.flac": (
        lambda path: write_some_shard(path.with_name("manifest.csv")),
        read_shard,
    ),
    "manifest.csv": (write_some_shard, lambda path: (read_manifest(path), read_shard(path))),
    "model.pt": (write_some_model, read_model),
    "newest.state": (write_some_state, read_state),
    "mixtures.yaml": (lambda path: write_plan(path, MIXTURES), read_plan),
    "thresholds.yaml": (write_some_thresholds, lambda path: read_thresholds(path, CLASSES)),
    "folds.csv": table(FOLD_COLUMNS, read_folds),
    "index.csv": table(COLUMNS, read_index),
    "events.tsv": table(["filename", "onset", "offset", "event_label"], read_events, sep="\t"),
    "metrics.csv": table(METRICS, read_metrics),
    "history.csv": (lambda path: write_history(path, HISTORY), read_table),
    "draws.npz": (
        lambda path: write_draws(path, DRAWS),
        lambda path: {"/".join(key): one for key, one in read_draws([path]).items()},
    ),
}


def plain(value: Any) -> Any:
    """A value of plain types that is equal if nothing of it differs."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, pd.DataFrame):
        return value.to_csv(), [str(kind) for kind in value.dtypes]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def flipped(data: bytes, rng: Random) -> bytes:
    """One bit, or now and then a few bits near each other."""
    changed, at = bytearray(data), rng.randrange(len(data))
    for _ in range(1 if rng.random() < 0.8 else rng.randint(2, 8)):
        changed[min(at + rng.randrange(8), len(data) - 1) if _ else at] ^= 1 << rng.randrange(8)
    return bytes(changed)


def read_or_message(read: Callable[[Path], Any], path: Path) -> tuple[Any, str]:
    try:
        return plain(read(path)), ""
    except ValueError as error:
        return None, str(error)


@pytest.mark.parametrize(
    "trials",
    [TRIALS, pytest.param(SOAK_TRIALS, marks=pytest.mark.soak)],
    ids=["some flips", "many flips"],
)
@pytest.mark.parametrize("name", KINDS)
def test_a_flipped_bit_changes_nothing_or_is_named_with_what_to_do(name, trials, tmp_path):
    write, read = KINDS[name]
    path = tmp_path / name
    write(path)
    whole, rng, n_found = path.read_bytes(), Random(name), 0
    expected, message = read_or_message(read, path)
    assert not message
    for _ in range(trials):
        path.write_bytes(flipped(whole, rng))
        content, message = read_or_message(read, path)
        n_found += bool(message)
        if not message:
            assert content == expected
        else:
            assert name in message and len(message.splitlines()) == 1
            assert "delete" in message and "again" in message
        if not path.exists():  # a state that is passed over is removed
            write(path)
    assert n_found > trials // 3 or name == "newest.state"


@pytest.mark.parametrize("name", [name for name in KINDS if name.endswith((".csv", ".yaml"))])
def test_what_has_no_checksum_is_read_if_it_is_whole(name, tmp_path):
    """A copy that has left its checksum behind, and a file that was changed on purpose."""
    write, read = KINDS[name]
    write(tmp_path / name)
    expected = plain(read(tmp_path / name))
    checksum_file(tmp_path / name).unlink()
    assert plain(read(tmp_path / name)) == expected


def test_a_file_that_was_changed_says_how_to_keep_the_change(tmp_path):
    write_table(tmp_path / "folds.csv", some_table(FOLD_COLUMNS))
    changed = (tmp_path / "folds.csv").read_text().replace("7", "8")
    (tmp_path / "folds.csv").write_text(changed)
    with pytest.raises(ValueError, match=r"or delete \.folds\.csv\.crc32 if you changed it"):
        read_folds(tmp_path / "folds.csv")
    checksum_file(tmp_path / "folds.csv").unlink()
    assert read_folds(tmp_path / "folds.csv")["role"].tolist() == ["8", "14"]


def test_a_file_never_lies_beside_the_checksum_of_another(tmp_path, monkeypatch):
    """A run that is killed between the two leaves a file that is read unchecked."""
    path, replace, seen = tmp_path / "folds.csv", os.replace, []

    def watched(source, target):
        replace(source, target)
        seen.append((Path(target).name, read_or_message(read_folds, path)[1]))

    monkeypatch.setattr(os, "replace", watched)
    write_table(path, some_table(FOLD_COLUMNS))
    write_table(path, some_table(FOLD_COLUMNS) + 1)
    assert seen == 2 * [("folds.csv", ""), (".folds.csv.crc32", "")]


@pytest.mark.parametrize("content", [b"", b"\xff", b"a,b\n1,2\n", b"a\n1,2,3\n1\n", b"<html>"])
def test_other_content_is_named_where_there_is_no_checksum(content, tmp_path):
    for name, (_, read) in KINDS.items():
        if name.endswith((".csv", ".tsv", ".yaml", ".npz")) and read is not read_table:
            (tmp_path / name).write_bytes(content)
            assert name in read_or_message(read, tmp_path / name)[1]


def test_too_little_memory_is_no_damage(tmp_path, monkeypatch):
    def no_memory(*_):
        raise pd.errors.ParserError("Error tokenizing data. C error: out of memory")

    write_table(tmp_path / "a.csv", pd.DataFrame({"a": [1]}))
    monkeypatch.setattr(pd, "read_csv", no_memory)
    with pytest.raises(MemoryError):
        read_table(tmp_path / "a.csv")
