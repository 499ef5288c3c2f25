"""Tests of what holds for any input: for some examples in `make test`, for many in `make soak`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

SOAK = 25  # times the examples


def holds(
    examples: int = 20, **strategies: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[[int], None]]:
    """Make a check of one example, with an argument a strategy, a test of so many examples.

    They are the same in every run (the profile that pyproject.toml names).
    """

    def as_test(check: Callable[..., None]) -> Callable[[int], None]:
        @pytest.mark.parametrize(
            "n_examples",
            [examples, pytest.param(SOAK * examples, marks=pytest.mark.soak)],
            ids=["some", "many"],
        )
        def test(n_examples: int) -> None:
            settings(max_examples=n_examples)(given(**strategies)(check))()

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return as_test
