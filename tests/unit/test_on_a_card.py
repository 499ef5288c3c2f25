"""What is computed on a card: as on the CPU, the same each time, and in parts where it is small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from weakseg.batches import Batch
from weakseg.history import write_history
from weakseg.inference import segment_store
from weakseg.learner import Learner, start_learner
from weakseg.model import SegmentationModel, save_model
from weakseg.objective import Objective
from weakseg.pooling import POOLINGS, build_pooling
from weakseg.segmenter import load_model
from weakseg.store import ClipFeatures, PredictionStore, write_features
from weakseg.training import train
from weakseg.training_settings import TrainingSettings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no card")

GOLDEN = Path(__file__).parents[1] / "golden"
CLASSES, FRAMES, MELS = list("abc"), 64, 16
GWRP, LINEAR = {"type": "gwrp", "decay": 0.9998}, {"type": "linear_softmax"}
PUBLISHED = {"type": "published", "widths": [8, 16]}
ENCODER = {
    "type": "encoder_decoder",
    "widths": [8, 16, 16],
    "context": 16,
    "dilations": [1, 2],
}
FOREGROUND = {"above": 1.5, "steepness": 3.0, "cells": 2.0}
MODELS = {"published": (PUBLISHED, GWRP, None), "best": (ENCODER, LINEAR, FOREGROUND)}
LEARNT = {"learnt": (ENCODER, LINEAR, FOREGROUND | {"learnt": True})}


def model_of(kind: str) -> SegmentationModel:
    torch.manual_seed(1)
    network, pooling, foreground = (MODELS | LEARNT)[kind]
    return SegmentationModel(network, pooling, CLASSES, {}, MELS, foreground)


def learner(kind: str, device: str, precision: str = "fp32", compiled: bool = False) -> Learner:
    return start_learner(model_of(kind), device, precision, 2, compiled=compiled)


def batch(n_clips: int = 8) -> Batch:
    random = torch.Generator().manual_seed(n_clips)
    truth = (torch.rand(n_clips, len(CLASSES), generator=random) < 0.5).float()
    logmel = torch.randn(n_clips, FRAMES, MELS, generator=random)
    return Batch([f"clip{number}" for number in range(n_clips)], logmel, truth)


def gradient(one: Learner, clips: Batch) -> torch.Tensor:
    one.model.train()
    one._gradient(clips.to(one.device))
    parts = [p.grad.flatten().cpu() for p in one.model.parameters() if p.grad is not None]
    return torch.cat(parts)


@pytest.mark.parametrize("kind", MODELS)
def test_fp32_is_float32_as_on_the_cpu(kind):
    """With TF32, torch's own choice for convolutions, they were 3e-3 apart."""
    on_card, on_cpu = (gradient(learner(kind, device), batch()) for device in ("cuda", "cpu"))
    assert (on_card - on_cpu).norm() < 1e-4 * on_cpu.norm()


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_teacher_and_a_foreground_are_on_a_card_what_they_are_on_the_cpu(precision):
    losses = []
    for device, arithmetic in (("cpu", "fp32"), ("cuda", precision)):
        objective = Objective(consistency=2.0, foreground=1.0)
        one = start_learner(model_of("learnt"), device, arithmetic, 2, objective, average=0.5)
        clips = batch()._replace(softer=batch().logmel * 2, foreground=batch().logmel.sigmoid())
        losses.append([one.step(clips, 1e-3) for _ in range(3)])
    tolerance = 1e-3 if precision == "fp32" else 2e-2
    assert losses[1] == pytest.approx(losses[0], abs=tolerance)


def test_published_losses():
    model = SegmentationModel({"type": "published"}, GWRP, list("abcdef"), {}, 64)
    arrays = np.load(GOLDEN / "training_initial_weights.npz")
    weights = {k.removeprefix("bottleneck."): torch.from_numpy(arrays[k]) for k in arrays}
    assert not model.network.load_state_dict(weights, strict=False).unexpected_keys
    one, golden = start_learner(model, "cuda", "fp32", 2), np.load(GOLDEN / "training.npz")
    pairs = zip(golden["batches"], golden["targets"], strict=True)
    batches = [Batch(["a"] * 4, torch.from_numpy(x), torch.from_numpy(y)) for x, y in pairs]
    losses = [one.step(clips, 1e-3) for clips in batches]
    assert losses == pytest.approx(golden["losses"].tolist(), abs=1e-3)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("kind", MODELS)
def test_half_precision_follows_fp32(kind, precision):
    half, whole = (learner(kind, "cuda", one).step(batch(), 1e-3) for one in (precision, "fp32"))
    assert half != whole and half == pytest.approx(whole, abs=1e-2)


@pytest.mark.parametrize("kind", [*POOLINGS, "learnable gwrp"])
def test_poolings_as_on_the_cpu(kind):
    random = torch.Generator().manual_seed(3)
    results = []
    options = {
        "gwrp": {"decay": 0.99},
        "learnable gwrp": {"decay": 0.99, "learnable": True},
        "power_mean": {"exponent": 3.0},
    }.get(kind, {})
    pooling = build_pooling({"type": kind.split()[-1]} | options, len(CLASSES))
    maps = [torch.rand(4, 3, 40, 16, generator=random) for _ in range(pooling.maps_per_class)]
    for device in ("cpu", "cuda"):
        given = [one.to(device).requires_grad_() for one in (m.detach() for m in maps)]
        pooled = pooling.to(device)(*given)
        (pooled**2).sum().backward()
        results.append([pooled.detach().cpu(), *(one.grad.cpu() for one in given)])
    for on_cpu, on_card in zip(*results, strict=True):
        assert torch.allclose(on_cpu, on_card, rtol=1e-4, atol=1e-6)


def test_a_batch_too_large_for_the_card_goes_in_parts():
    one, clips = learner("published", "cuda"), batch(256)
    torch.cuda.reset_peak_memory_stats()
    expected = gradient(learner("published", "cuda"), clips)
    limit, full = torch.cuda.max_memory_allocated(), torch.cuda.mem_get_info()[1]
    try:
        for _ in range(8):  # cuDNN makes do with less than it takes
            limit /= 2
            torch.cuda.empty_cache()
            torch.cuda.set_per_process_memory_fraction(limit / full)
            found = gradient(one, clips)
            if one.parts > 1:
                break
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert one.parts > 1
    # batch statistics are those of the parts
    assert torch.cosine_similarity(found, expected, dim=0) > 0.9


@pytest.mark.parametrize("kind", MODELS)
def test_compiled_it_learns_the_same(kind):
    pytest.importorskip("triton")
    eager, compiled = learner(kind, "cuda"), learner(kind, "cuda", compiled=True)
    assert compiled.compiled
    for _ in range(2):
        assert compiled.step(batch(), 1e-3) == pytest.approx(eager.step(batch(), 1e-3), abs=1e-4)


def write_fold(path: Path, fold: int) -> Path:
    random = np.random.default_rng(fold)

    def clip(number: int) -> ClipFeatures:
        logmel = random.normal(-4, 1, (FRAMES, MELS)).astype(np.float32)
        masks = {}
        for label in np.flatnonzero(random.random(len(CLASSES)) < 0.5):
            mask = np.zeros((FRAMES, MELS), bool)
            mask[10:40, 4 * label : 4 * label + 3] = True
            logmel[mask] += 6
            masks[int(label)] = mask
        return ClipFeatures(
            f"clip{fold}-{number}", logmel, np.zeros((FRAMES, len(CLASSES)), bool), masks
        )

    clips = [clip(number) for number in range(16)]
    write_features(path, [one.name for one in clips], CLASSES, {"mels": MELS}, clips)
    return path


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("features")
    return [write_fold(folder / f"fold{fold}.h5", fold) for fold in (1, 2)]


def trained(features, folder: Path, kind: str, device: str, iterations: int = 40, **changes):
    network, pooling, foreground = MODELS[kind]
    settings = TrainingSettings(
        network=network,
        pooling=pooling,
        foreground=foreground,
        **{
            "iterations": iterations,
            "batch_size": 8,
            "learning_rate": 5e-3,
            "seed": 1,
            "validation_clips": 6,
            "validate_every": 10,
            "threads": 2,
            "average": 0.9,
        }
        | changes,
    )
    folder.mkdir(exist_ok=True)
    log: list[str] = []
    model, history = train(
        features,
        settings,
        state_dir=folder / "state",
        save_every_seconds=0.0,
        device=device,
        say=log.append,
    )
    (folder / "log").write_text("\n".join(log))
    save_model(model, folder / "model.pt")
    write_history(folder / "history.csv", history)
    return (folder / "model.pt").read_bytes(), (folder / "history.csv").read_bytes()


@pytest.mark.parametrize("kind", MODELS)
def test_a_training_gives_the_same_bytes_again_and_resumed(features, tmp_path, kind, monkeypatch):
    once = trained(features, tmp_path / "once", kind, "cuda")
    assert trained(features, tmp_path / "again", kind, "cuda") == once
    step = Learner.step

    def stopping(one, clips, rate):
        if one.iteration == 23:
            raise KeyboardInterrupt
        return step(one, clips, rate)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", stopping)
        with pytest.raises(KeyboardInterrupt):
            trained(features, tmp_path / "resumed", kind, "cuda")
    assert trained(features, tmp_path / "resumed", kind, "cuda") == once
    assert "resuming at iteration 23" in (tmp_path / "resumed" / "log").read_text()


def test_a_training_on_a_card_learns(features, tmp_path):
    for device in ("cuda", "cpu"):
        trained(features, tmp_path / device, "best", device, 120)
    losses = [
        np.genfromtxt(tmp_path / device / "history.csv", delimiter=",", names=True)
        for device in ("cuda", "cpu")
    ]
    name = next(one for one in losses[0].dtype.names if "loss" in one)
    on_card, on_cpu = (one[name][-1] for one in losses)
    assert on_card < 0.3 and on_card == pytest.approx(on_cpu, abs=0.1)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_predictions_as_on_the_cpu(features, tmp_path, precision):
    trained(features, tmp_path, "best", "cpu", precision="fp32")
    scores = []
    for device, arithmetic in (("cpu", "fp32"), ("cuda", precision)):
        path = tmp_path / f"{device}.h5"
        segment_store(
            tmp_path / "model.pt",
            features,
            path,
            threads=2,
            device=device,
            precision=arithmetic,
            shifts=3,
            smooth_frames=5,
        )
        with PredictionStore(path) as store:
            scores.append(store.clip_probabilities())
    assert scores[1] == pytest.approx(scores[0], abs=1e-4 if precision == "fp32" else 2e-2)


def test_own_recordings_as_on_the_cpu(tiny_model):
    audio = np.random.default_rng(1).normal(0, 0.1, 80_000).astype(np.float32)
    parts = [
        load_model(tiny_model, device=device, precision="fp32").segment(audio, 8000)
        for device in ("cpu", "cuda")
    ]
    on_cpu, on_card = (part.probabilities for part in parts)
    assert on_card == pytest.approx(on_cpu, abs=1e-4)
