"""Checks of a data set: each fault alone is found, and a good set is not faulted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from weakseg.checks.data_set import found, look_through, unread
from weakseg.checks.findings import Finding, Setup
from weakseg.checks.report import report
from weakseg.folds import FoldError, assign_files, assign_grouped
from weakseg.plan import PlanError, plan_published

SETUP = Setup(
    folds=2,
    per_fold=4,
    events=2,
    event_seconds=2.0,
    seconds=8.0,
    sample_rate=16000,
    window=1024,
    hop=512,
    published=False,
    group_folds=True,
    level_over="heard",
    fresh=False,
)


def index(labels: str, seconds: float) -> pd.DataFrame:
    """A row a letter, which is its label; two takes of each source."""
    rows = [
        {
            "name": f"{label}{i}.wav",
            "member": f"{label}{i}.wav",
            "label": label,
            "seconds": seconds,
            "starts": 0.0,
            "sample_rate": 16000,
            "verified": True,
            "source": f"{label}{i // 2}",
            "usable": True,
            "why_not": "",
            "level_db": -20.0,
            "content": f"{label}{i}",
        }
        for i, label in enumerate(labels)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def scenes():
    return index("s" * 8, 30.0)


@pytest.fixture
def events():
    return index("a" * 8 + "b" * 8 + "c" * 8, 1.5)


def kinds_and_texts(scenes, events, setup=SETUP) -> list[Finding]:
    return list(found(scenes, events, setup))


def test_nothing_is_found_in_a_good_set(scenes, events):
    assert kinds_and_texts(scenes, events) == []


FAULTS = [
    ("events", {"usable": False}, {}, "stops", "no usable recording among the events"),
    ("events", {"verified": False}, {}, "stops", "no usable recording among the events"),
    ("scenes", {"source": "one"}, {}, "stops", "too few sources to fill 2 folds (the scenes: 1)"),
    ("", {}, {"folds": 9, "group_folds": False}, "stops", "too few recordings to fill 9 folds"),
    ("", {}, {"published": True, "per_fold": 5}, "stops", "8 are fewer than the 10 mixtures"),
    (
        "",
        {},
        {"folds": 4},
        "warning",
        "3 of 3 classes have fewer than 3 recordings a fold (a, b, c)",
    ),
    ("scenes", {"seconds": 7.0}, {}, "warning", "the scenes are 56 s in all"),
    ("", {}, {"group_folds": False}, "warning", "events: 24 recordings have 12 sources among them"),
    ("events", {"label": "a"}, {}, "warning", "a is the only class"),
    ("", {}, {"events": 5}, "warning", "most planned mixtures hold the same classes (a: 87%"),
    ("", {}, {"events": 5, "fresh": True}, "note", "most planned mixtures hold the same classes"),
    (
        "events",
        {"seconds": 0.1},
        {},
        "warning",
        "shorter than 3 frames, 0.13 s, among them all of a",
    ),
    ("events", {"starts": 1.45}, {}, "warning", "shorter than 3 frames"),
    ("events", {"seconds": 6.5}, {}, "warning", "this long (a: 6.5 s, b: 6.5 s, c: 6.5 s)"),
    ("", {}, {"seconds": 3.5}, "warning", "2 events fill 86% of a mixture of 3.5 s"),
    (
        "",
        {},
        {"seconds": 31.0},
        "note",
        "8 recordings (s0.wav, s1.wav, s2.wav and 5 more) are short",
    ),
    ("", {}, {"sample_rate": 32000}, "warning", "nothing was recorded at more than 16000 Hz"),
    (
        "scenes",
        {"sample_rate": 8000},
        {},
        "warning",
        "(the scenes: 8000 Hz): models will tell them",
    ),
    ("events", {"level_db": -60.0}, {}, "warning", "24 recordings (a0.wav, a1.wav, a2.wav and 21"),
    ("scenes", {"source": "name"}, {}, "note", "scenes: nothing says which recordings have one"),
]


@pytest.mark.parametrize("role,change,keys,kind,text", FAULTS, ids=[each[-1] for each in FAULTS])
def test_a_fault_is_found(scenes, events, role, change, keys, kind, text):
    sets = {"scenes": scenes, "events": events}
    if role:
        given = {k: sets[role]["name"] if v == "name" else v for k, v in change.items()}
        sets[role] = sets[role].assign(**given)
    texts = [finding.text for finding in kinds_and_texts(**sets, setup=replace(SETUP, **keys))
             if finding.kind == kind]  # fmt: skip
    assert any(text in line for line in texts), texts


def test_what_one_recording_shows(scenes, events):
    """Another spelling, imbalance, a lower rate, twins of three kinds."""
    events.loc[8, "label"] = "A "
    events.loc[0, "sample_rate"] = 8000
    events.loc[2:3, "content"] = "same"  # of one source
    events.loc[[4, 6], "content"] = "same too"  # of two
    scenes.loc[0, "content"] = events.loc[20, "content"]
    texts = {finding.text: finding.kind for finding in kinds_and_texts(scenes, events)}
    expected = {
        "'A ' and 'a' are different classes": "warning",
        "1 recording (a0.wav) is recorded below mixtures.sample_rate": "note",
        "a2.wav, a3.wav begin with the same samples; they have one source": "note",
        "a4.wav, a6.wav begin with the same samples and may be in training and test": "warning",
        "s0.wav, c20.wav begin with the same samples and are labelled a scene, c": "warning",
    }
    for text, kind in expected.items():
        assert [texts[line] for line in texts if line.startswith(text)] == [kind], text
    many = pd.concat([events, index("d" * 99, 1.5)], ignore_index=True)
    assert any("d has 99 recordings, A  1" in f.text for f in kinds_and_texts(scenes, many))


@pytest.mark.parametrize("group", [True, False])
@pytest.mark.parametrize("n_folds", [2, 3, 4, 5, 8, 9])
def test_what_stops_is_what_the_folds_refuse(scenes, events, group, n_folds):
    setup = replace(SETUP, folds=n_folds, group_folds=group)
    stops = any(finding.kind == "stops" for finding in kinds_and_texts(scenes, events, setup))
    try:
        (assign_grouped if group else assign_files)(scenes, events, n_folds, seed=1)
    except FoldError:
        assert stops
    else:
        assert not stops


@pytest.mark.parametrize("per_fold", [4, 5])
def test_what_stops_is_what_the_published_plan_refuses(scenes, events, per_fold):
    setup = replace(SETUP, published=True, per_fold=per_fold)
    stops = any(finding.kind == "stops" for finding in kinds_and_texts(scenes, events, setup))
    folds = events[["name"]].assign(role="event", fold=np.arange(len(events)) % 2 + 1)
    keys = {"n_events": 2, "onsets": [0, 3], "event_seconds": 2.0, "level_over": "file", "seed": 1}
    try:
        plan_published(scenes, events, folds, per_fold=per_fold, **keys)
    except PlanError:
        assert stops
    else:
        assert not stops


@pytest.fixture
def folders(tmp_path, noise) -> Path:
    """Two classes and a scene, one file broken, one damaged, twins in two formats."""
    for name in ("events/a", "events/b", "scenes"):
        (tmp_path / name).mkdir(parents=True)
    sound = np.rint(32767 * noise(1.0, 16000)).astype(np.int16)
    soundfile.write(tmp_path / "events/a/1.wav", sound, 16000)
    soundfile.write(tmp_path / "events/a/1.flac", sound, 16000)
    soundfile.write(tmp_path / "events/b/2.wav", 1e-3 * noise(1.0, 16000, seed=2), 16000)
    soundfile.write(tmp_path / "scenes/3.wav", noise(9.0, 16000, seed=3), 16000)
    (tmp_path / "events/a/broken.wav").write_bytes(b"not audio")
    (tmp_path / "events/phone.m4a").touch()
    return tmp_path


def look(folders, **files):
    directories = {role: folders / role for role in ("scenes", "events")}
    there = {
        role: [path for path in sorted(directory.rglob("*.*")) if path.suffix != ".m4a"]
        for role, directory in directories.items()
    }
    return look_through(there | files, directories, SETUP)


def test_files_are_listened_to_and_reported(folders):
    indices, findings = look(folders)
    levels = indices["events"].set_index("member").level_db
    assert levels["a/1.wav"] == pytest.approx(20 * np.log10(0.1 / np.sqrt(3)), abs=0.2)
    assert any("1.flac, 1.wav begin with the same samples" in finding.text for finding in findings)
    page = report("mine", indices, [*findings, *unread("events", folders / "events")])
    lines = page.splitlines()
    assert lines[0] == "# The recordings of mine"
    (row,) = [line for line in lines if line.startswith("| a ")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["a", "3", "2", "2", "2.0", "1.0", "1.0", "1.0", "16000", "-25"]
    assert len({len(line) for line in lines if line.startswith("|")}) == 1
    assert "## Not usable: 1 of 5 recordings" in page and "(a/broken.wav)" in page
    assert "- 1 recording (2.wav) is nearly silent, below -55 dB of full scale" in page
    assert "events: files of formats that are not read are passed over (1 .m4a)" in page


def test_a_set_that_cannot_be_read_is_reported_too(folders):
    (folders / "half.zip").write_bytes(b"PK\x03\x04 half of it")
    indices, findings = look(folders, events=[folders / "half.zip"])
    assert indices["events"].empty
    texts = [f.text for f in findings if f.kind == "stops"]
    assert any("half.zip: not a readable zip archive" in text for text in texts)
    assert "no usable recording among the events; give some" in texts
    assert "## This stops the run" in report("mine", indices, findings)
