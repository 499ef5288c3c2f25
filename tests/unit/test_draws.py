import numpy as np
import pandas as pd
import pytest

from weakseg.draws import (
    clip_weights,
    differences,
    draws_of,
    read_draws,
    with_intervals,
    write_draws,
)
from weakseg.scores import Scores, tag_scores
from weakseg.tables import DIFFERENCE_COLUMNS

RUN = {"snr_db": 0.0, "model": "gwrp", "holdout_fold": 1}
N_DRAWS = 1000


def planned(*names):
    events = [
        {"event_audio_name": name, "event_label": "Bark", "onset": 0.0, "offset": 1.0}
        for name in names
    ]
    return {"mixture_name": "m", "fold": 1, "scene_audio_name": "s", "events": events}


FOLDS = pd.DataFrame(
    [
        ("scene", "a1.wav", "park", "elsewhere", 1),
        ("event", "a1.wav", "Bark", "a", 1),
        ("event", "a2.wav", "Bark", "a", 1),
        ("event", "b.wav", "Bark", "b", 1),
        ("event", "a2.wav", "Bark", "b", 1),  # listed twice
    ],
    columns=["role", "name", "label", "source", "fold"],
)


def test_a_clip_weighs_the_product_of_its_sources():
    clips = [planned("a1.wav"), planned("a2.wav"), planned("b.wav"), planned("a1.wav", "b.wav")]
    one, same, other, both = clip_weights(clips, FOLDS, N_DRAWS, seed=1).T
    np.testing.assert_array_equal(one, same)
    np.testing.assert_array_equal(one * other, both)
    np.testing.assert_array_equal(one + other, 2)
    assert not np.array_equal(one, clip_weights(clips, FOLDS, N_DRAWS, seed=2)[:, 0])


def scores_of(values):
    """A task whose macro value is the weighted mean of the values of clips."""

    def draw(weights):
        return {"f1": (weights @ values / weights.sum(axis=1))[:, None]}

    return {"tagging": Scores({"f1": np.array([values.mean()])}, draw)}


def test_draws_survive_their_file_to_the_bit(tmp_path):
    weights = np.random.default_rng(0).random((5, 3))
    draws = draws_of(RUN, scores_of(np.arange(3.0)), weights)
    assert list(draws) == [("0", "gwrp", "1", "tagging", "f1")]
    for name in ("one.npz", "two.npz"):
        write_draws(tmp_path / name, draws)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    found = read_draws([tmp_path / "one.npz"])
    np.testing.assert_array_equal(found["0", "gwrp", "1", "tagging", "f1"], *draws.values())
    np.testing.assert_array_equal(found["0", "gwrp", "mean", "tagging", "f1"], *draws.values())


def test_no_draws_give_no_intervals(tmp_path):
    draws = draws_of(RUN, scores_of(np.arange(3.0)), np.ones((0, 3)))
    write_draws(tmp_path / "none.npz", draws)
    table = with_intervals(summary(gwrp=1.0), read_draws([tmp_path / "none.npz"]))
    assert table[["ci_low", "ci_high"]].isna().all(axis=None)


def summary(fold="mean", **values):
    rows = [(0.0, model, fold, "tagging", "f1", value) for model, value in values.items()]
    return pd.DataFrame(
        rows, columns=["snr_db", "model", "holdout_fold", "task", "metric", "value"]
    )


def test_the_mean_s_interval_is_that_of_the_draws_means(tmp_path):
    draws = {fold: np.random.default_rng(fold).normal(size=N_DRAWS) for fold in (1, 2)}
    for fold, values in draws.items():
        write_draws(tmp_path / f"{fold}.npz", {("0", "gwrp", str(fold), "tagging", "f1"): values})
    found = read_draws([tmp_path / "1.npz", tmp_path / "2.npz"])
    row = with_intervals(summary(gwrp=0.0), found).iloc[0]
    expected = np.quantile((draws[1] + draws[2]) / 2, [0.025, 0.975])
    np.testing.assert_allclose([row.ci_low, row.ci_high], expected)


def test_differences_are_paired_draw_by_draw():
    common = np.random.default_rng(0).normal(size=N_DRAWS)
    draws = {
        ("0", model, "mean", "tagging", "f1"): common + shift
        for model, shift in {"gmp": 0.0, "gap": 1.0, "floor_ones": 5.0}.items()
    }
    table = summary(gmp=0.0, gap=1.0, floor_ones=5.0, dnn=2.0)
    found = differences(table, draws, ["gmp", "gap", "dnn"])
    assert list(found.columns) == DIFFERENCE_COLUMNS
    pairs = list(zip(found.model, found.other, strict=True))
    assert pairs == [("gmp", "gap"), ("gmp", "dnn"), ("gap", "dnn")]
    assert found.iloc[0][["difference", "ci_low", "ci_high"]].to_list() == pytest.approx([-1] * 3)
    assert found.ci_low.isna().to_list() == [False, True, True]


def test_a_draw_of_every_clip_once_is_the_value_itself():
    rng = np.random.default_rng(0)
    labels, probabilities = rng.random((20, 3)) > 0.6, rng.random((20, 3))
    scores = tag_scores(labels, probabilities, 0.5)
    drawn = scores.draw(np.ones((1, 20)))
    assert drawn.keys() == scores.values.keys()
    for metric, values in scores.values.items():
        np.testing.assert_allclose(drawn[metric][0], values)
