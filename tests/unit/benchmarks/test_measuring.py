"""Processes that are measured, recordings that are made, and what the plain ones compute."""

import json
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import processes, recordings
from benchmarks.fold import repeat
from benchmarks.inputs import Inputs
from benchmarks.plain import scores, separation, training
from benchmarks.processes import Child, measured, together
from weakseg.collection import Collection
from weakseg.metrics.binary import class_metrics
from weakseg.metrics.separation import bss_eval
from weakseg.pooling import build_pooling
from weakseg.recordings import index_events, index_scenes
from weakseg.store import ClipFeatures, FeatureStore, write_features


def test_a_function_is_called_in_a_process_with_its_own_peak_memory():
    small = measured("builtins:dict", size=3)
    assert small.result == {"size": 3} and small.seconds < 1
    with Child() as child:
        before = child.call("numpy:ones", shape=10).peak_gib
        after = child.call("numpy:ones", shape=40_000_000).peak_gib
    assert 0.28 < after - before < 0.9  # 0.3 GB


def test_paths_and_settings_arrive_as_what_they_are(tmp_path):
    given = {"inputs": Inputs(tmp_path / "ü x", full=True, steps=7), "paths": [tmp_path], "n": 1.5}
    line = json.dumps(given, default=processes._marked)
    assert json.loads(line, object_hook=processes._unmarked) == given
    with pytest.raises(TypeError, match="set cannot be given"):
        measured("builtins:dict", x={1})


def test_a_result_that_json_does_not_hold_stays_where_it_is():
    assert measured("numpy:ones", shape=3).result is None


def test_processes_work_together():
    results = together("builtins:dict", [{"number": 1}, {"number": 2}])
    assert [one.result["number"] for one in results] == [1, 2]


def test_a_process_that_fails_is_an_error(capfd):
    with pytest.raises(RuntimeError, match="its message stands above"):
        measured("builtins:int", x="many")
    assert "TypeError" in capfd.readouterr().err


def test_recordings_have_the_number_and_format_of_dcase_2018():
    scenes, events = recordings.scene_index(), recordings.event_index()
    assert len(scenes) == 8640 and scenes.archive.nunique() == 10
    assert (len(events), events.verified.sum(), events.label.nunique()) == (9473, 3710, 41)
    assert events.seconds.min() == pytest.approx(0.3) and events.seconds.max() == pytest.approx(30)


def test_archives_hold_what_their_index_says(tmp_path):
    events, scenes = recordings.event_index(), recordings.scene_index()
    short = events[events.seconds < 0.4].iloc[:3]
    makers = (
        ("events", events, short.name, recordings.make_event),
        (
            "scenes",
            scenes,
            scenes.name[:1],
            recordings.make_scene,
        ),
    )
    for role, index, names, make in makers:
        paths = recordings.write_archives(tmp_path / role, index, names, make)
        again = recordings.write_archives(tmp_path / f"{role}2", index, names, make)
        assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
        listed = index[index.name.isin(names)].reset_index(drop=True)
        rows = "".join(f"{row['name']},{row.label}\n" for _, row in listed.iterrows())
        with zipfile.ZipFile(tmp_path / role / "meta.zip", "w") as meta:
            if role == "events":
                meta.writestr("train.csv", "fname,label\n" + rows)
        with Collection([*paths, tmp_path / role / "meta.zip"], tmp_path) as files:
            found = (index_events if role == "events" else index_scenes)(files)
        for column in ("archive", "member", "name", "seconds", "sample_rate", "channels", "usable"):
            assert list(found[column]) == list(listed[column]), column


def test_a_store_is_repeated_chunk_by_chunk(tmp_path):
    rng = np.random.default_rng(1)
    clips = [
        ClipFeatures(
            str(n),
            rng.normal(size=(9, 4)).astype(np.float32),
            rng.random((9, 2)) < 0.5,
            {1: rng.random((9, 4)) < 0.5},
        )
        for n in range(2)
    ]
    parts = [tmp_path / "one.h5", tmp_path / "two.h5"]
    for path, clip in zip(parts, clips, strict=True):
        write_features(path, [clip.name], ["a", "b"], {"hop": 1}, [clip])
    repeat(parts, tmp_path / "all.h5", 2)
    with FeatureStore([tmp_path / "all.h5"]) as store:
        assert store.names == ["0-0", "0-1", "1-0", "1-1"] and store.settings == {"hop": 1}
        for index in range(4):
            clip = clips[index % 2]
            np.testing.assert_array_equal(store.logmel([index])[0], clip.logmel)
            np.testing.assert_array_equal(store.frame_truth(index), clip.frame_truth)
            np.testing.assert_array_equal(store.mask_truth(index)[1], clip.mask_truth[1])
    with h5py.File(tmp_path / "all.h5") as file:
        assert file["logmel"].fletcher32 and file["logmel"].chunks == (1, 9, 4)


def test_plain_pooling_is_the_same_pooling():
    masks = torch.rand(2, 3, 11, 7, generator=torch.Generator().manual_seed(1))
    mine = build_pooling({"type": "gwrp", "decay": 0.98}, 3)(masks)
    torch.testing.assert_close(training.gwrp(masks, 0.98), mine, rtol=0, atol=1e-6)


def test_a_plain_step_learns():
    torch.manual_seed(1)
    network = training.PlainNetwork(2, [4])
    adam = torch.optim.Adam(network.parameters(), lr=1e-2)
    logmel, truth = torch.randn(3, 9, 8), torch.tensor([[1.0, 0], [0, 1], [1, 1]])
    losses = [training.step(network, adam, logmel, truth, 0.9) for _ in range(20)]
    assert losses[-1] < losses[0] - 0.05


def test_plain_scores_are_the_same_scores():
    rng = np.random.default_rng(1)
    truth, values = rng.random((200, 3)) < 0.3, rng.random((200, 3)).astype(np.float32)
    truth[:, 2] = False
    expected = class_metrics(truth, values, 0.4)
    for name, found in scores.scores(truth, values, 0.4).items():
        np.testing.assert_allclose(found, expected[name], atol=1e-9)


def test_plain_separation_metrics_are_the_same_metrics():
    rng = np.random.default_rng(1)
    references = rng.normal(size=(3, 4000))
    estimate = references[1] + 0.3 * references[0] + 0.1 * rng.normal(size=4000)
    found = separation.bss_eval(references, estimate, 1)
    expected = bss_eval(references, estimate[None], np.array([1]))
    np.testing.assert_allclose(found, np.ravel(expected), atol=1e-6)


def test_an_index_is_read_back(tmp_path):
    for role, index in {
        "scenes": recordings.scene_index(),
        "events": recordings.event_index(),
    }.items():
        index.to_csv(tmp_path / f"{role}.csv", index=False)
    where = recordings.where_of(tmp_path)
    assert isinstance(index, pd.DataFrame) and len(where) == 8640 + 9473
    assert where["scene-8639.wav"][0].endswith(".audio.10.zip")
