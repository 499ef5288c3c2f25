"""weakseg.learner: single steps, in each precision, of a batch that fits into memory or not."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from weakseg.batches import Batch
from weakseg.learner import Learner, TrainingError, start_learner
from weakseg.model import SegmentationModel
from weakseg.objective import Objective, consistency_loss

GOLDEN = Path(__file__).parents[1] / "golden"
CLASSES = ["bark", "bell", "rain"]
FRAMES, MELS = 20, 12
GWRP = {"type": "gwrp", "decay": 0.9998}
SMALL = {"type": "published", "widths": [4, 6]}
TAUGHT = Objective(absent=1.0, consistency=2.0)


def golden_learner(precision: str = "fp32") -> Learner:
    model = SegmentationModel({"type": "published"}, GWRP, list("abcdef"), {}, 64)
    arrays = np.load(GOLDEN / "training_initial_weights.npz")
    weights = {k.removeprefix("bottleneck."): torch.from_numpy(arrays[k]) for k in arrays}
    assert not model.network.load_state_dict(weights, strict=False).unexpected_keys
    return start_learner(model, "cpu", precision, torch.get_num_threads())


def golden_batches() -> list[Batch]:
    golden = np.load(GOLDEN / "training.npz")
    pairs = zip(golden["batches"], golden["targets"], strict=True)
    return [Batch(["a"] * 4, torch.from_numpy(x), torch.from_numpy(y)) for x, y in pairs]


def test_published_losses():
    learner = golden_learner()
    losses = [learner.step(batch, 1e-3) for batch in golden_batches()]
    expected = np.load(GOLDEN / "training.npz")["losses"].tolist()
    assert losses == pytest.approx(expected, abs=1e-3)


def test_bf16_follows_the_published_loss():
    loss = golden_learner("bf16").step(golden_batches()[0], 1e-3)
    assert loss == pytest.approx(np.load(GOLDEN / "training.npz")["losses"][0], abs=1e-2)


def small_learner(precision: str) -> Learner:
    """One of a few maps: some processors take minutes for the published network in fp16."""
    torch.manual_seed(1)
    model = SegmentationModel(SMALL, GWRP, CLASSES, {}, MELS)
    return start_learner(model, "cpu", precision, threads=1)


def small_batch() -> Batch:
    generator = torch.Generator().manual_seed(2)
    logmel = torch.randn(4, FRAMES, MELS, generator=generator)
    truth = (torch.rand(4, len(CLASSES), generator=generator) < 0.5).float()
    return Batch(["a"] * 4, logmel, truth)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_follows_fp32(precision):
    loss, expected = (small_learner(one).step(small_batch(), 1e-3) for one in (precision, "fp32"))
    assert loss == pytest.approx(expected, abs=1e-2)


def test_a_gradient_too_large_for_fp16_is_left_out_and_scaled_down():
    learner, batch = small_learner("fp16"), small_batch()
    learner.scaler.load_state_dict(learner.scaler.state_dict() | {"scale": 2.0**60})
    before = [parameter.detach().clone() for parameter in learner.model.parameters()]
    learner.step(batch, 1e-3)
    assert all(map(torch.equal, before, learner.model.parameters()))
    assert learner.scaler.get_scale() == 2.0**59 and not math.isfinite(learner.recent[0][1])
    again = small_learner("fp16")
    again.restore(learner.snapshot())
    assert again.scaler.get_scale() == 2.0**59
    again.scaler.load_state_dict(again.scaler.state_dict() | {"scale": 1.0})
    with torch.no_grad():
        next(again.model.parameters()).fill_(math.nan)
    with pytest.raises(TrainingError, match=r"iteration 2: the (loss|gradient) is not finite"):
        again.step(batch, 1e-3)


def test_a_gradient_that_is_not_finite_changes_no_weight():
    model = SegmentationModel(SMALL, GWRP, CLASSES, {}, MELS)
    learner = start_learner(model, "cpu", "fp32", 1)
    before = [parameter.clone() for parameter in model.parameters()]
    model.network.final_conv.bias.register_hook(lambda gradient: gradient * torch.inf)
    batch = Batch(["x", "y"], torch.randn(2, FRAMES, MELS), torch.ones(2, 3))
    with pytest.raises(TrainingError, match="the gradient is not finite on the clips x, y"):
        learner.step(batch, 1e-3)
    assert all(torch.equal(*pair) for pair in zip(before, model.parameters(), strict=True))


def learner_of_a_dnn() -> Learner:
    torch.manual_seed(3)
    model = SegmentationModel({"type": "dnn", "widths": [9], "dropout": 0}, GWRP, CLASSES, {}, MELS)
    return start_learner(model, "cpu", "fp32", 1, TAUGHT, average=0.5)


def short_of_memory(monkeypatch, most_clips: int) -> None:
    """Let the model run out of memory with more clips at once."""
    output = Learner.output

    def short(learner, logmel):
        if len(logmel) > most_clips:
            raise torch.OutOfMemoryError
        return output(learner, logmel)

    monkeypatch.setattr(Learner, "output", short)


def test_a_card_short_of_memory_gets_a_batch_in_parts_and_says_so(monkeypatch, capsys):
    """Without batch statistics the step is the same."""
    rng = torch.Generator().manual_seed(1)
    truth = (torch.rand(7, 3, generator=rng) < 0.5).float()
    logmel, softer = torch.randn(2, 7, FRAMES, MELS, generator=rng)
    batch = Batch(list("abcdefg"), logmel, truth, softer)
    whole, parted = learner_of_a_dnn(), learner_of_a_dnn()
    expected = whole.step(batch, 1e-2)
    short_of_memory(monkeypatch, 2)
    assert parted.step(batch, 1e-2) == pytest.approx(expected, rel=1e-5)
    assert parted.parts == 4
    assert (
        "iteration 1: the card has no memory for a batch, which comes in 4 parts"
        in capsys.readouterr().err
    )
    for mine, other in zip(parted.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.allclose(mine, other, atol=1e-5)


def test_a_card_without_memory_for_one_clip_is_told_in_one_line(monkeypatch):
    short_of_memory(monkeypatch, 0)
    batch = Batch(list("ab"), torch.zeros(2, FRAMES, MELS), torch.zeros(2, 3))
    with pytest.raises(TrainingError, match="iteration 1: the card has no memory for one clip; "):
        learner_of_a_dnn().step(batch, 1e-2)


def taught_batch() -> Batch:
    batch = small_batch()
    return batch._replace(softer=batch.logmel.roll(1, dims=1) * 2)


def taught_learner(precision: str) -> Learner:
    torch.manual_seed(1)
    model = SegmentationModel(SMALL, GWRP, CLASSES, {}, MELS)
    return start_learner(model, "cpu", precision, 1, TAUGHT, average=0.9)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_the_teacher_is_the_average_in_use_and_hears_the_softer_scene(precision):
    learner, batch = taught_learner(precision), taught_batch()
    for _ in range(3):  # until weights and their average differ
        learner.step(batch, 1e-2)
    now, teacher = (SegmentationModel(SMALL, GWRP, CLASSES, {}, MELS) for _ in range(2))
    now.load_state_dict(learner.model.state_dict())
    teacher.load_state_dict(learner.average.weights)
    with torch.no_grad():
        said, taught = now.train()(batch.logmel), teacher.eval()(batch.softer).frame_scores
    expected = TAUGHT(said, batch.truth) + 2 * consistency_loss(
        said.frame_scores, taught, batch.truth
    )
    tolerance = 1e-5 if precision == "fp32" else 2e-2
    assert learner.step(batch, 1e-2) == pytest.approx(expected.item(), abs=tolerance)


def test_a_teacher_that_is_not_finite_is_told_and_changes_no_weight():
    learner = taught_learner("fp32")
    before = [parameter.clone() for parameter in learner.model.parameters()]
    learner.average.weights["network.final_conv.bias"].fill_(math.nan)
    with pytest.raises(TrainingError, match="the teacher's score is not finite on the clips a, a"):
        learner.step(taught_batch(), 1e-3)
    assert all(map(torch.equal, before, learner.model.parameters()))
