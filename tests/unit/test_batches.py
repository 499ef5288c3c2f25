from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from weakseg.batches import (
    Batch,
    batch_of_iteration,
    mean_and_deviation,
    read_ahead,
    read_batches,
    split_off_validation,
)
from weakseg.store import ClipFeatures, FeatureStore, write_features

CLASSES = ["bark", "bell"]


@given(
    n_clips=st.integers(1, 30),
    batch_size=st.integers(1, 40),
    seed=st.integers(0, 9),
)
def test_each_epoch_is_every_clip_once(n_clips, batch_size, seed):
    clips = np.arange(100, 100 + n_clips)
    drawn = [batch_of_iteration(clips, batch_size, seed, i) for i in range(8)]
    assert all(len(batch) == batch_size for batch in drawn)
    stream = np.concatenate(drawn)
    for start in range(0, len(stream) - n_clips + 1, n_clips):
        assert sorted(stream[start : start + n_clips]) == clips.tolist()


@given(n_clips=st.integers(1, 200), share=st.floats(0, 0.999))
def test_validation_clips_are_spread_and_not_trained_on(n_clips, share):
    n_validation = int(n_clips * share)
    training_clips, validation = split_off_validation(n_clips, n_validation)
    assert sorted([*training_clips, *validation]) == list(range(n_clips))
    assert len(validation) == n_validation
    if n_validation > 1:
        assert np.ptp(np.diff(validation)) <= 1


@pytest.fixture
def features(tmp_path) -> list[Path]:
    """Two feature files of eleven and six clips; the last mel band never changes."""
    paths = [tmp_path / "fold1.h5", tmp_path / "fold2.h5"]
    for path, n_clips in zip(paths, (11, 6), strict=True):
        rng = np.random.default_rng(n_clips)
        names = [f"{path.stem}-{index}" for index in range(n_clips)]
        logmels = rng.normal(-5, 3, (n_clips, 9, 4)).astype(np.float32)
        logmels[..., -1] = -18.5
        truth = np.zeros((9, len(CLASSES)), bool)
        mask = np.zeros((9, 4), bool)
        clips = [
            ClipFeatures(name, logmel, truth, {index % 2: mask})
            for index, (name, logmel) in enumerate(zip(names, logmels, strict=True))
        ]
        write_features(path, names, CLASSES, {}, clips)
    return paths


def test_batches_hold_what_the_files_hold(features):
    with FeatureStore(features) as store:
        plan = [np.array([12, 3]), np.array([0, 16])]
        batches = list(read_batches(store, store.clip_truth(), plan, pin=False))
        assert [batch.names for batch in batches] == [
            ["fold2-1", "fold1-3"],
            ["fold1-0", "fold2-5"],
        ]
        assert np.array_equal(batches[0].logmel.numpy(), store.logmel([12, 3]))
    assert batches[1].truth.tolist() == [[1, 0], [0, 1]]
    assert batches[1].truth.dtype == torch.float32


def test_mean_and_deviation_are_those_of_all_frames(features, monkeypatch):
    monkeypatch.setattr("weakseg.batches.CLIPS_AT_ONCE", 3)
    clips = [0, 2, 3, 7, 11, 12, 16]
    with FeatureStore(features) as store:
        mean, deviation = mean_and_deviation(store, clips)
        frames = store.logmel(clips).reshape(-1, store.shape[1]).astype(float)
    oracle = StandardScaler().fit(frames)
    assert mean.numpy() == pytest.approx(oracle.mean_, rel=1e-10)
    assert deviation.numpy() == pytest.approx(oracle.scale_, rel=1e-10)
    assert deviation[-1] == 1


def test_reading_ahead_keeps_order_stays_close_and_passes_errors_on():
    made: list[int] = []

    def items():
        for number in range(50):
            made.append(number)
            yield number
        raise OSError("the disk is gone")

    reader = read_ahead(items(), ahead=2)
    assert [next(reader) for _ in range(10)] == list(range(10))
    assert len(made) <= 10 + 2 + 2
    with pytest.raises(OSError, match="the disk is gone"):
        list(reader)


def test_reading_ahead_ends_with_its_reader():
    closed: list[bool] = []

    def items():
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    source = items()
    reader = read_ahead(source, ahead=1)
    next(reader)
    reader.close()
    source.close()
    assert closed == [True]


@pytest.mark.parametrize("taught", [False, True])
def test_parts_of_a_batch_are_all_its_clips(taught):
    logmel, truth = torch.arange(60.0).view(5, 4, 3), torch.arange(10.0).view(5, 2)
    batch = Batch(list("abcde"), logmel, truth, *([logmel + 100, logmel + 200] if taught else []))
    parts = list(batch.parts(2))
    assert [part.names for part in parts] == [list("abc"), list("de")]
    for name in ("logmel", "truth", *["softer", "foreground"] * taught):
        assert torch.equal(torch.cat([getattr(p, name) for p in parts]), getattr(batch, name))
    assert all((part.softer is not None) == taught for part in parts)
