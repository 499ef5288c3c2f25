from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.selection import Selection, best_row


def rows(losses):
    return [{"validation_loss": loss} for loss in losses]


def test_the_best_row_is_the_first_with_the_smallest_loss():
    assert best_row(rows([0.5, 0.3, math.nan, 0.3, 0.4])) == 1
    assert best_row(rows([math.nan])) is None
    assert best_row([]) is None


@pytest.mark.parametrize(
    "losses,gives_up",
    [
        ([], False),
        ([0.3, 0.4], False),
        ([0.3, 0.4, 0.5], True),
        ([0.5, 0.4, 0.3], False),
        ([0.3, 0.4, 0.3], True),
        ([math.nan] * 9, False),
    ],
)
def test_patience_ends_after_two_rows_without_a_better_one(losses, gives_up):
    assert Selection(patience=2).gives_up(rows(losses)) == gives_up


@given(losses=st.lists(st.floats(0, 10)))
def test_no_patience_never_gives_up(losses):
    assert not Selection().gives_up(rows(losses))


def test_another_word_is_named():
    with pytest.raises(ValueError, match="keep: expected one of last, best, got 'first'"):
        Selection("first")
