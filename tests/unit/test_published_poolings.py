"""weakseg.pooling: the three of the paper, and ranking at any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from weakseg.pooling import build_pooling
from weakseg.rank_weights import rank_weights, weights_by_rank

GOLDEN = Path(__file__).parents[1] / "golden"


def plain_gwrp(masks: Tensor, decay: float) -> Tensor:
    """The definition, with the gradient that torch finds through its own sort."""
    cells = masks.flatten(2).sort(dim=2, descending=True, stable=True).values
    weights = torch.pow(torch.tensor(decay, dtype=torch.float64), torch.arange(cells.shape[2]))
    return (cells * weights).sum(2) / weights.sum()


def value_and_gradient(pooled: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    (gradient,) = torch.autograd.grad(pooled.square().sum(), masks)
    return pooled.detach(), gradient


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(GOLDEN / "pooling.npz"))


@pytest.mark.parametrize("name", ["gmp", "gap"])
def test_published_maximum_and_average(golden, name):
    pooled = build_pooling({"type": name}, 2)(torch.from_numpy(golden["maps"]))
    assert np.abs(pooled.numpy() - golden[name]).max() <= 1e-6


def test_published_weighted_rank_and_its_gradient(golden):
    masks = torch.from_numpy(golden["maps"]).requires_grad_()
    pooling = build_pooling({"type": "gwrp", "decay": float(golden["decay"])}, 2)
    pooled, gradient = value_and_gradient(pooling(masks), masks)
    assert np.abs(pooled.numpy() - golden["gwrp"]).max() <= 1e-6
    # Cells that tie share their ranks' weights in whatever order a sort leaves them.
    for cells, ours, published in zip(
        *(
            a.reshape(6, -1)
            for a in (golden["maps"], gradient, golden["gwrp_grad_of_sum_of_squares"])
        ),
        strict=True,
    ):
        _, level, count = np.unique(cells, return_inverse=True, return_counts=True)
        difference = ours.numpy().astype(float) - published
        assert np.abs(difference[count[level] == 1]).max() <= 1e-8
        assert np.abs(np.bincount(level, difference)).max() <= 1e-8


@given(
    shape=st.tuples(*[st.integers(1, 7)] * 4),
    decay=st.floats(0, 1),
    levels=st.sampled_from([2, 5, 1000]),
    seed=st.integers(0, 99),
)
def test_weighted_rank_is_the_sorted_sum_with_ties_and_any_shape(shape, decay, levels, seed):
    generator = torch.Generator().manual_seed(seed)
    ties = torch.randint(levels, shape, generator=generator) / (levels - 1)
    masks = ties.double().requires_grad_()
    expected, expected_gradient = value_and_gradient(plain_gwrp(masks, decay), masks)
    masks = ties.requires_grad_()
    pooled, gradient = value_and_gradient(
        build_pooling({"type": "gwrp", "decay": decay}, shape[1])(masks), masks
    )
    assert pooled.numpy() == pytest.approx(expected.numpy(), abs=1e-6)
    assert gradient.numpy() == pytest.approx(expected_gradient.numpy(), abs=1e-6)


def test_weighted_rank_of_many_masks_is_the_same_in_any_number_of_threads():
    cells = torch.rand(11, 300, generator=torch.Generator().manual_seed(1))
    weights = rank_weights(300, 0.99)
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            results.append(weights_by_rank(cells, weights))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*results)


def test_weighted_rank_lies_between_average_and_maximum():
    masks = torch.rand(2, 3, 9, 5, generator=torch.Generator().manual_seed(2))
    pooled = {
        name: build_pooling({"type": "gwrp", "decay": decay}, 3)(masks)
        for name, decay in (("gmp", 0), ("between", 0.9), ("gap", 1))
    }
    for name in ("gmp", "gap"):
        assert pooled[name].numpy() == pytest.approx(
            build_pooling({"type": name}, 3)(masks).numpy()
        )
    assert (pooled["gap"] < pooled["between"]).all()
    assert (pooled["between"] < pooled["gmp"]).all()


def test_the_gradient_of_the_maximum_goes_to_one_cell():
    masks = torch.tensor([0.2, 0.7, 0.7, 0.1]).reshape(1, 1, 2, 2).requires_grad_()
    (gradient,) = torch.autograd.grad(build_pooling({"type": "gmp"}, 1)(masks).sum(), masks)
    assert sorted(gradient.flatten().tolist()) == [0, 0, 0, 1]
    assert gradient[masks < 0.7].sum() == 0


@pytest.mark.parametrize("shape", [(3, 7, 1), (9, 400, 64), (1, 3, 90_000)])
def test_the_weights_of_rows_of_any_length_are_those_of_torchs_sort(shape):
    cells = torch.randint(9, shape, generator=torch.Generator().manual_seed(4)) / 8
    weights = np.arange(shape[-1], dtype=np.float32)
    assert torch.equal(
        weights_by_rank(cells, weights).double(), weights_by_rank(cells.double(), weights)
    )
