"""What the benchmarks hand to the workflow's steps is what these take."""

from importlib import import_module
from inspect import signature

import pytest

from benchmarks import inputs, memory, separation
from benchmarks.inputs import Inputs, use_scripts
from benchmarks.processes import Measured


def binds(function: str, cores: int = 1, /, **arguments: object) -> Measured:
    """In place of `measured`: TypeError if the function does not take these arguments."""
    module, name = function.split(":")
    signature(getattr(import_module(module), name)).bind(**arguments)
    return Measured(None, 0.0, 0.0)


@pytest.fixture(scope="module")
def part(tmp_path_factory):
    """The benchmarks' own inputs, with a plan."""
    made = Inputs(tmp_path_factory.mktemp("benchmarks"))
    inputs.plan_of(made)
    use_scripts()
    return made


def test_the_steps_take_what_they_are_called_with(part, monkeypatch):
    for module in (inputs, memory, separation):
        monkeypatch.setattr(module, "measured", binds)
    inputs.make_plan(part)
    memory.references_peak(part, 2)
    separation.separate_peak(part)
    fold = {name: part.path(name) for name in ("features", "predictions", "plan")}
    for step, call in {
        "tune_thresholds:tune_thresholds": memory.tune_call(part, fold),
        "segment:segment": inputs.segment_call(part, [], part.path("predictions.h5")),
    }.items():
        binds(step, **call)
    with pytest.raises(TypeError):
        binds("segment:segment", model="model.pt")
