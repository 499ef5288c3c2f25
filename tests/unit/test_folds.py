import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.folds import FoldError, assign_files, assign_grouped, assign_published, members_of


def test_published_folds_are_the_golden_ones(golden, golden_recordings):
    folds = assign_published(*golden_recordings, n_folds=4, seed=1234)
    expected = pd.read_csv(golden / "mixing" / "dcase2018_task2_validate_meta.csv")
    events = folds[folds.role == "event"]
    assert list(events["name"]) == list(expected.fname)
    assert list(events.fold) == list(expected.fold)
    assert set(folds[folds.role == "scene"].fold) == {0}


def recordings(sources: list[tuple[str, str]], verified: bool = True) -> pd.DataFrame:
    return pd.DataFrame(
        [(f"{i}.wav", label, source, True, verified) for i, (label, source) in enumerate(sources)],
        columns=["name", "label", "source", "usable", "verified"],
    )


SCENES = recordings([("park", f"park-{i // 2}") for i in range(16)])


@given(
    takes=st.lists(st.integers(1, 5), min_size=4, max_size=12),
    n_folds=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_grouped_folds_keep_a_source_together_and_fill_each_fold(takes, n_folds, seed):
    events = recordings(
        [(label, f"{label}{s}") for label in "AB" for s, n in enumerate(takes) for _ in range(n)]
    )
    folds = assign_grouped(SCENES, events, n_folds, seed)
    assert (folds.groupby(["role", "source"]).fold.nunique() == 1).all()
    held = folds[folds.role == "event"].groupby("label").fold.unique()
    assert all(set(range(1, n_folds + 1)) == set(found) for found in held)
    scene_counts = folds[folds.role == "scene"].fold.value_counts()
    assert scene_counts.max() - scene_counts.min() <= 2


def test_too_few_sources_or_locations_are_named():
    events = recordings([("A", f"a{i}") for i in range(4)] + [("B", f"b{i % 3}") for i in range(9)])
    with pytest.raises(FoldError, match=r"class B: .* 3 sources cannot fill 4 folds"):
        assign_grouped(SCENES, events, 4, 0)
    with pytest.raises(FoldError, match=r"8 scene locations cannot fill 9 folds"):
        assign_grouped(SCENES, recordings([("A", f"a{i}") for i in range(9)]), 9, 0)


def test_single_files_fill_each_fold_with_scenes_of_its_own():
    events = recordings([("A", "one source") for _ in range(8)])
    folds = assign_files(SCENES, events, 4, 0)
    assert set(folds[folds.role == "scene"].fold) == {1, 2, 3, 4}
    assert sorted(folds[folds.role == "event"].fold) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert set(folds[folds.role == "event"].source) == {"one source"}


def test_members_are_usable_and_of_the_fold(tmp_path):
    scenes = pd.DataFrame({"name": list("abcd"), "usable": [True, True, False, True]})
    events = pd.DataFrame(
        {"name": list("wxyz"), "usable": True, "verified": [True, True, False, True]}
    )
    table = pd.DataFrame(
        {
            "role": ["scene"] * 4 + ["event"] * 4,
            "name": list("abcdwxyz"),
            "label": "l",
            "source": "s",
            "fold": [0, 0, 0, 0, 1, 2, 1, 1],  # the published plan has scenes in no fold
        }
    )
    table.to_csv(tmp_path / "folds.csv", index=False)
    of_fold = [
        members_of(tmp_path / "folds.csv", scenes, events, fold, planned)
        for fold, planned in ((1, ["a", "c"]), (2, ["d"]))
    ]
    assert [list(members["scene"]["name"]) for members in of_fold] == [["a"], ["d"]]
    assert [list(members["event"]["name"]) for members in of_fold] == [["w", "z"], ["x"]]
