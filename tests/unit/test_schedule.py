from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.schedule import Schedule


def test_published_steps():
    schedule = Schedule("steps", 1e-3, 10_000, decay=0.9, decay_every=200)
    assert [schedule.at(i) for i in (0, 199, 200, 400)] == pytest.approx([1e-3, 1e-3, 9e-4, 8.1e-4])


def test_cosine_falls_to_nothing():
    schedule = Schedule("cosine", 2.0, 100)
    rates = [schedule.at(i) for i in range(100)]
    assert rates[0] == 2
    assert rates[50] == pytest.approx(1)
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.01


@given(kind=st.sampled_from(["steps", "cosine"]), warmup=st.integers(1, 50))
def test_warmup_rises_first(kind, warmup):
    schedule = Schedule(kind, 1.0, 1000, decay=0.5, decay_every=100, warmup=warmup)
    rates = [schedule.at(i) for i in range(warmup)]
    assert rates == sorted(rates)
    assert rates[0] <= 0.51
    assert all(0 < schedule.at(i) <= 1 for i in range(1000))
