import numpy as np
import pandas as pd
import pytest

from weakseg.detection import Detector, detect, join
from weakseg.draws import draws_of
from weakseg.evaluation import Decisions, as_table, model_separation, score_model
from weakseg.features import extract
from weakseg.mixing import write_shard
from weakseg.reference_evaluation import score_references
from weakseg.references import REFERENCES
from weakseg.rendered import read_manifest, rendered_mixtures
from weakseg.separation import Separator
from weakseg.spectral import Spectral
from weakseg.store import (
    ClipPrediction,
    FeatureStore,
    PredictionStore,
    StoreError,
    decode_masks,
    encode_mask_logits,
    write_features,
    write_predictions,
)
from weakseg.tables import MACRO
from weakseg.thresholds import Thresholds
from weakseg.true_events import true_events

RATE, SECONDS = 32000, 3.0
CLASSES = ["High", "Low"]
THRESHOLDS = Thresholds(clip=0.1, frame=0.1, mask=0.1, found=0.1, gate=0.1)


def planned(number, *events):
    return {
        "mixture_name": f"{number}.wav",
        "fold": 1,
        "scene_audio_name": "s",
        "events": [
            {"event_audio_name": "e", "event_label": label, "onset": on, "offset": off}
            for label, on, off in events
        ],
    }


PLAN = [
    planned(0, ("High", 0.5, 1.5), ("Low", 1.0, 2.0)),
    planned(1, ("Low", 0.2, 1.2)),
    planned(2, ("High", 1.0, 2.0)),
    planned(3, ("High", 0.3, 1.3), ("High", 1.8, 2.6)),
]


def render_tones(mixture):
    """Steady tones over faint noise, in 16 bits."""
    time = np.arange(round(SECONDS * RATE)) / RATE
    rng = np.random.default_rng(int(mixture["mixture_name"][0]))
    stems = [0.001 * rng.normal(size=len(time))]
    for event in mixture["events"]:
        tone = 0.3 * np.sin(2 * np.pi * {"High": 5000, "Low": 400}[event["event_label"]] * time)
        stems.insert(-1, tone * ((time >= event["onset"]) & (time < event["offset"])))
    return np.rint(32767 * np.stack(stems, axis=1)).astype(np.int16)


@pytest.fixture
def fold(tmp_path):
    """A fold of four mixtures: (feature file, manifest, spectral)."""
    spectral = Spectral(RATE, 2048, 1024, 64, 50.0, 16000.0)
    write_shard(tmp_path, PLAN, render_tones, RATE).to_csv(tmp_path / "manifest.csv", index=False)
    rows = read_manifest(tmp_path / "manifest.csv")
    clips = extract(tmp_path, rows, PLAN, CLASSES, spectral, -5.0, "class")
    names = [mixture["mixture_name"] for mixture in PLAN]
    write_features(tmp_path / "f.h5", names, CLASSES, spectral.settings(), clips)
    return tmp_path / "f.h5", tmp_path / "manifest.csv", spectral


def predict_with(store, path, mask_of, learnt=None):
    """Predictions whose masks are `mask_of(truth (classes, frames, mels))`; learnt: the code of all
    cells of a map of the foreground."""
    clips = []
    for index, name in enumerate(store.names):
        truth = np.zeros((2, *store.shape))
        for label, mask in store.mask_truth(index).items():
            truth[label] = mask
        masks = np.clip(mask_of(truth), 1e-5, 1 - 1e-5).astype(np.float32)
        clips.append(
            ClipPrediction(
                name,
                masks.max(axis=(1, 2)),
                masks.mean(axis=2).T,
                encode_mask_logits(np.log(masks / (1 - masks))),
                None if learnt is None else np.full(store.shape, learnt, np.uint8),
            )
        )
    write_predictions(path, store.names, store.classes, store.settings, clips)


def evaluate_masks(fold, tmp_path, mask_of):
    features, manifest, _ = fold
    detector = Detector(clip_threshold=0.1, high=0.01, low=0.01, merge_gap=0, drop=2)
    with FeatureStore([features]) as truth:
        predict_with(truth, tmp_path / "p.h5", mask_of)
        with PredictionStore(tmp_path / "p.h5") as predicted:
            probabilities = predicted.clip_probabilities()
            found = join(
                detect(name, probabilities[i], predicted.frame_scores(i), CLASSES, detector, 0.032)
                for i, name in enumerate(predicted.names)
            )
            rendered = (stems for _, stems in rendered_mixtures([manifest]))
            by_class = Thresholds(*(np.full(2, 0.1, np.float32) for _ in range(5)))
            decisions = [Decisions(found, THRESHOLDS), Decisions(found, by_class)]
            scores, same = score_model(truth, predicted, decisions, PLAN, rendered, SECONDS, None)
            pd.testing.assert_frame_equal(as_table(scores, CLASSES), as_table(same, CLASSES))
            table = as_table(scores, CLASSES)
    drawn = draws_of({"snr_db": 0, "model": "m", "holdout_fold": 1}, scores, np.ones((1, 4)))
    overall = table[table["class"] == MACRO].set_index(["task", "metric"])["value"]
    for (*_, task, metric), values in drawn.items():
        np.testing.assert_allclose(values, overall[task, metric], rtol=1e-6, err_msg=metric)
    return overall


def test_perfect_masks_score_perfectly(fold, tmp_path):
    scores = evaluate_masks(fold, tmp_path, lambda truth: truth)
    for task in ("tagging", "masks"):
        for metric in ("precision", "recall", "f1", "auc", "average_precision"):
            assert scores[task, metric] == 1.0
    assert scores["events", "f1"] == 1.0 and scores["events", "error_rate"] == 0.0
    assert scores["events", "psds1"] > 0.9
    assert scores["separation", "si_sdr_db"] > 10
    assert scores["separation", "sdr_db"] > 10
    assert scores["separation", "sir_db"] > scores["separation", "sdr_db"]
    # most clips hold one class alone, where little is left to improve
    assert scores["separation", "si_sdr_improvement_db_true_classes"] > 1


def test_masks_of_ones_tell_and_separate_nothing(fold, tmp_path):
    scores = evaluate_masks(fold, tmp_path, np.ones_like)
    assert scores["masks", "auc"] == 0.5 and scores["tagging", "auc"] == 0.5
    assert scores["tagging", "recall"] == 1.0 and scores["tagging", "precision"] < 1.0
    assert scores["separation", "si_sdr_improvement_db"] == pytest.approx(0.0, abs=1e-3)


def test_a_missed_class_counts_only_among_the_true_ones(fold, tmp_path):
    def only_high(truth):
        return truth * np.array([1, 0])[:, None, None]

    scores = evaluate_masks(fold, tmp_path, only_high)
    assert scores["tagging", "recall"] == 0.5
    assert scores["separation", "si_sdr_db_true_classes"] < scores["separation", "si_sdr_db"]


def test_the_classes_that_were_found_share_a_mixture_not_the_true_ones(fold, tmp_path, monkeypatch):
    calls, separate = [], Separator.separate_classes

    def noted(self, masks, wanted, foreground, found, learnt):
        calls.append((list(wanted), list(found)))
        return separate(self, masks, wanted, foreground, found, learnt)

    monkeypatch.setattr(Separator, "separate_classes", noted)
    evaluate_masks(fold, tmp_path, lambda truth: np.stack([np.ones_like(truth[0]), 0 * truth[1]]))
    assert calls == [([0, 1], [0]), ([1], [0]), ([0], [0]), ([0], [0])]


def test_stems_are_cut_to_the_map_of_a_learnt_foreground(fold, tmp_path, monkeypatch):
    features, manifest, _ = fold
    maps, separate = [], Separator.separate_classes

    def noted(self, masks, wanted, foreground, found, learnt):
        maps.append(learnt)
        return separate(self, masks, wanted, foreground, found, learnt)

    monkeypatch.setattr(Separator, "separate_classes", noted)
    with FeatureStore([features]) as truth:
        for code in (None, 200):
            predict_with(truth, tmp_path / "p.h5", lambda truth: truth, code)
            rendered = (stems for _, stems in rendered_mixtures([manifest]))
            with PredictionStore(tmp_path / "p.h5") as predicted:
                model_separation(predicted, np.ones((4, 2), bool), PLAN, rendered, None)
        value = decode_masks(np.uint8(200))
        assert maps[:4] == [None] * 4 and len(maps) == 8
        assert all(one.shape == truth.shape and (one == value).all() for one in maps[4:])


def test_references_bound_what_a_model_can_reach(fold):
    features, manifest, _ = fold
    detector = Detector(clip_threshold=0.1, high=0.2, low=0.1, merge_gap=0, drop=2)
    with FeatureStore([features]) as truth:
        rendered = (stems for _, stems in rendered_mixtures([manifest]))
        each = score_references(truth, PLAN, rendered, THRESHOLDS, detector, SECONDS, -5.0)
        scores = dict(each)
    assert list(scores) == REFERENCES

    def overall(model, task, metric):
        return scores[model][task].values[metric].mean()

    for task in ("tagging", "frames"):
        assert overall("oracle_activity", task, "f1") == 1.0
        assert overall("floor_ones", task, "auc") == 0.5
    assert overall("oracle_activity", "events", "f1") == 1.0
    assert overall("floor_ones", "events", "f1") == 0.0
    assert overall("oracle_mel_ibm", "masks", "f1") == 1.0
    assert overall("oracle_activity", "masks", "recall") == 1.0
    assert overall("floor_ones", "separation", "si_sdr_improvement_db") == pytest.approx(
        0, abs=1e-3
    )
    ratio, mel = (overall(f"oracle_{k}", "separation", "si_sdr_db") for k in ("irm", "mel_irm"))
    assert ratio > mel > overall("floor_chance", "separation", "si_sdr_db_true_classes")


def test_each_class_has_its_thresholds_in_every_task_and_draw(fold, tmp_path):
    """At a threshold of 1 a class is never found, at 0 always; the other one stays as it was."""
    features, manifest, _ = fold

    def score(high):
        each = Thresholds(*(np.array([high, 0.1], np.float32) for _ in range(5)))
        with FeatureStore([features]) as truth, PredictionStore(tmp_path / "p.h5") as predicted:
            rendered = (stems for _, stems in rendered_mixtures([manifest]))
            decisions = [Decisions(true_events(PLAN), each)]
            (scores,) = score_model(truth, predicted, decisions, PLAN, rendered, SECONDS, None)
        return scores

    with FeatureStore([features]) as truth:
        predict_with(truth, tmp_path / "p.h5", lambda masks: masks)
    usual, never = score(0.1), score(1.0)
    for task in ("tagging", "frames", "masks"):
        assert never[task].values["f1"][0] == 0.0 < usual[task].values["f1"][0]
        assert never[task].values["f1"][1] == usual[task].values["f1"][1] > 0.0
        drawn = never[task].draw(np.ones((1, len(PLAN))))["f1"]
        np.testing.assert_allclose(drawn[0], never[task].values["f1"])
    assert np.isnan(never["separation"].values["si_sdr_db"][0])
    assert not np.isnan(never["separation"].values["si_sdr_db"][1])
    assert not np.isnan(never["separation"].values["si_sdr_db_true_classes"]).any()


def test_true_events_are_the_planned_ones():
    table = true_events(PLAN)
    assert len(table) == 6
    assert table.iloc[1].to_list() == ["0.wav", 1.0, 2.0, "Low"]


def test_stores_of_different_clips_are_refused(fold, tmp_path):
    features, _, spectral = fold
    write_predictions(
        tmp_path / "p.h5",
        ["other.wav"],
        CLASSES,
        spectral.settings(),
        [ClipPrediction("other.wav", np.zeros(2, "f4"), np.zeros((92, 2), "f4"), None)],
    )
    with (
        FeatureStore([features]) as truth,
        PredictionStore(tmp_path / "p.h5") as predicted,
        pytest.raises(StoreError, match=r"p\.h5: clips or classes differ"),
    ):
        decisions = [Decisions(true_events([]), THRESHOLDS)]
        score_model(truth, predicted, decisions, PLAN, iter(()), SECONDS, None)
