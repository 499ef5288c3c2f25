"""Files of models and of thresholds: what is refused, by the rules that use them."""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from weakseg.model import _digest
from weakseg.store import ClipFeatures, write_features

pytestmark = pytest.mark.workflow

Spoil = Callable[[Path], object]


class Harmful:
    """An object that makes a folder when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("harm",)


def content(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(path, weights_only=True)
    return loaded


def save(given: dict[str, Any], path: Path) -> None:
    """Write a model file with the digest that it should have, if that can be had."""
    weights = given["weights"].values()
    if all(isinstance(value, torch.Tensor) and value.numel() < 10**6 for value in weights):
        given = given | {"digest": _digest(given)}
    torch.save(given, path)


def saying(**changes: Any) -> Spoil:
    """A model file that says something else of itself."""
    return lambda path: save(content(path) | changes, path)


def weighing(**changes: Any) -> Spoil:
    """A model file with other weights."""
    return lambda path: save(content(path) | {"weights": content(path)["weights"] | changes}, path)


def settings_with(**changes: Any) -> Spoil:
    return lambda path: save(
        content(path) | {"settings": content(path)["settings"] | changes}, path
    )


def settings_without(name: str) -> Spoil:
    def spoil(path: Path) -> None:
        given = content(path)
        del given["settings"][name]
        save(given, path)

    return spoil


def bytes_of(change: Callable[[bytes], bytes]) -> Spoil:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def flipped(data: bytes) -> bytes:
    """One bit is another, which torch.load does not see."""
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]


def zipped_code(path: Path) -> None:
    """As torch.save writes it, but the pickle runs code."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(Harmful(), protocol=2))
        archive.writestr("model/version", "3\n")


def hidden_code(path: Path) -> None:
    """A model that is whole, with an object beside."""
    torch.save(content(path) | {"remark": Harmful()}, path)


DAMAGED = ("model.pt: damaged or not a weakseg model (", "; ")
NO_MODEL = ("model.pt: not a weakseg model file", "; ")
NEVER_RUN = (*DAMAGED, "code is never run")

# a file that is no model, or none that can be rebuilt, whoever reads it
BROKEN: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    "no file": (lambda path: path.unlink(), ("model.pt", "no such model file", "train the model")),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), DAMAGED),
    "an empty file": (bytes_of(lambda _: b""), DAMAGED),
    "text": (bytes_of(lambda _: b"weights: 3\n"), DAMAGED),
    "a truncated file": (bytes_of(lambda data: data[: len(data) // 2]), DAMAGED),
    "a file without its last byte": (bytes_of(lambda data: data[:-1]), DAMAGED),
    "a flipped bit": (bytes_of(flipped), DAMAGED),
    "a pickle that runs code": (
        lambda path: path.write_bytes(pickle.dumps(Harmful(), protocol=2)),
        NEVER_RUN,
    ),
    "the same in a zip": (zipped_code, NEVER_RUN),
    "code beside a model": (hidden_code, NEVER_RUN),
    "a model of another program": (
        lambda path: torch.save({"state": torch.zeros(3)}, path),
        NO_MODEL,
    ),
    "weights alone": (lambda path: torch.save(content(path)["weights"], path), NO_MODEL),
    "a tensor": (lambda path: torch.save(torch.zeros(3), path), NO_MODEL),
    "a format of the future": (saying(format="weakseg model 9"), NO_MODEL),
    "no weights": (saying(weights={}), DAMAGED),
    "weights that are lists": (saying(weights={"mel_mean": [1.0]}), DAMAGED),
    "a digest that is not theirs": (
        lambda path: torch.save(content(path) | {"digest": "0" * 64}, path),
        (*DAMAGED, "not as", "written"),
    ),
    "weights of NaN": (
        weighing(mel_mean=torch.full((16,), torch.nan)),
        (*DAMAGED, "no finite numbers"),
    ),
    "one class more": (saying(classes=["bark", "bell", "rain", "dog"]), (*DAMAGED, "final_conv")),
    "a class that is there twice": (
        saying(classes=["bark", "bell", "bell"]),
        (*DAMAGED, "one name"),
    ),
    "a class that is no text": (
        saying(classes=["bark", "bell", None]),
        (*DAMAGED, "list of names"),
    ),
    "a network that is not known": (saying(network={"type": "huge"}), (*DAMAGED, "network.type")),
    "an option that is not known": (
        saying(network={"type": "published", "width": [4]}),
        (*DAMAGED, "width"),
    ),
    "a network of a million maps": (
        saying(network={"type": "published", "widths": [10**6, 10**6]}),
        (*DAMAGED, "not those of the network"),
    ),
    "a thousand million mels": (
        saying(n_mels=10**9),
        (*DAMAGED, "mel_", "not those of the network"),
    ),
    "a tensor that is larger than its file": (
        weighing(mel_mean=torch.zeros(1).expand(10**12)),
        (*DAMAGED, "more than the file holds"),
    ),
    "a key that is not known": (saying(surplus=1), (*DAMAGED, "surplus")),
}

# a model that is whole, and not for these features
OTHER: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    "another vocabulary": (
        saying(classes=["bark", "bell", "snow"]),
        ("model.pt: trained with classes", "snow", "features.h5 has", "rain", "train anew"),
    ),
    "another order of classes": (
        saying(classes=["bell", "bark", "rain"]),
        ("model.pt: trained with classes ['bell', 'bark'", "features.h5 has", "train anew"),
    ),
    "another hop": (
        settings_with(hop=128),
        ("model.pt: trained with hop 128, but", "features.h5 has 256", "train anew"),
    ),
    "another sample rate": (
        settings_with(sample_rate=16000),
        ("model.pt: trained with sample_rate 16000, but", "features.h5 has 8000", "train anew"),
    ),
    "a setting that is missing": (
        settings_without("fmin"),
        ("model.pt: trained with fmin None, but", "features.h5 has 50.0", "train anew"),
    ),
}

# a model that cannot be used on recordings
UNUSABLE: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    "no sample rate": (settings_without("sample_rate"), ("model.pt", "without sample_rate")),
    "a window of a million million": (settings_with(window=10**12), ("model.pt", "window is 1000")),
    "no hop": (settings_with(hop=0), ("model.pt", "hop is 0, not from 1")),
    "frequencies above half the rate": (settings_with(fmax=9000.0), ("model.pt", "to 9000.0 Hz")),
    "frequencies that are text": (settings_with(fmin="low"), ("model.pt", "train the model again")),
    "more mels than the network takes": (
        settings_with(mels=32),
        ("model.pt", "32 mels", "takes 16"),
    ),
}


@pytest.fixture
def model(tmp_path, tiny_model, monkeypatch) -> Path:
    """A model that is as it should be; where the test runs, a folder `harm` would be seen."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(tiny_model, tmp_path / "model.pt")
    return tmp_path / "model.pt"


@pytest.fixture
def run_segment(run_step, tmp_path, model) -> Callable[[], Any]:
    """Runs the rule segment on two clips; an earlier result must stay as it was, or be replaced."""
    names, nothing = ["00000.wav", "00001.wav"], np.zeros((40, 3), bool)
    clips = [ClipFeatures(name, np.zeros((40, 16), np.float32), nothing, {}) for name in names]
    given = content(model)
    write_features(tmp_path / "features.h5", names, given["classes"], given["settings"], clips)

    def segment() -> Any:
        (tmp_path / "holdout1.h5").write_bytes(b"finished")
        ended = run_step(
            "segment",
            input={"model": str(model), "features": [str(tmp_path / "features.h5")]},
            output={"predictions": str(tmp_path / "holdout1.h5")},
            params={
                "device": "cpu",
                "settings": {"smooth_frames": 1, "precision": "fp32", "threads": 1},
            },
            resources={},
        )
        assert ended.status == 0 or (tmp_path / "holdout1.h5").read_bytes() == b"finished"
        assert not list(tmp_path.glob("*.tmp")) and not (tmp_path / "harm").exists()
        return ended

    return segment


@pytest.mark.parametrize(("spoil", "words"), (BROKEN | OTHER).values(), ids=BROKEN | OTHER)
def test_a_model_that_segment_refuses(spoil, words, model, run_segment):
    spoil(model)
    run_segment().require_line(*words)


def test_a_model_that_segment_takes(model, run_segment, tmp_path):
    assert run_segment().status == 0
    assert (tmp_path / "holdout1.h5").read_bytes() != b"finished"


@pytest.fixture
def recording(tmp_path) -> Path:
    noise = np.random.default_rng(0).uniform(-0.2, 0.2, 16000)
    soundfile.write(tmp_path / "own.wav", noise, 16000)
    return tmp_path / "own.wav"


FOR_PREDICT = UNUSABLE | {
    name: BROKEN[name] for name in ("a truncated file", "code beside a model")
}


@pytest.mark.parametrize(("spoil", "words"), FOR_PREDICT.values(), ids=FOR_PREDICT)
def test_a_model_that_predict_refuses(spoil, words, model, recording, run_predict, tmp_path):
    spoil(model)
    run_predict(model, recording).require_line(*words)
    assert not (tmp_path / "out").exists() and not (tmp_path / "harm").exists()


ONE = "{clip: 0.5, frame: 0.5, smooth: 1, high: 0.5, low: 0.2, median: 1, merge_gap: 1, drop: 1}"
BY_DURATION = ONE[:-1] + ", level: 0.5, weight: 0.25, cost: 2.0, durations: {9: 1.5}}"
ALL = "".join(f"  {label}: {ONE}\n" for label in ("bark", "bell", "rain"))
ALL_BY_DURATION = ALL.replace(ONE, BY_DURATION)

# content of a file of thresholds, words of the line
THRESHOLDS: dict[str, tuple[bytes | None, tuple[str, ...]]] = {
    "no file": (None, ("tuned.yaml", "no such file of thresholds")),
    "an empty file": (b"", ("tuned.yaml", "delete it and run")),
    "a list": (b"- 1\n", ("tuned.yaml", "delete it and run")),
    "no YAML": (b"classes: {bark: [\n", ("tuned.yaml", "delete it and run")),
    "not UTF-8": (b"classes: {b\xe4rk: 1}", ("tuned.yaml", "delete it and run")),
    "code": (
        b"classes: !!python/object/apply:os.mkdir [harm]",
        ("tuned.yaml", "delete it and run"),
    ),
    "other classes": (
        f"classes:\n{ALL}".replace("rain", "snow").encode(),
        ("tuned.yaml", "of other classes", "delete it and run"),
    ),
    "a threshold that is missing": (
        f"classes:\n{ALL}".replace("high: 0.5, ", "").encode(),
        ("tuned.yaml", "no thresholds", "high", "delete it and run"),
    ),
    "a threshold of text": (
        f"classes:\n{ALL}".replace("high: 0.5", "high: much").encode(),
        ("tuned.yaml", "no thresholds", "bark: high is 'much'", "expected"),
    ),
    "a duration of no frames": (
        f"classes:\n{ALL_BY_DURATION}".replace("{9:", "{0:").encode(),
        ("tuned.yaml", "no thresholds", "bark: durations has '0: 1.5'", "whole frames from 1 on"),
    ),
    "durations that are missing": (
        f"classes:\n{ALL_BY_DURATION}".replace(", durations: {9: 1.5}", "").encode(),
        ("tuned.yaml", "no thresholds", "bark: durations is 'None'", "delete it and run"),
    ),
    "a weight of text": (
        f"classes:\n{ALL_BY_DURATION}".replace("weight: 0.25", "weight: much").encode(),
        ("tuned.yaml", "no thresholds", "bark: weight is 'much'", "a number from 0 to 1000"),
    ),
    "a name that means nothing": (
        f"classes:\n{ALL}".replace("high:", "highest: 0.5, high:").encode(),
        ("tuned.yaml", "no thresholds", "bark: nothing is called 'highest'", "delete it and run"),
    ),
    "a threshold of NaN": (
        f"classes:\n{ALL}".replace("high: 0.5", "high: .nan").encode(),
        ("tuned.yaml", "no thresholds", "bark: high is 'nan'", "expected"),
    ),
}


@pytest.mark.parametrize(("text", "words"), THRESHOLDS.values(), ids=THRESHOLDS)
def test_thresholds_that_predict_refuses(text, words, model, recording, run_predict, tmp_path):
    if text is not None:
        (tmp_path / "tuned.yaml").write_bytes(text)
    run_predict(model, recording, thresholds=tmp_path / "tuned.yaml").require_line(*words)
    assert not (tmp_path / "out").exists() and not (tmp_path / "harm").exists()


@pytest.mark.parametrize("thresholds", [ALL, ALL_BY_DURATION])
def test_thresholds_that_predict_takes(thresholds, model, recording, run_predict, tmp_path):
    (tmp_path / "tuned.yaml").write_text(f"classes:\n{thresholds}")
    assert run_predict(model, recording, thresholds=tmp_path / "tuned.yaml").status == 0
    assert (tmp_path / "out" / "predictions.csv").exists()


IN_BRIEF = "code beside a model"
IN_A_RUN = UNUSABLE | BROKEN
BY_SNAKEMAKE = [
    name if name == IN_BRIEF else pytest.param(name, marks=pytest.mark.soak)
    for name in IN_A_RUN
    if name not in ("no file", "a folder")  # which the configuration refuses
]


@pytest.mark.parametrize("name", BY_SNAKEMAKE)
def test_a_model_that_a_run_refuses(name, model, recording, fresh, refused_run):
    spoil, words = IN_A_RUN[name]
    spoil(model)
    refused_run(words, "predict", "--config", f"predict={{audio: {recording}, model: {model}}}")
    assert not (fresh.results / "predict").exists() and not (fresh.directory / "harm").exists()
