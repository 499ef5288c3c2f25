from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from weakseg.__main__ import main
from weakseg.export import export_onnx
from weakseg.foreground import NEARBY_FRAMES, SMOOTH_FRAMES
from weakseg.model import SegmentationModel, save_model
from weakseg.shifts import SHIFTS

MELS = 16
SETTINGS = {"sample_rate": 32000, "hop": 1024}
ENCODER = {"type": "encoder_decoder", "widths": [4, 8, 8]}
PUBLISHED = {"type": "published", "widths": [4, 8]}
FOREGROUND = {"above": 1.5, "steepness": 3.0, "cells": 2.0}
MODELS = {
    "best": (ENCODER, {"type": "linear_softmax"}, FOREGROUND),
    "learnt": (ENCODER, {"type": "linear_softmax"}, FOREGROUND | {"learnt": True}),
    "gwrp": (PUBLISHED, {"type": "gwrp", "decay": 0.9998}, None),
    "gap": (PUBLISHED, {"type": "gap"}, None),
    "gmp": (PUBLISHED, {"type": "gmp"}, None),
    "learnable": (PUBLISHED, {"type": "gwrp", "decay": 0.99, "learnable": True}, None),
    "attention": (PUBLISHED, {"type": "attention", "order": "frequency_first"}, None),
    "dnn": ({"type": "dnn", "widths": [9]}, {"type": "gap"}, None),
}


@pytest.mark.parametrize("name", MODELS)
def test_onnxruntime_agrees_for_any_number_of_clips_and_frames(tmp_path, name):
    network, pooling, foreground = MODELS[name]
    torch.manual_seed(1)
    model = SegmentationModel(network, pooling, ["a", "b"], SETTINGS, MELS, foreground)
    model.standardise_with(torch.linspace(-2, 0, MELS), torch.linspace(1, 2, MELS))
    export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert session.get_inputs()[0].shape == ["clips", "frames", MELS]
    assert all(output.shape[0] == "clips" for output in session.get_outputs())
    about = json.loads(session.get_modelmeta().custom_metadata_map["weakseg"])
    assert about == {"classes": ["a", "b"], "settings": SETTINGS}
    assert model.shifts == SHIFTS
    in_use = (1, 1) if foreground is None else (SMOOTH_FRAMES, NEARBY_FRAMES)
    assert (model.smooth_frames, model.nearby_frames) == in_use
    for shape in ((1, 1), (1, 3), (2, 64), (3, 311)):
        logmel = np.random.default_rng(2).normal(-1, 2, (*shape, MELS)).astype(np.float32)
        logmel[:, 20:25] = np.log(1e-8)  # digital silence
        with torch.inference_mode():
            output = model(torch.from_numpy(logmel))
        expected = [output.clip_probabilities, output.frame_scores, output.masks]
        given = session.run(None, {"logmel": logmel})
        n_outputs = 3 if model.gives_masks else 2
        for value, other in zip(given, expected[:n_outputs], strict=True):
            assert value.shape == tuple(other.shape)
            assert np.abs(value - other.numpy()).max() <= 1e-5, shape


def test_the_command_writes_the_file(tmp_path, capsys):
    model = SegmentationModel(PUBLISHED, {"type": "gmp"}, ["a"], SETTINGS, MELS)
    save_model(model.eval(), tmp_path / "model.pt")
    path = tmp_path / "new" / "model.onnx"
    done = subprocess.run(
        [sys.executable, "-m", "weakseg", "export", str(tmp_path / "model.pt"), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", f"{path}\n")
    onnxruntime.InferenceSession(path)
    assert main(["export", str(tmp_path / "none.pt"), str(tmp_path / "none.onnx")]) == 2
    assert "none.pt: no such model file" in capsys.readouterr().err
    assert not (tmp_path / "none.onnx").exists()


def test_the_command_takes_what_the_model_was_used_with(tmp_path, monkeypatch):
    taken = {}
    monkeypatch.setattr("weakseg.export.export_onnx", lambda model, path, **use: taken.update(use))
    model = SegmentationModel(ENCODER, {"type": "gmp"}, ["a"], SETTINGS, MELS, FOREGROUND)
    save_model(model.eval(), tmp_path / "model.pt")
    command = ["export", str(tmp_path / "model.pt"), str(tmp_path / "model.onnx")]
    assert main([*command, "--shifts", "1", "--smooth-frames", "5", "--nearby-frames", "7"]) == 0
    assert taken == {"shifts": 1, "smooth_frames": 5, "nearby_frames": 7}


def test_other_numbers_are_exported(tmp_path, monkeypatch):
    monkeypatch.setattr("weakseg.export._graph", lambda model: onnx.ModelProto())
    model = SegmentationModel(ENCODER, {"type": "gmp"}, ["a"], SETTINGS, MELS, FOREGROUND)
    export_onnx(model.eval(), tmp_path / "model.onnx", shifts=2, smooth_frames=5, nearby_frames=7)
    assert (model.shifts, model.smooth_frames, model.nearby_frames) == (2, 5, 7)
    with pytest.raises(ValueError, match="smooth_frames: expected an odd number above 0, got 4"):
        export_onnx(model, tmp_path / "model.onnx", smooth_frames=4)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    model = SegmentationModel(PUBLISHED, {"type": "gmp"}, ["a"], SETTINGS, MELS)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"need more packages: pip install onnx onnxscript$"):
        export_onnx(model, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
