from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from weakseg.model import ModelOutput
from weakseg.objective import Objective, absent_loss


def output(logits: torch.Tensor) -> ModelOutput:
    masks = logits.sigmoid()
    return ModelOutput(logits, masks, masks.mean(3), (masks,), False, masks.mean((2, 3)))


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(3, 2, 5, 4, generator=torch.manual_seed(0))


TRUTH = torch.tensor([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])


def test_the_published_loss_is_that_of_the_probabilities(logits):
    said = output(logits)
    expected = F.binary_cross_entropy(said.clip_probabilities, TRUTH)
    assert Objective()(said, TRUTH) == expected


def test_absent_classes_are_negative_in_each_cell(logits):
    absent = (1 - TRUTH)[:, :, None, None].expand_as(logits)
    cells = F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits), reduction="none")
    assert absent_loss(logits, TRUTH) == pytest.approx((cells * absent).mean().item(), abs=1e-6)
    whole = Objective(absent=2.0)(output(logits), TRUTH) - Objective()(output(logits), TRUTH)
    assert whole == pytest.approx(2 * absent_loss(logits, TRUTH).item(), abs=1e-6)


def test_present_classes_get_no_gradient_from_it(logits):
    logits.requires_grad_()
    absent_loss(logits, TRUTH).backward()
    assert not logits.grad[TRUTH == 1].any()
    assert (logits.grad[TRUTH == 0] > 0).all()
