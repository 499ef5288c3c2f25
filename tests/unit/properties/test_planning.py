"""Folds and plans of any recordings: takes of several classes, unusable and unverified ones."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import assume
from hypothesis import strategies as st

from tests.properties import holds
from weakseg.folds import (
    FoldError,
    assign_files,
    assign_grouped,
    assign_published,
    members_of,
    read_folds,
)
from weakseg.plan import (
    PlannedMixture,
    plan_mixtures,
    plan_published,
    read_plan,
    shard_of,
    write_plan,
)
from weakseg.sealed import write_table

SECONDS, EVENT_SECONDS, MILLISECOND = 6.0, 2.0, 1e-3
Recordings = tuple[pd.DataFrame, pd.DataFrame, int]
"""Scenes, events, and into how many folds they can be split."""


@st.composite
def recordings(draw: st.DrawFn, of_one_class: bool = False) -> Recordings:
    """Each class has a usable, verified take of as many sources as there are folds, and others."""
    n_folds = draw(st.integers(2, 4))
    sure = [(label, f"{label}{i}", True, True) for label in "AB" for i in range(n_folds)]
    other = st.tuples(
        st.sampled_from("ABC" if not of_one_class else "AB"),
        st.sampled_from([f"{label}{i}" for label in "AB" for i in range(6)]),
        st.booleans(),
        st.booleans(),
    )
    rows = sure + draw(st.lists(other, max_size=25))
    if of_one_class:
        rows = [(label, label + source[1:], *flags) for label, source, *flags in rows]
    else:  # a class C with too few sources is another test's
        few = {s for label, s, usable, verified in rows if label == "C" and usable and verified}
        assume(not few or len(few) >= n_folds)
    order = draw(st.permutations(range(len(rows))))
    events = table([rows[i] for i in order], draw)
    extra = st.tuples(st.just("park"), st.sampled_from("vwxyz"), st.booleans(), st.just(True))
    places = [("park", f"p{i}", True, True) for i in range(n_folds)]
    scenes = table(places + draw(st.lists(extra, max_size=8)), draw)
    return scenes, events, n_folds


def table(rows: list[Any], draw: st.DrawFn) -> pd.DataFrame:
    columns = ["label", "source", "usable", "verified"]
    lengths = st.floats(0.02, 9.0, allow_subnormal=False)
    seconds = draw(st.lists(lengths, min_size=len(rows), max_size=len(rows)))
    index = pd.DataFrame(rows, columns=columns).assign(seconds=seconds, starts=0.0)
    index["starts"] = np.minimum(0.3, index["seconds"] / 2) * (np.arange(len(rows)) % 2)
    return index.assign(name=[f"{i}.wav" for i in range(len(rows))])


sets, single = recordings(), recordings(of_one_class=True)
seeds = st.integers(0, 2**32 - 1)


def grouped(split: Recordings, seed: int) -> pd.DataFrame:
    return assign_grouped(*split, seed)


@holds(split=sets, seed=seeds)
def test_no_source_lies_in_two_folds_and_no_row_gets_lost(split: Recordings, seed: int) -> None:
    scenes, events, n_folds = split
    folds = grouped(split, seed)
    assert list(folds["name"]) == [*scenes["name"], *events["name"]]
    assert set(folds["fold"]) == set(range(1, n_folds + 1))
    assert (folds.groupby(["role", "source"])["fold"].nunique() == 1).all()


@holds(split=sets, seed=seeds, shuffle=st.randoms(use_true_random=False))
def test_folds_know_the_seed_and_not_the_order_of_rows(
    split: Recordings, seed: int, shuffle: Any
) -> None:
    scenes, events, n_folds = split
    order = shuffle.sample(range(len(events)), len(events))
    again = assign_grouped(scenes, events.iloc[order], n_folds, seed)
    first = grouped(split, seed)
    pd.testing.assert_frame_equal(grouped(split, seed), first)
    fold_of = dict(zip(first["role"] + first["name"], first["fold"], strict=True))
    assert fold_of == dict(zip(again["role"] + again["name"], again["fold"], strict=True))


@holds(split=single, seed=seeds)
def test_a_class_is_spread_as_evenly_as_its_largest_source_lets_it(
    split: Recordings, seed: int
) -> None:
    _, events, n_folds = split
    fold = grouped(split, seed).query("role == 'event'")["fold"].to_numpy()
    counting = events.assign(fold=fold)[events.usable & events.verified]
    for _, mine in counting.groupby("label"):
        counts = [int((mine["fold"] == number).sum()) for number in range(1, n_folds + 1)]
        assert max(counts) - min(counts) <= mine["source"].value_counts().max()


@holds(split=sets, seed=seeds)
def test_single_files_are_spread_to_within_one(split: Recordings, seed: int) -> None:
    _, events, n_folds = split
    fold = assign_files(*split, seed).query("role == 'event'")["fold"].to_numpy()
    for _, mine in events.assign(fold=fold)[events.usable & events.verified].groupby("label"):
        counts = Counter(mine["fold"])
        each = [counts[number] for number in range(1, n_folds + 1)]
        assert max(each) - min(each) <= 1
    published = assign_published(*split, seed).query("role == 'event'")["fold"].value_counts()
    assert published.max() - published.min() <= 1 and len(events) == published.sum()


@holds(split=sets, seed=seeds, missing=st.integers(1, 3))
def test_too_few_sources_are_refused(split: Recordings, seed: int, missing: int) -> None:
    scenes, events, _ = split
    sources = events[events.usable & events.verified].groupby("label")["source"].nunique()
    try:
        assign_grouped(scenes, events, int(sources.min()) + missing, seed)
    except FoldError as error:
        assert re.search("sources? cannot fill", str(error)) and len(str(error).splitlines()) == 1
    else:
        raise AssertionError("a class lies in more folds than it has sources")


@holds(split=sets, seed=seeds, assign=st.sampled_from([assign_grouped, assign_published]))
def test_each_usable_recording_is_a_member_of_one_fold(
    split: Recordings, seed: int, assign: Any
) -> None:
    scenes, events, n_folds = split
    planned = [list(scenes["name"][first::n_folds]) for first in range(n_folds)]  # if in no fold
    with tempfile.TemporaryDirectory() as folder:
        write_table(Path(folder) / "folds.csv", assign(*split, seed))
        of_folds = [
            members_of(Path(folder) / "folds.csv", scenes, events, fold, planned[fold - 1])
            for fold in range(1, n_folds + 1)
        ]
        assert len(read_folds(Path(folder) / "folds.csv")) == len(scenes) + len(events)
    for role, index in ("scene", scenes[scenes.usable]), ("event", events[events.usable]):
        wanted = index[index.verified] if role == "event" else index
        found = [name for members in of_folds for name in members[role]["name"]]
        assert sorted(found) == sorted(wanted["name"])


def plan(split: Recordings, seed: int, **changes: Any) -> list[PlannedMixture]:
    options: dict[str, Any] = {
        "per_fold": 7,
        "n_events": 3,
        "onsets": "random",
        "overlap": False,
        "event_seconds": EVENT_SECONDS,
        "level_over": "heard",
        "seconds": SECONDS,
        "reshuffle": True,
    }
    return plan_mixtures(*split[:2], grouped(split, seed), seed=seed, **options | changes)


@holds(split=sets, seed=seeds, overlap=st.booleans(), level=st.sampled_from(["heard", "file"]))
def test_events_lie_within_their_mixture_and_apart(
    split: Recordings, seed: int, overlap: bool, level: str
) -> None:
    lengths = split[1].set_index("name")
    for mixture in plan(split, seed, overlap=overlap, level_over=level):
        spans = sorted((event["onset"], event["offset"]) for event in mixture["events"])
        assert spans[0][0] >= 0 and max(end for _, end in spans) <= SECONDS + 1e-9
        for event in mixture["events"]:
            row = lengths.loc[event["event_audio_name"]]
            heard = row["seconds"] - (row["starts"] if level == "heard" else 0.0)
            length = event["offset"] - event["onset"]
            assert abs(length - min(heard, EVENT_SECONDS)) < 1e-9
        if not overlap:
            assert all(b[0] >= a[1] - MILLISECOND for a, b in pairwise(spans))


@holds(split=sets, seed=seeds, reshuffle=st.booleans())
def test_mixtures_hold_recordings_of_their_fold_each_as_often(
    split: Recordings, seed: int, reshuffle: bool
) -> None:
    scenes, events, n_folds = split
    folds = grouped(split, seed).set_index(["role", "name"])["fold"]
    usable = set(events[events.usable & events.verified]["name"])
    label_of = dict(zip(events["name"], events["label"], strict=True))
    mixtures = plan(split, seed, reshuffle=reshuffle)
    assert [m["mixture_name"] for m in mixtures] == [f"{i:05d}.wav" for i in range(7 * n_folds)]
    assert [m["fold"] for m in mixtures] == [1 + i // 7 for i in range(7 * n_folds)]
    for fold in range(1, n_folds + 1):
        mine = [mixture for mixture in mixtures if mixture["fold"] == fold]
        chosen = [event for mixture in mine for event in mixture["events"]]
        counts = Counter(event["event_audio_name"] for event in chosen)
        there = [name for name in usable if folds["event", name] == fold]
        assert set(counts) <= set(there)
        each = [counts[name] for name in there]
        assert max(each) - min(each) <= 1
        assert all(event["event_label"] == label_of[event["event_audio_name"]] for event in chosen)
        places = Counter(mixture["scene_audio_name"] for mixture in mine)
        free = [n for n in scenes[scenes.usable]["name"] if folds["scene", n] == fold]
        assert set(places) <= set(free)
        assert max(places[n] for n in free) - min(places[n] for n in free) <= 1


@holds(split=sets, seed=seeds, size=st.integers(1, 9))
def test_a_plan_is_a_function_of_its_seed_and_survives_file_and_shards(
    split: Recordings, seed: int, size: int
) -> None:
    mixtures = plan(split, seed)
    assert plan(split, seed) == mixtures
    with tempfile.TemporaryDirectory() as folder:
        write_plan(Path(folder) / "mixtures.yaml", mixtures)
        again = read_plan(Path(folder) / "mixtures.yaml")
    assert again == mixtures
    parts = range(1, -(-7 // size) + 1)
    shards = [
        shard_of(again, fold, part, size) for fold in range(1, split[2] + 1) for part in parts
    ]
    assert [mixture for shard in shards for mixture in shard] == mixtures
    assert all(0 < len(shard) <= size for shard in shards)


@holds(split=sets, seed=seeds, n_events=st.integers(1, 3))
def test_the_published_plan_uses_each_scene_once(
    split: Recordings, seed: int, n_events: int
) -> None:
    scenes, events, n_folds = split
    folds = assign_published(scenes, events, n_folds, seed)
    fold = folds[folds.role == "event"]["fold"].to_numpy()
    counting = fold[(events.usable & events.verified).to_numpy()]
    assume(set(counting) == set(fold) and scenes.usable.sum() >= 2 * n_folds)
    options = {"onsets": [0.5 * i for i in range(n_events)], "event_seconds": 0.5}
    mixtures = plan_published(
        scenes,
        events,
        folds,
        per_fold=2,
        n_events=n_events,
        level_over="file",
        seed=seed,
        **options,
    )
    used = [mixture["scene_audio_name"] for mixture in mixtures]
    assert len(set(used)) == len(used) == 2 * len(set(fold))
    assert all(len(mixture["events"]) == n_events for mixture in mixtures)
