import itertools

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from weakseg.folds import assign_grouped, assign_published
from weakseg.plan import (
    PlanError,
    place,
    plan_mixtures,
    plan_published,
    read_plan,
    shard_of,
    write_plan,
)


def published_plan(recordings, per_fold=6):
    folds = assign_published(*recordings, n_folds=4, seed=1234)
    return plan_published(
        *recordings,
        folds,
        per_fold=per_fold,
        n_events=3,
        onsets=[0.5, 3.0, 5.5],
        event_seconds=2.0,
        level_over="file",
        seed=1234,
    )


def default_plan(recordings, **changes):
    scenes, events = recordings
    scenes = scenes.assign(source=scenes["name"])
    folds = assign_grouped(scenes, events, 4, 1234)
    options = {
        "per_fold": 30,
        "n_events": 3,
        "onsets": "random",
        "overlap": False,
        "event_seconds": 2.0,
        "level_over": "heard",
        "seconds": 10.0,
        "reshuffle": True,
        "seed": 1234,
    }
    return folds, plan_mixtures(scenes, events, folds, **(options | changes))


def triples(plan):
    return {tuple(sorted(e["event_audio_name"] for e in mixture["events"])) for mixture in plan}


def test_published_plan_is_the_golden_one(golden, golden_recordings):
    expected = yaml.safe_load((golden / "mixing" / "mixture.yaml").read_text())
    assert published_plan(golden_recordings) == expected


def test_published_plan_needs_a_scene_a_mixture(golden_recordings):
    with pytest.raises(PlanError, match="30 scenes are fewer than the mixtures"):
        published_plan(golden_recordings, per_fold=8)


def test_default_keeps_each_fold_to_its_own_recordings(golden_recordings):
    folds, plan = default_plan(golden_recordings)
    fold_of = dict(zip(folds["name"], folds["fold"], strict=True))
    verified = set(golden_recordings[1][golden_recordings[1].verified]["name"])
    for mixture in plan:
        assert fold_of[mixture["scene_audio_name"]] == mixture["fold"]
        names = {event["event_audio_name"] for event in mixture["events"]}
        assert names <= verified and {fold_of[name] for name in names} == {mixture["fold"]}


def test_the_planned_length_is_what_will_be_heard(golden_recordings):
    scenes, events = golden_recordings
    late = events.assign(starts=events.seconds - 0.25)
    lengths = {
        level_over: {e["offset"] - e["onset"] for m in plan for e in m["events"]}
        for level_over in ("heard", "file")
        for _, plan in [default_plan((scenes, late), level_over=level_over)]
    }
    assert max(lengths["heard"]) == pytest.approx(0.25)
    assert max(lengths["file"]) == pytest.approx(2.0)


def test_unusable_scenes_are_never_planned(golden_recordings):
    scenes, events = golden_recordings
    scenes = scenes.assign(usable=scenes["name"] != scenes["name"][3])
    plans = [published_plan((scenes, events)), default_plan((scenes, events))[1]]
    for plan in plans:
        assert scenes["name"][3] not in {mixture["scene_audio_name"] for mixture in plan}


def test_names_may_hold_any_line_separator(tmp_path, golden_recordings):
    plan = published_plan(golden_recordings)
    plan[0]["scene_audio_name"] = "a\u2028b\x85c.wav"
    write_plan(tmp_path / "plan.yaml", plan)
    assert read_plan(tmp_path / "plan.yaml") == plan


def test_reshuffling_mends_the_recurring_triples(golden_recordings):
    _, mended = default_plan(golden_recordings)
    _, repeated = default_plan(golden_recordings, reshuffle=False)
    assert len(triples(mended)) > 2 * len(triples(repeated))


def test_a_longer_plan_starts_with_the_shorter_one(golden_recordings):
    _, short = default_plan(golden_recordings, per_fold=5)
    _, long = default_plan(golden_recordings, per_fold=50)
    for a, b in zip(shard_of(short, 2, 1, 5), shard_of(long, 2, 1, 5), strict=True):
        assert a["events"] == b["events"] and a["scene_audio_name"] == b["scene_audio_name"]


@given(
    lengths=st.lists(st.floats(0.02, 2.0), min_size=1, max_size=4),
    overlap=st.booleans(),
    seed=st.integers(0, 999),
)
def test_random_onsets_stay_inside_and_apart(lengths, overlap, seed):
    starts = place(np.array(lengths), 10.0, "random", overlap, np.random.default_rng(seed))
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    assert min(starts) >= 0 and max(ends) <= 10.0
    if not overlap:
        spans = sorted(zip(starts, ends, strict=True))
        # onsets are rounded down to whole milliseconds
        assert all(b[0] >= a[1] - 1e-3 for a, b in itertools.pairwise(spans))


def test_events_that_fill_a_mixture_fit():
    """1.1 + 1.1 + 1.1 is a little more than 3.3."""
    lengths = np.full(3, 1.1)
    starts = place(lengths, 3.3, "random", False, np.random.default_rng(1))
    assert sorted(starts) == pytest.approx([0.0, 1.1, 2.2], abs=2e-3)


def test_events_that_do_not_fit_are_refused():
    with pytest.raises(PlanError, match=r"8\.0 s do not fit in 6 s.*overlap"):
        place(np.array([4.0, 4.0]), 6, "random", False, np.random.default_rng(0))


def test_plan_survives_its_file_and_is_plain_yaml(golden_recordings, tmp_path):
    plan = published_plan(golden_recordings)
    write_plan(tmp_path / "plan.yaml", plan)
    assert read_plan(tmp_path / "plan.yaml") == plan
    assert yaml.safe_load((tmp_path / "plan.yaml").read_text()) == plan
    (tmp_path / "edited.yaml").write_text(yaml.safe_dump(plan))
    assert read_plan(tmp_path / "edited.yaml") == plan


def test_shards_cut_a_fold(golden_recordings):
    plan = published_plan(golden_recordings)
    parts = [shard_of(plan, 2, part, 4) for part in (1, 2)]
    assert [len(part) for part in parts] == [4, 2]
    assert parts[0] + parts[1] == [mixture for mixture in plan if mixture["fold"] == 2]
