"""weakseg.pooling: what all poolings share, and what each one's options do."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from weakseg.pooling import POOLINGS, Pooling, build_pooling

SPECS: list[dict[str, Any]] = [
    {"type": "gmp"},
    {"type": "gap"},
    {"type": "gwrp", "decay": 0.9},
    {"type": "gwrp", "decay": 0.9, "learnable": True},
    {"type": "linear_softmax"},
    {"type": "exp_softmax"},
    {"type": "exp_softmax", "sharpness": 20},
    {"type": "power_mean", "exponent": 1.5},
    {"type": "power_mean", "exponent": 8},
    {"type": "auto_pool", "sharpness": 0.5},
    {"type": "attention"},
]
ORDERS = ("joint", "frequency_first")
each_pooling = pytest.mark.parametrize(
    "spec",
    [spec | {"order": order} for spec in SPECS for order in ORDERS],
    ids=lambda spec: "-".join(map(str, spec.values())),
)
few_examples = settings(max_examples=15)  # of each of the many poolings
shapes = st.tuples(*[st.integers(1, 6)] * 4)
seeds = st.integers(0, 999)


def draw(shape: tuple[int, ...], seed: int, levels: int | None = None) -> tuple[Tensor, Tensor]:
    """Masks, with ties if there are few `levels`, else all different; and a second map."""
    generator = torch.Generator().manual_seed(seed)
    if levels is None:
        cells = (torch.randperm(math.prod(shape), generator=generator) + 1.0) / math.prod(shape)
    else:
        cells = torch.randint(levels, shape, generator=generator) / (levels - 1)
    return cells.reshape(shape), torch.randn(shape, generator=generator)


def pool(pooling: Pooling, masks: Tensor, second: Tensor) -> Tensor:
    return pooling(masks, *[second] * (pooling.maps_per_class - 1))


def textbook(spec: dict[str, Any], masks: Tensor, second: Tensor) -> Tensor:
    """The formula, in float64, with the gradient that torch finds."""
    kind, options = spec["type"], spec
    decay, q, a = (options.get(o, d) for o, d in (("decay", 0), ("exponent", 1), ("sharpness", 1)))

    def over_last(x: Tensor, v: Tensor) -> Tensor:
        if kind == "gmp":
            return x.max(-1).values
        if kind == "gwrp":
            x = x.sort(-1, descending=True).values
            weights = torch.pow(torch.tensor(decay, dtype=x.dtype), torch.arange(x.shape[-1]))
        else:
            weights = {
                "gap": torch.ones_like(x),
                "linear_softmax": x,
                "power_mean": x**q,
                "exp_softmax": torch.exp(a * x),
                "auto_pool": torch.exp(a * x),
                "attention": torch.exp(v),
            }[kind]
        return (weights * x).sum(-1) / weights.sum(-1)

    if spec["order"] == "joint":
        return over_last(masks.flatten(2), second.flatten(2))
    return over_last(over_last(masks, second), second.mean(3))


def test_the_properties_are_tested_for_every_type():
    assert {spec["type"] for spec in SPECS} == set(POOLINGS)


@each_pooling
@few_examples
@given(shape=shapes, seed=seeds)
def test_value_and_gradient_are_those_of_the_formula(spec, shape, seed):
    masks, second = (m.requires_grad_() for m in draw(shape, seed))
    maps = [masks, second] if spec["type"] == "attention" else [masks]
    doubles = [m.detach().double().requires_grad_() for m in (masks, second)]
    pooled = pool(build_pooling(spec, shape[1]), masks, second)
    expected = textbook(spec, *doubles)
    assert pooled.dtype == torch.float32
    assert pooled.detach().numpy() == pytest.approx(expected.detach().numpy(), abs=2e-6)
    gradients = torch.autograd.grad(pooled.square().sum(), maps)
    wanted = torch.autograd.grad(expected.square().sum(), doubles[: len(maps)])
    for gradient, one_wanted in zip(gradients, wanted, strict=True):
        assert gradient.numpy() == pytest.approx(one_wanted.numpy(), rel=1e-4, abs=1e-5)


@each_pooling
def test_the_gradient_is_that_of_finite_differences_also_of_the_parameters(spec):
    pooling = build_pooling(spec, 2).double()
    # A value of 1 has no finite difference upwards: it is kept in 0..1.
    inputs = [(0.9 * m.double()).requires_grad_() for m in draw((2, 2, 3, 4), 5)]
    parameters = list(pooling.parameters())
    assert bool(parameters) == (spec["type"] == "auto_pool" or "learnable" in spec)
    for parameter in parameters:
        parameter.data += torch.tensor([0.3, -0.6])

    def pooled(masks: Tensor, second: Tensor, *_: Tensor) -> Tensor:
        return pool(pooling, masks, second)

    assert torch.autograd.gradcheck(pooled, [*inputs, *parameters], eps=1e-5, atol=1e-7)


@each_pooling
@few_examples
@given(shape=shapes, seed=seeds, levels=st.sampled_from([2, 5, 1000]))
def test_the_value_lies_between_the_smallest_and_the_largest_cell(spec, shape, seed, levels):
    masks, second = draw(shape, seed, levels)
    pooled = pool(build_pooling(spec, shape[1]), masks, second)
    assert (pooled >= masks.amin((2, 3)) - 1e-6).all()
    assert (pooled <= masks.amax((2, 3)) + 1e-6).all()
    assert (pooled >= 0).all() and (pooled <= 1).all()


@each_pooling
@few_examples
@given(shape=shapes, seed=seeds)
def test_the_order_of_cells_changes_nothing(spec, shape, seed):
    masks, second = draw(shape, seed, 7)
    generator = torch.Generator().manual_seed(seed)
    frames, mels = (torch.randperm(n, generator=generator) for n in shape[2:])
    cells = torch.randperm(shape[2] * shape[3], generator=generator)

    def moved(maps: Tensor) -> Tensor:
        if spec["order"] == "joint":
            return maps.flatten(2)[..., cells].reshape(shape)
        return maps[:, :, frames][..., mels]

    pooling = build_pooling(spec, shape[1])
    difference = pool(pooling, moved(masks), moved(second)) - pool(pooling, masks, second)
    assert difference.abs().max() <= 1e-6


def value_of_ones(spec: dict[str, Any], ones: int, cells: int, height: float = 1) -> float:
    """What the formula makes of `ones` cells of `height` and of zeros else."""
    if spec["type"] in ("gap", "attention"):  # whose second map is flat in the test
        return height * ones / cells
    if spec["type"] == "gwrp":
        return height * (1 - spec["decay"] ** ones) / (1 - spec["decay"] ** cells)
    if spec["type"] in ("exp_softmax", "auto_pool"):
        factor = math.exp(height * spec.get("sharpness", 1))
        return height * ones * factor / (ones * factor + cells - ones)
    return height


@each_pooling
@few_examples
@given(sides=st.tuples(*[st.integers(1, 40)] * 4))
def test_the_value_of_a_perfect_mask_of_any_size(spec, sides):
    (n_frames, frames), (n_mels, mels) = sorted(sides[:2]), sorted(sides[2:])
    masks = torch.zeros(1, 1, frames, mels)
    masks[:, :, :n_frames, :n_mels] = 1
    pooled = pool(build_pooling(spec, 1), masks, torch.zeros_like(masks)).item()
    if spec["order"] == "joint":
        expected = value_of_ones(spec, n_frames * n_mels, frames * mels)
    else:
        height = value_of_ones(spec, n_mels, mels)
        expected = value_of_ones(spec, n_frames, frames, height)
    assert pooled == pytest.approx(expected, abs=2e-6)
    if spec["type"] in ("gmp", "linear_softmax", "power_mean"):
        assert pooled == 1


@each_pooling
@few_examples
@given(shape=shapes, seed=seeds, rise=st.floats(0.001, 1))
def test_a_larger_cell_never_lowers_the_value_where_that_is_promised(spec, shape, seed, rise):
    if spec["type"] in ("linear_softmax", "power_mean") or spec.get("sharpness", 0) > 1:
        pytest.skip("these lower small cells beside large ones")
    masks, second = draw(shape, seed, 7)
    higher = masks.clone()
    higher[:, :, seed % shape[2], seed % shape[3]] += rise
    pooling = build_pooling(spec, shape[1])
    change = pool(pooling, higher.clamp(max=1), second) - pool(pooling, masks, second)
    assert (change >= -1e-6).all()


@pytest.mark.parametrize("q", [1, 2])
def test_a_power_mean_lowers_cells_below_a_share_of_it(q):
    masks = draw((1, 1, 5, 4), 6)[0].requires_grad_()
    pooled = build_pooling({"type": "power_mean", "exponent": q}, 1)(masks)
    (gradient,) = torch.autograd.grad(pooled.sum(), masks)
    assert torch.equal(gradient < 0, masks < q / (q + 1) * pooled.item())


def test_linear_softmax_is_the_power_mean_of_exponent_one():
    masks, _ = draw((2, 3, 5, 4), 7)
    power_mean = build_pooling({"type": "power_mean", "exponent": 1}, 3)(masks)
    linear = build_pooling({"type": "linear_softmax"}, 3)(masks)
    assert power_mean.numpy() == pytest.approx(linear.numpy(), abs=1e-6)


FLAT = (0, 1e-42, 1e-30, 1e-22, 1e-7, 0.5, 1)  # 1e-42 is subnormal


@each_pooling
@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (31, 12)], ids=["one cell", "many cells"])
def test_flat_masks_have_their_value_and_a_finite_gradient_of_the_loss(spec, label, shape):
    second = torch.randn(2, len(FLAT), *shape, generator=torch.Generator().manual_seed(8))
    masks = torch.tensor(FLAT)[:, None, None].expand(second.shape).clone().requires_grad_()
    pooling = build_pooling(spec, len(FLAT))
    pooled = pool(pooling, masks, second.requires_grad_())
    assert (pooled - torch.tensor(FLAT)).abs().max() <= 1e-6
    F.binary_cross_entropy(pooled, torch.full_like(pooled, label)).backward()
    used = [masks, *pooling.parameters(), *[second] * (pooling.maps_per_class - 1)]
    assert all(leaf.grad.isfinite().all() for leaf in used)


@each_pooling
def test_masks_of_16_bits_are_pooled_in_float32(spec):
    masks, second = (m.bfloat16().requires_grad_() for m in draw((2, 2, 31, 12), 9))
    pooling = build_pooling(spec, 2)
    pooled = pool(pooling, masks, second)
    assert pooled.dtype == torch.float32
    assert torch.equal(pooled, pool(pooling, masks.float(), second.float()))
    pooled.sum().backward()
    assert masks.grad.isfinite().all()


@each_pooling
def test_a_mask_that_is_no_number_shows(spec):
    masks, second = draw((1, 1, 2, 3), 10)
    masks[0, 0, 1, 1] = float("nan")
    assert pool(build_pooling(spec, 1), masks, second).isnan().all()


# ---------------------------------------------------------------- parameters


def test_a_learned_decay_begins_where_it_is_told_and_stays_between_0_and_1():
    pooling = build_pooling({"type": "gwrp", "decay": 0.9998, "learnable": True}, 2)
    fixed = build_pooling({"type": "gwrp", "decay": 0.9998}, 2)
    masks, _ = draw((3, 2, 31, 12), 11)
    assert pooling(masks).detach().numpy() == pytest.approx(fixed(masks).numpy(), abs=1e-6)
    (logit,) = pooling.parameters()
    assert logit.sigmoid().tolist() == pytest.approx([0.9998, 0.9998], abs=1e-7)
    optimizer = torch.optim.SGD([logit], lr=1e3)
    labels = torch.tensor([0.0, 1.0]).expand(3, 2)  # towards the average; towards the maximum
    for _ in range(5):
        optimizer.zero_grad()
        F.binary_cross_entropy(pooling(masks), labels).backward()
        optimizer.step()
    decays = logit.sigmoid()
    assert 0 <= decays[1] < 0.99 < 0.9998 < decays[0] <= 1
    assert pooling(masks).isfinite().all()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("learned", "fixed", "name", "values"),
    [
        (
            {"type": "gwrp", "decay": 0.5, "learnable": True},
            [{"type": "gwrp", "decay": 0.8}, {"type": "gwrp", "decay": 0.98}],
            "decay_logit",
            [math.log(4), math.log(49)],
        ),
        (
            {"type": "auto_pool"},
            [{"type": "exp_softmax", "sharpness": 3}, {"type": "exp_softmax", "sharpness": 9}],
            "sharpness",
            [3.0, 9.0],
        ),
    ],
    ids=["gwrp", "auto_pool"],
)
def test_each_class_has_its_own_parameter_in_the_state(order, learned, fixed, name, values):
    pooling = build_pooling(learned | {"order": order}, 2)
    assert list(pooling.state_dict()) == [name]
    pooling.load_state_dict({name: torch.tensor(values)})
    masks, _ = draw((3, 2, 5, 4), 12)
    for index, spec in enumerate(fixed):
        expected = build_pooling(spec | {"order": order}, 1)(masks[:, [index]])
        ours = pooling(masks)[:, [index]].detach()
        assert ours.numpy() == pytest.approx(expected.numpy(), abs=1e-6)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"type": "max"}, f"pooling.type: expected one of {', '.join(POOLINGS)}, got 'max'"),
        ({}, "pooling.type: expected one of gmp, gap, gwrp, linear_softmax, "),
        ({"type": "gwrp"}, "pooling gwrp: GlobalWeightedRankPooling.__init__() missing 1 required"),
        (
            {"type": "gmp", "decay": 1},
            "pooling gmp: Pooling.__init__() got an unexpected keyword",
        ),
        ({"type": "gwrp", "decay": "fast"}, "pooling gwrp: '<=' not supported between"),
        ({"type": "gwrp", "decay": 1.5}, "pooling.decay: expected a number in 0..1, got 1.5"),
        (
            {"type": "gwrp", "decay": 1, "learnable": True},
            "pooling.decay: learnable needs it above 0 and below 1, got 1",
        ),
        (
            {"type": "gap", "order": "time_first"},
            "pooling.order: expected one of joint, frequency_",
        ),
        ({"type": "power_mean"}, "pooling power_mean: PowerMeanPooling.__init__() missing 1 req"),
        (
            {"type": "power_mean", "exponent": 0.5},
            "pooling.exponent: expected a number from 1, got",
        ),
        ({"type": "exp_softmax", "sharpness": -1}, "pooling.sharpness: expected a number from 0"),
    ],
)
def test_a_bad_specification_is_named_in_one_line(spec, message):
    with pytest.raises(ValueError) as caught:
        build_pooling(spec, 3)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
