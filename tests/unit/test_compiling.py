"""weakseg.compiling: training with torch.compile."""

import shutil

import pytest
import torch
from torch._dynamo.exc import TorchDynamoException

from weakseg.batches import Batch
from weakseg.hardware import prepare
from weakseg.learner import Learner, start_learner
from weakseg.model import SegmentationModel

CLASSES, FRAMES, MELS = list("abc"), 17, 8
GWRP = {"type": "gwrp", "decay": 0.99}


CPU = torch.device("cpu")


def learner(compiled: bool, precision: str = "fp32") -> Learner:
    torch.manual_seed(1)
    network = {"type": "published", "widths": [4]}
    model = SegmentationModel(network, GWRP, CLASSES, {}, MELS)
    prepare(model, CPU, 1)
    return Learner(model, torch.optim.Adam(model.parameters()), CPU, precision, compiled=compiled)


def batch(n_clips: int) -> Batch:
    random = torch.Generator().manual_seed(n_clips)
    truth = (torch.rand(n_clips, 3, generator=random) < 0.5).float()
    logmel = torch.randn(n_clips, FRAMES, MELS, generator=random)
    return Batch([f"clip{number}" for number in range(n_clips)], logmel, truth)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="needs g++, with which torch.compile compiles")
@pytest.mark.parametrize(("precision", "most"), [("fp32", 1e-5), ("bf16", 1e-2)])
def test_a_compiled_model_learns_the_same(precision, most):
    eager, compiled = learner(False, precision), learner(True, precision)
    for clips in (batch(4), batch(4)):
        assert compiled.step(clips, 1e-2) == pytest.approx(eager.step(clips, 1e-2), abs=most)
    weights = (list(one.result().parameters()) for one in (compiled, eager))
    for mine, other in zip(*weights, strict=True):
        assert torch.allclose(mine, other, atol=10 * most)


def test_on_a_cpu_nothing_is_compiled(no_compiler):
    one = start_learner(learner(False).model, "cpu", "fp32", 1, compiled=True)
    assert one.step(batch(2), 1e-2) > 0


@pytest.fixture
def no_compiler(monkeypatch):
    def fails(*_):
        raise TorchDynamoException("no C++\ncompiler\nSet TORCHDYNAMO_VERBOSE=1 for more")

    monkeypatch.setattr(torch, "compile", lambda cells: fails)


def test_what_the_compiler_says_becomes_one_line(no_compiler):
    one, clips = learner(True), batch(2)
    for use in (lambda: one.step(clips, 1e-2), lambda: one.output(clips.logmel)):
        with pytest.raises(ValueError) as caught:
            use()
        assert str(caught.value) == (
            "training.compile: torch cannot compile this model here (no C++ compiler); "
            "set it to false, or install what the compiler misses"
        )


@pytest.mark.parametrize("error", [ValueError, MemoryError, RuntimeError, torch.OutOfMemoryError])
def test_what_is_no_error_of_the_compiler_stays_as_it_is(monkeypatch, error):
    def fails(logmel):
        raise error("as it is")

    one = learner(True)
    monkeypatch.setattr(one, "cells", fails)
    with pytest.raises(error, match="as it is"):
        one.output(batch(2).logmel)


def test_a_model_that_is_not_compiled_needs_no_compiler(no_compiler):
    assert learner(False).step(batch(2), 1e-2) > 0
