import numpy as np
import pytest

from weakseg.detection import Detector, moving_means
from weakseg.event_evidence import event_evidence
from weakseg.metrics.masks import fold_level_counts
from weakseg.spectral import EPSILON, Spectral
from weakseg.store import ClipPrediction, PredictionStore, encode_masks, write_predictions
from weakseg.thresholds import ThresholdError, join, read_thresholds, write_thresholds
from weakseg.tuning import (
    Configured,
    loudness_of_a_cell,
    planned_activity,
    single_classes,
    standing_out,
    tune,
    tune_clips,
    tune_frames,
    tune_masks,
    weak_labels,
)

CLASSES = ["Bark", "Mew", "null"]
DETECTOR = Detector(clip_threshold=0.1, high=0.2, low=0.1, merge_gap=10, drop=10)
PUBLISHED = Configured(0.1, 0.1, 0.1, DETECTOR)
SETTINGS = {
    "sample_rate": 32000,
    "window": 2048,
    "hop": 1024,
    "mels": 8,
    "fmin": 50.0,
    "fmax": 16000.0,
}
FRAMES, SECOND = 156, 31.25


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
    planned(0, ("Bark", 0.5, 0.7), ("Mew", 2.0, 3.0)),
    planned(1, ("Mew", 0.4, 1.4)),
    planned(2, ("Bark", 1.0, 1.2), ("Bark", 3.0, 3.2)),
    planned(3),
] * 6


# ---------------------------------------------------------------- one threshold a class


def test_separable_classes_are_told_apart_perfectly_each_at_its_own_scale():
    truth = np.random.default_rng(0).random((400, 2)) < 0.3
    scores = np.where(truth, [0.9, 0.04], [0.6, 0.01]).astype(np.float32)
    tuned = tune_clips(truth, scores, 0.1)
    np.testing.assert_array_equal(scores > tuned, truth)
    assert not np.array_equal(scores > 0.1, truth)


@pytest.mark.parametrize("published", [0.1, 0.333, 0.5])
def test_of_candidates_as_good_the_middle_half_s_nearest_to_one_half_is_taken(published):
    """A few clips say little of where between their scores the threshold should lie."""
    truth = np.array([[True], [False]] * 5)
    for least, most in ((0.05, 0.99), (0.7, 0.99), (0.05, 0.3)):
        scores = np.where(truth, most, least).astype(np.float32)
        tuned = tune_clips(truth, scores, published).item()
        low, high, logit = (np.log(p / (1 - p)) for p in (least, most, tuned))
        quarter = (high - low) / 4
        assert logit == pytest.approx(np.clip(0, low + quarter, high - quarter), abs=0.3)


@pytest.mark.parametrize(("soft", "low", "high"), [(10, 0.1, 0.14), (1, 0.45, 0.55)])
def test_one_clip_of_many_does_not_decide_and_ten_do(soft, low, high):
    """Of 100 positives some have .3, the others .9; all negatives .01: above .3, or below it."""
    scores = np.float32([0.3] * soft + [0.9] * (100 - soft) + [0.01] * 100)[:, None]
    truth = np.arange(200)[:, None] < 100
    assert low < tune_clips(truth, scores, 0.5).item() < high


def test_a_class_without_positives_keeps_the_published_value():
    truth = np.array([[True, False], [False, False]])
    scores = np.array([[0.9, 0.9], [0.8, 0.9]], np.float32)
    tuned = tune_clips(truth, scores, 0.1)
    assert tuned[1] == np.float32(0.1) and 0.8 <= tuned[0] < 0.9


def test_no_mixture_with_a_positive_changes_nothing():
    tuned = tune_clips(np.zeros((4, 2), bool), np.ones((4, 2), np.float32), 0.1)
    np.testing.assert_array_equal(tuned, np.float32([0.1, 0.1]))


# ---------------------------------------------------------------- masks


def test_cells_that_stand_out_are_those_of_the_event():
    noise = np.random.default_rng(0).normal(-4, 0.05, (FRAMES, 8)).astype(np.float32)
    noise[50:80, 3] += 3
    loud = standing_out(noise, loudness_of_a_cell(-5))
    assert loud[50:80, 3].all() and loud.sum() == 30
    noise[20:24] = np.log(EPSILON)  # digital silence, which is no background
    assert standing_out(noise, loudness_of_a_cell(-5)).sum() == 30


def test_frames_of_two_classes_are_left_out():
    active = np.zeros((6, 2), bool)
    active[:4, 0] = active[3:, 1] = True
    codes = np.arange(24, dtype=np.uint8).reshape(2, 6, 2)
    kept, truth = single_classes(codes, active, np.eye(6, 2, dtype=bool))
    np.testing.assert_array_equal(kept, codes[:, [0, 1, 2, 4, 5]])
    np.testing.assert_array_equal(truth[0], np.eye(5, 2, dtype=bool))
    assert not truth[1].any()


def test_mask_thresholds_separate_what_is_separable():
    truth = np.zeros((2, 10, 4), bool)
    truth[0, 2:5], truth[1, 6:9] = True, True
    scale = np.array([[0.9, 0.6], [0.05, 0.02]])[..., None, None]
    codes = encode_masks(np.where(truth, scale[:, 0], scale[:, 1]).astype(np.float32))
    counts = fold_level_counts([(codes, dict(enumerate(truth)))])
    high, low = tune_masks(counts, np.array([30, 30]), 0.1)
    assert 0.6 < high < 0.9 and 0.02 < low < 0.05


# ---------------------------------------------------------------- all together


def predictions(path, plan, with_masks=True):
    """Of a model that is right, at a scale of its own for each class."""
    scale = np.array([0.05, 0.9, 0.5], np.float32)
    labels = weak_labels(plan, CLASSES)
    active = planned_activity(plan, CLASSES, Spectral.from_settings(SETTINGS), FRAMES)
    clips = []
    for index, mixture in enumerate(plan):
        scores = active[index] * scale
        codes = encode_masks(np.repeat(scores.T[..., None], 8, axis=2)) if with_masks else None
        clips.append(ClipPrediction(mixture["mixture_name"], labels[index] * scale, scores, codes))
    names = [mixture["mixture_name"] for mixture in plan]
    write_predictions(path, names, CLASSES, SETTINGS, clips)
    return PredictionStore(path)


def logmel(index):
    """The barks and mews of PLAN, three bands each, over faint noise."""
    level = np.random.default_rng(index).normal(-6, 0.05, (FRAMES, 8)).astype(np.float32)
    for event in PLAN[index]["events"]:
        first, last = int(event["onset"] * SECOND), int(event["offset"] * SECOND)
        level[first : last + 1, 2:5] += 4
    return level


def test_a_model_that_is_right_is_found_right(tmp_path):
    with predictions(tmp_path / "p.h5", PLAN) as predicted:
        tuned = tune(predicted, PLAN, logmel, PUBLISHED, -5.0)
        scores = predicted.frame_scores(2)
    bark, mew, nothing = tuned
    assert bark.clip < 0.05 and bark.frame < 0.05 and bark.mask < 0.05
    assert bark.detector.clip_threshold == bark.clip
    assert all(0 < value < 0.9 for value in (mew.clip, mew.frame, mew.mask))
    assert (nothing.clip, nothing.frame, nothing.mask) == (0.1, 0.1, 0.1)
    barks = [(31, 38), (93, 101)]
    assert bark.detector.ranges(scores[:, 0]) == bark.by_duration.ranges(scores[:, 0]) == barks
    for one, silent in ((mew, scores[:, 1]), (nothing, scores[:, 2])):
        assert one.detector.ranges(silent) == one.by_duration.ranges(silent) == []


def test_events_by_duration_are_tuned_with_the_learnt_foreground(tmp_path):
    """Of a model that knows what is in a clip, not when; only its map of the foreground does."""
    labels = weak_labels(PLAN, CLASSES).astype(np.float32)
    spectral = Spectral.from_settings(SETTINGS)
    active = planned_activity(PLAN, CLASSES, spectral, FRAMES).any(axis=2).astype(np.float32)
    names = [mixture["mixture_name"] for mixture in PLAN]
    clips = [
        ClipPrediction(name, tags, np.tile(0.5 * tags, (FRAMES, 1)), None, codes)
        for name, tags, codes in zip(
            names, labels, encode_masks(np.repeat(active[..., None], 8, axis=2)), strict=True
        )
    ]
    write_predictions(tmp_path / "p.h5", names, CLASSES, SETTINGS, clips)
    with PredictionStore(tmp_path / "p.h5") as predicted:
        bark, mew, _ = tune(predicted, PLAN, logmel, PUBLISHED, -5.0)
        assert mew.by_duration.ranges(event_evidence(predicted, 1)[:, 1]) == [(12, 44)]
        assert bark.detector.ranges(predicted.frame_scores(2)[:, 0]) == [(0, FRAMES)]  # not by it
        assert bark.by_duration.ranges(event_evidence(predicted, 2)[:, 0]) == [(31, 38), (93, 101)]


def test_a_class_without_an_event_keeps_the_published_limits(tmp_path):
    with predictions(tmp_path / "p.h5", PLAN) as predicted:
        *_, nothing = tune(predicted, PLAN, logmel, PUBLISHED, -5.0)
    assert nothing.detector == DETECTOR


def test_a_model_without_masks_has_no_mask_thresholds_and_reads_no_log_mel(tmp_path):
    def unread(index):
        raise AssertionError

    with predictions(tmp_path / "p.h5", PLAN, with_masks=False) as predicted:
        tuned = tune(predicted, PLAN, unread, PUBLISHED, -5.0)
    assert all(one.mask is None for one in tuned)
    write_thresholds(tmp_path / "t.yaml", "some labels", CLASSES, tuned)
    assert "mask" not in (tmp_path / "t.yaml").read_text()
    assert read_thresholds(tmp_path / "t.yaml", CLASSES) == tuned


def test_thresholds_survive_their_file_whatever_classes_are_called(tmp_path):
    with predictions(tmp_path / "p.h5", PLAN) as predicted:
        tuned = tune(predicted, PLAN, logmel, PUBLISHED, -5.0)
    for classes in (["Straße", "1", "yes"], ["source", "NA", "$(rock): 'x'\n"]):
        write_thresholds(tmp_path / "t.yaml", "some labels", classes, tuned)
        assert read_thresholds(tmp_path / "t.yaml", classes) == tuned
    assert (tmp_path / "t.yaml").read_text().startswith("source: some labels\n")
    both = join(tuned, 0.1)
    np.testing.assert_array_equal(both.gate, np.minimum(both.clip, 0.1))
    np.testing.assert_array_equal(both.clip, both.found)
    assert both.mask.shape == (3,)
    with pytest.raises(ThresholdError, match=r"t\.yaml: thresholds of other classes"):
        read_thresholds(tmp_path / "t.yaml", CLASSES)


@pytest.mark.parametrize("text", ["", "{", "classes: 3", "classes: {Bark: {clip: 1}}", "- 1"])
def test_a_damaged_file_is_named_in_one_line(tmp_path, text):
    (tmp_path / "t.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"t\.yaml: .*delete it and run the same") as error:
        read_thresholds(tmp_path / "t.yaml", ["Bark"])
    assert "\n" not in str(error.value)


def test_scores_that_flicker_are_smoothed_before_they_are_counted():
    """A class that is scored in every other frame of its events, and noise below it."""
    rng = np.random.default_rng(0)
    active = np.zeros((6, 200, 1), bool)
    active[:, 60:120] = True
    scores = np.where(active, 0.6, 0.0) * (np.arange(200) % 2)[:, None]
    scores = (scores + rng.uniform(0, 0.05, scores.shape)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.02] = 0.5  # single frames elsewhere
    threshold, smooth = tune_frames(active, scores, 0.1, np.array([6]))
    assert smooth[0] > 1
    decided = moving_means(scores, smooth) > threshold
    assert (decided == active).mean() > 0.97 > ((scores > 0.1) == active).mean()


def test_scores_that_need_no_smoothing_are_left_alone():
    active = np.zeros((4, 50, 2), bool)
    active[:, 10:20, 0] = True
    threshold, smooth = tune_frames(active, active.astype(np.float32), 0.1, np.array([4, 0]))
    assert smooth.tolist() == [1, 1]
    assert threshold.tolist() == pytest.approx([0.1, 0.1])
