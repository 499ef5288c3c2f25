"""Which clips are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.gallery.choose import ChoiceError, choose, overlap_f1


@pytest.mark.parametrize(
    ("found", "true", "expected"),
    [
        ([("a", 0, 1)], [("a", 0, 1)], 1.0),
        ([("a", 0.5, 1.5)], [("a", 0, 1)], 0.5),
        ([("b", 0, 1)], [("a", 0, 1)], 0.0),
        ([("a", 0, 1), ("b", 0, 1)], [("a", 0, 1)], 2 / 3),
        ([("a", 0, 1), ("a", 0.5, 2)], [("a", 0, 1), ("a", 1, 2)], 1.0),  # overlaps count once
        ([], [("a", 0, 1)], 0.0),
        ([], [], 1.0),
    ],
)
def test_score_is_the_f1_of_seconds(table, found, true, expected):
    assert overlap_f1(table(*found), table(*true)) == pytest.approx(expected)


events = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(1, 30)).map(
        lambda event: (event[0], float(event[1]), float(event[1] + event[2]))
    ),
    max_size=5,
)


@given(events, events)
def test_score_is_that_of_a_count_of_whole_seconds(table, found, true):
    def active(rows):
        return {(label, second) for label, on, off in rows for second in range(int(on), int(off))}

    mine, others = active(found), active(true)
    total = len(mine) + len(others)
    expected = 2 * len(mine & others) / total if total else 1.0
    assert overlap_f1(table(*found), table(*true)) == pytest.approx(expected)


SCORES = {
    "m": {"a": 0.1, "b": 0.9, "c": 0.5, "d": 0.2, "e": 0.6},
    "n": {"a": 0.3, "b": 0.9, "c": 0.0, "d": 0.2, "e": 0.1},
}


def test_best_worst_and_median_of_each_model_after_those_named():
    assert choose(SCORES, ["d"], 3) == {
        "d": ["named", "median clip of n: 0.20"],
        "b": ["best clip of m: 0.90", "best clip of n: 0.90"],
        "a": ["worst clip of m: 0.10"],
        "c": ["worst clip of n: 0.00", "median clip of m: 0.50"],
    }


def test_other_numbers_of_clips():
    assert choose(SCORES, [], 0) == {}
    assert list(choose(SCORES, ["e"], 0)) == ["e"]
    assert choose({"m": SCORES["m"]}, [], 1) == {"b": ["best clip of m: 0.90"]}
    five = choose({"m": SCORES["m"]}, [], 5)
    assert list(five) == ["b", "a", "e", "d", "c"]
    assert five["e"] == ["clip 2 of 5 of m: 0.60"] and five["c"] == ["median clip of m: 0.50"]


def test_fewer_clips_than_places_are_shown_once():
    chosen = choose({"m": {"a": 0.5}}, [], 3)
    assert chosen == {
        "a": ["best clip of m: 0.50", "worst clip of m: 0.50", "median clip of m: 0.50"]
    }


def test_equal_scores_go_by_name():
    assert list(choose({"m": {"b": 1.0, "a": 1.0}}, [], 2)) == ["a", "b"]


def test_a_name_that_is_no_clip_is_refused_in_one_line():
    with pytest.raises(
        ChoiceError, match=r"^gallery.clips: z is none of the 5 clips .* as a; "
    ) as caught:
        choose(SCORES, ["a", "z"], 3)
    assert "\n" not in str(caught.value)
