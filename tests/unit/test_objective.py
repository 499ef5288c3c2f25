from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from weakseg.model import ModelOutput
from weakseg.objective import Objective, absent_loss, consistency_loss


def output(logits: torch.Tensor) -> ModelOutput:
    masks = logits.sigmoid()
    return ModelOutput(logits, masks, masks.mean(3), (masks,), False, None, masks.mean((2, 3)))


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


def test_the_foreground_is_the_cross_entropy_of_its_map(logits):
    said, share = output(logits), torch.rand(3, 5, 4, generator=torch.manual_seed(1))
    said = replace(said, foreground_logits=logits[:, 0])
    expected = F.binary_cross_entropy(logits[:, 0].sigmoid(), share)
    more = Objective(foreground=2.0)(said, TRUTH, foreground=share) - Objective()(said, TRUTH)
    assert more == pytest.approx(2 * expected.item(), abs=1e-5)
    assert Objective()(said, TRUTH, foreground=share) == Objective()(said, TRUTH)
    for unknown, known in ((said, None), (output(logits), share)):
        with pytest.raises(ValueError, match="a model that learns it, and fresh mixtures"):
            Objective(foreground=2.0)(unknown, TRUTH, foreground=known)


def test_consistency_is_the_cross_entropy_of_the_frames_of_present_classes():
    scores, taught = (torch.rand(3, 2, 5, generator=torch.manual_seed(i)) for i in (1, 2))
    each = [
        F.binary_cross_entropy(scores[clip, label], taught[clip, label]).item()
        for clip, label in ((0, 0), (2, 0), (2, 1))
    ]
    assert consistency_loss(scores, taught, TRUTH).item() == pytest.approx(sum(each) / 6)


def test_consistency_pulls_towards_the_teacher_where_the_class_is():
    scores = torch.full((3, 2, 5), 0.5, requires_grad=True)
    taught = torch.tensor([0.0, 0.2, 0.5, 0.8, 1.0]).expand(3, 2, 5)
    consistency_loss(scores, taught, TRUTH).backward()
    assert not scores.grad[TRUTH == 0].any()
    signs = torch.tensor([1.0, 1.0, 0.0, -1.0, -1.0])
    assert (scores.grad[TRUTH == 1].sign() == signs).all()


def test_scores_at_the_ends_have_a_loss_and_a_gradient():
    """A mean of ones may be rounded to more than 1; whoever is surely wrong is corrected."""
    scores = torch.tensor([0.0, 1.0, 1 + 1e-7]).expand(3, 2, 3).clone().requires_grad_()
    loss = consistency_loss(scores, torch.tensor([1 + 1e-7, 0.0, 0.0]).expand(3, 2, 3), TRUTH)
    loss.backward()
    assert loss.isfinite() and scores.grad.isfinite().all()
    assert (scores.grad[TRUTH == 1][:, :2].sign() == torch.tensor([-1.0, 1.0])).all()


def test_the_teacher_s_weight_rises_once_and_stays():
    objective = Objective(consistency=3.0, iterations=100)
    weights = [objective.consistency_weight(iteration) for iteration in range(100)]
    assert weights[:21] == [0] * 21 and weights[30] == pytest.approx(1.5)
    assert weights[40:] == [3.0] * 60 and weights == sorted(weights)
    assert not any(Objective(iterations=100).consistency_weight(i) for i in range(100))
    assert Objective(consistency=3.0).consistency_weight(0) == 3


def test_the_teacher_counts_with_its_weight(logits):
    said = output(logits)
    teacher_scores = torch.rand(3, 2, 5, generator=torch.manual_seed(1))
    objective = Objective(absent=2.0, consistency=3.0, iterations=10)
    for iteration, weight in ((2, 0), (3, 1.5), (9, 3)):
        more = objective(said, TRUTH, teacher_scores, iteration) - objective(said, TRUTH)
        expected = weight * consistency_loss(said.frame_scores, teacher_scores, TRUTH)
        assert more.item() == pytest.approx(expected.item(), abs=1e-6)
