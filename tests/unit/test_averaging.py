from __future__ import annotations

import pytest
import torch
from torch import nn

from weakseg.averaging import WeightAverage


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def drift(model: nn.Module, value: float) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)


def test_it_follows_the_plain_recursion(model):
    drift(model, 5.0)
    average, expected = WeightAverage(model, 0.9), 5.0
    for iteration in range(1, 200):
        drift(model, float(iteration))
        average.update(model, iteration)
        kept = min(0.9, (1 + iteration) / (10 + iteration))  # less at first
        expected = kept * expected + (1 - kept) * iteration
    assert torch.allclose(average.weights["0.weight"], torch.tensor(expected), rtol=1e-5)


def test_counters_are_taken_as_they_are(model):
    average = WeightAverage(model, 0.9)
    model.train()(torch.randn(5, 3))
    average.update(model, 1)
    assert average.weights["1.num_batches_tracked"] == 1


def test_the_model_has_them_for_a_while(model):
    average = WeightAverage(model, 0.5)
    before = model[0].weight.clone()
    drift(model, 7.0)
    with average.inside(model):
        assert torch.equal(model[0].weight, before)
    assert (model[0].weight == 7).all()


def test_a_model_of_the_average_always_is_it(model):
    average = WeightAverage(model, 0.5)
    averaged = average.as_model(model)
    assert not averaged.training
    assert not any(parameter.requires_grad for parameter in averaged.parameters())
    for iteration in range(1, 4):
        drift(model, float(iteration))
        average.update(model, iteration)
        for name, value in averaged.state_dict().items():
            assert value.data_ptr() == average.weights[name].data_ptr(), name
    assert not torch.equal(averaged[0].weight, model[0].weight)
    average.load({name: value + 1 for name, value in model.state_dict().items()})
    assert torch.equal(averaged[0].weight, model[0].weight + 1)
