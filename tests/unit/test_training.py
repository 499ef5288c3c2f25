from __future__ import annotations

import csv
import io
import os
import signal
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from tensorboardX.proto.event_pb2 import Event

from weakseg.batches import split_off_validation
from weakseg.history import validation_interval, write_history
from weakseg.learner import Learner, TrainingError
from weakseg.model import save_model
from weakseg.store import ClipFeatures, FeatureStore, write_features
from weakseg.training import train
from weakseg.training_settings import TrainingSettings

CLASSES = ["bark", "bell", "rain"]
FRAMES, MELS = 20, 12
SETTINGS = {
    "network": {"type": "published", "widths": [4, 6]},
    "pooling": {"type": "gwrp", "decay": 0.98},
    "iterations": 12,
    "batch_size": 5,
    "learning_rate": 1e-2,
    "decay": 0.9,
    "decay_every": 4,
    "seed": 7,
    "validation_clips": 6,
    "validate_every": 5,
    "precision": "fp32",
    "threads": 1,
}


def make_clip(name: str, rng: np.random.Generator) -> ClipFeatures:
    """Each class that the clip holds lights up mel bands of its own for a while."""
    logmel = rng.normal(-4, 1, (FRAMES, MELS)).astype(np.float32)
    masks = {}
    for label in np.flatnonzero(rng.random(len(CLASSES)) < 0.5):
        start = rng.integers(FRAMES // 2)
        mask = np.zeros((FRAMES, MELS), bool)
        mask[start : start + 6, 4 * label : 4 * label + 3] = True
        logmel[mask] += 6
        masks[int(label)] = mask
    return ClipFeatures(name, logmel, np.zeros((FRAMES, len(CLASSES)), bool), masks)


def write_fold(path: Path, fold: int, scale: float = 1) -> Path:
    rng = np.random.default_rng(fold)
    names = [f"clip{fold}-{index}" for index in range(14)]
    clips = [make_clip(name, rng) for name in names]
    clips = [replace(clip, logmel=clip.logmel * np.float32(scale)) for clip in clips]
    write_features(path, names, CLASSES, {"mels": MELS}, clips)
    return path


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("features")
    return [write_fold(folder / f"fold{fold}.h5", fold) for fold in (1, 2)]


class Log:
    """Keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)


def run(features, state_dir, log=None, save_every_seconds=1000, curves=None, **changes):
    device = changes.pop("device", "cpu")
    return train(
        features,
        TrainingSettings(**SETTINGS | changes),
        state_dir=state_dir,
        save_every_seconds=save_every_seconds,
        curves=curves,
        device=device,
        say=log or Log(),
    )


def files_of(result, folder: Path) -> tuple[bytes, bytes]:
    folder.mkdir()
    model, history = result
    save_model(model, folder / "model.pt")
    write_history(folder / "history.csv", history)
    return (folder / "model.pt").read_bytes(), (folder / "history.csv").read_bytes()


def stop_after(monkeypatch, iteration: int, what) -> None:
    """Let `what` happen once the given iteration is done."""
    step = Learner.step

    def stopping_step(learner, batch, rate):
        loss = step(learner, batch, rate)
        if learner.iteration == iteration:
            what()
        return loss

    monkeypatch.setattr(Learner, "step", stopping_step)


def test_training_learns_the_classes(features, tmp_path):
    model, history = run(features, tmp_path, iterations=60, validate_every=20)
    assert history[-1]["validation_auc"] > 0.95
    assert history[-1]["loss"] < history[0]["loss"]
    assert not model.training
    assert model.classes == CLASSES


def test_history_rows(features, tmp_path):
    log = Log()
    _, history = run(features, tmp_path, log)
    assert [row["iteration"] for row in history] == [5, 10, 12]
    assert [row["learning_rate"] for row in history] == pytest.approx([9e-3, 8.1e-3, 8.1e-3])
    write_history(tmp_path / "history.csv", history)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "history.csv").read_text())))
    assert list(rows[0]) == [
        "iteration",
        "loss",
        "validation_loss",
        "validation_f1",
        "validation_auc",
        "validation_average_precision",
        "learning_rate",
        "gradient_norm",
    ]
    assert rows[0]["iteration"] == "5"
    assert float(rows[0]["loss"]) == pytest.approx(history[0]["loss"])
    assert sum(line.startswith("iteration 10, loss ") for line in log.lines) == 1


def test_the_validation_metric_is_that_of_the_final_model(features, tmp_path):
    model, history = run(features, tmp_path)
    with FeatureStore(features) as store, torch.inference_mode():
        _, clips = split_off_validation(len(store), SETTINGS["validation_clips"])
        logmel = torch.from_numpy(store.logmel(clips.tolist()))
        truth = store.clip_truth()[clips]
        scores = model(logmel).clip_probabilities.numpy()
    known = [c for c in range(len(CLASSES)) if truth[:, c].any()]
    expected = np.mean([roc_auc_score(truth[:, c], scores[:, c]) for c in known])
    assert history[-1]["validation_auc"] == pytest.approx(expected)


def test_no_validation_clips_leave_empty_cells(features, tmp_path):
    _, history = run(features, tmp_path, validation_clips=0, iterations=2)
    write_history(tmp_path / "history.csv", history)
    assert ",,,," in (tmp_path / "history.csv").read_text()


def test_the_same_input_gives_the_same_bytes(features, tmp_path):
    first = files_of(run(features, tmp_path / "s1"), tmp_path / "1")
    assert first == files_of(run(features, tmp_path / "s2"), tmp_path / "2")
    assert first != files_of(run(features, tmp_path / "s3", seed=8), tmp_path / "3")


@pytest.mark.parametrize("network", [SETTINGS["network"], {"type": "dnn", "widths": [9]}])
def test_a_training_that_was_stopped_ends_in_the_same_bytes(
    features, tmp_path, monkeypatch, network
):
    whole = files_of(run(features, tmp_path / "s1", network=network), tmp_path / "1")
    with monkeypatch.context() as patch:
        stop_after(patch, 7, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(SystemExit) as caught:
            run(features, tmp_path / "s2", network=network)
        assert caught.value.code == 128 + signal.SIGTERM
    log = Log()
    resumed = run(features, tmp_path / "s2", log, network=network)
    assert "resuming at iteration 7" in log.lines
    assert files_of(resumed, tmp_path / "2") == whole


def test_a_training_that_was_killed_ends_in_the_same_bytes(features, tmp_path, monkeypatch):
    whole = files_of(run(features, tmp_path / "s1"), tmp_path / "1")

    def die():
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        stop_after(patch, 7, die)
        with pytest.raises(RuntimeError, match="killed"):
            run(features, tmp_path / "s2", save_every_seconds=0)
    log = Log()
    resumed = run(features, tmp_path / "s2", log)
    assert "resuming at iteration 6" in log.lines
    assert files_of(resumed, tmp_path / "2") == whole


def test_a_finished_state_gives_its_result_without_a_step(features, tmp_path, monkeypatch):
    whole = files_of(run(features, tmp_path / "state"), tmp_path / "1")
    monkeypatch.setattr(Learner, "step", None)
    assert files_of(run(features, tmp_path / "state"), tmp_path / "2") == whole


UNSTEADY = {"learning_rate": 0.3, "iterations": 16, "validate_every": 4, "decay": 1.0}


def test_the_best_weights_are_those_of_their_iteration(features, tmp_path):
    best, history = run(features, tmp_path / "s1", **UNSTEADY, keep="best")
    losses = [row["validation_loss"] for row in history]
    chosen = int(history[int(np.argmin(losses))]["iteration"])
    assert chosen < 16
    then, _ = run(features, tmp_path / "s2", **UNSTEADY | {"iterations": chosen})
    for name, value in then.state_dict().items():
        assert torch.equal(best.state_dict()[name], value), name


def test_the_best_weights_outlive_a_stop(features, tmp_path, monkeypatch):
    options = UNSTEADY | {"keep": "best", "average": 0.5}
    whole = files_of(run(features, tmp_path / "s1", **options), tmp_path / "1")
    with monkeypatch.context() as patch:
        stop_after(patch, 11, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(SystemExit):
            run(features, tmp_path / "s2", **options)
    assert files_of(run(features, tmp_path / "s2", **options), tmp_path / "2") == whole


def test_patience_ends_a_training_once_and_for_all(features, tmp_path, monkeypatch):
    log = Log()
    first = run(features, tmp_path / "state", log, **UNSTEADY, patience=2)
    assert "no better loss in 2 validations: ending early" in log.lines
    losses = [row["validation_loss"] for row in first[1]]
    assert len(losses) < 4 and min(losses) == losses[-3]
    monkeypatch.setattr(Learner, "step", None)  # a second run takes the state as it is
    again = run(features, tmp_path / "state", **UNSTEADY, patience=2)
    assert files_of(again, tmp_path / "2") == files_of(first, tmp_path / "1")


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_state(features, tmp_path):
    run(features, tmp_path / "state", iterations=3)
    good = (tmp_path / "state" / "newest.state").read_bytes()
    broken = write_fold(tmp_path / "broken.h5", 9, scale=np.nan)
    with pytest.raises(TrainingError) as caught:
        run([broken], tmp_path / "state")
    assert str(caught.value).startswith("iteration 4: the loss is not finite on the clips clip9-")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "state" / "newest.state").read_bytes() == good


def test_the_state_of_another_network_is_refused(features, tmp_path):
    run(features, tmp_path, iterations=1)
    with pytest.raises(ValueError, match="the saved state is of another network"):
        run(features, tmp_path, network={"type": "published", "widths": [3]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"device": "tpu"}, "device: expected one of auto, cpu, cuda, got 'tpu'"),
        ({"precision": "int8"}, "precision: expected one of auto, fp32, bf16, fp16, got 'int8'"),
        ({"threads": 0}, "threads: expected 1 to 256, got 0"),
        ({"validation_clips": 28}, "validation_clips: 28 of 28 training clips"),
        ({"network": {"type": "none"}}, "network.type: expected one of"),
    ],
)
def test_a_bad_option_is_named_in_one_line(features, tmp_path, changes, message):
    with pytest.raises(ValueError) as caught:
        run(features, tmp_path, **changes)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_validation_takes_a_tenth_of_the_time_at_most():
    assert validation_interval(100, 24, 24) == 100
    assert validation_interval(1, 24, 24) == 4
    assert validation_interval(10, 400, 24) == 56


def events_of(path: Path) -> list[Event]:
    """The records of an event file: length, its checksum, content, its checksum."""
    data, events = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        events.append(Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    return events


def points_of(path: Path) -> dict[str, list[tuple[int, float]]]:
    points: dict[str, list[tuple[int, float]]] = {}
    for event in events_of(path):
        for value in event.summary.value:
            points.setdefault(value.tag, []).append((event.step, value.simple_value))
    return points


def test_curves_are_the_history_and_change_no_result(features, tmp_path):
    plain = files_of(run(features, tmp_path / "s1"), tmp_path / "1")
    result = run(features, tmp_path / "s2", curves=tmp_path / "curves")
    assert files_of(result, tmp_path / "2") == plain
    (path,) = (tmp_path / "curves").iterdir()
    points = points_of(path)
    assert [step for step, _ in points.pop("loss_of_a_step")] == list(range(1, 13))
    assert all(rate > 0 for _, rate in points.pop("clips_per_second"))
    assert set(points) == set(result[1][0])
    for name, pairs in points.items():
        assert pairs == [(row["iteration"], pytest.approx(row[name])) for row in result[1]], name


def test_a_resumed_training_goes_on_in_a_file_of_its_own(features, tmp_path, monkeypatch):
    curves = tmp_path / "curves"
    with monkeypatch.context() as patch:
        stop_after(patch, 7, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(SystemExit):
            run(features, tmp_path / "state", curves=curves)
    run(features, tmp_path / "state", curves=curves)
    first, second = sorted(curves.iterdir(), key=lambda path: int(path.suffix[1:]))
    assert [step for step, _ in points_of(first)["loss_of_a_step"]] == list(range(1, 8))
    assert [step for step, _ in points_of(second)["loss_of_a_step"]] == list(range(8, 13))
