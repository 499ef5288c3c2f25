import numpy as np
import pandas as pd
import pytest
from sed_scores_eval.base_modules.scores import create_score_dataframe
from sed_scores_eval.intersection_based import psds as oracle_psds

from weakseg.metrics.event_table import COLUMNS, merged, read_events
from weakseg.metrics.psds import SETTINGS, psds

FRAME, CLASSES = 0.032, ["Bark", "Bus", "Cello", "Gong"]
N_CLIPS, N_FRAMES = 20, 60
SECONDS = N_FRAMES * FRAME
NAMES = [f"{clip}.flac" for clip in range(N_CLIPS)]


def make_fold(seed: int, digits: int = 9):
    """Noisy scores (clips, frames, classes), raised where events are, and the events."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(N_CLIPS, N_FRAMES, len(CLASSES)))
    logits = 0.1 * np.cumsum(noise, axis=1) + 0.1 * noise
    rows = []
    for clip, name in enumerate(NAMES):
        for label in rng.integers(len(CLASSES), size=rng.integers(0, 4)):
            onset = rng.uniform(0, SECONDS - 0.5)
            offset = min(onset + rng.uniform(0.1, 1), SECONDS)
            rows.append((name, onset, offset, CLASSES[label]))
            logits[clip, int(onset / FRAME) : int(offset / FRAME), label] += rng.uniform(0, 3)
    scores = np.round(1 / (1 + np.exp(-logits)), digits)
    return scores, pd.DataFrame(rows, columns=list(COLUMNS))


def oracle(scores, reference, setting):
    borders = np.arange(N_FRAMES + 1) * FRAME
    truth = {name: [] for name in NAMES}
    for clip, label, *times in zip(*merged(read_events(reference, NAMES, CLASSES)), strict=True):
        truth[NAMES[clip]].append((*map(float, times), CLASSES[label]))
    overall, of_class, *_ = oracle_psds(
        {
            name: create_score_dataframe(one, borders, CLASSES)
            for name, one in zip(NAMES, scores, strict=True)
        },
        truth,
        dict.fromkeys(NAMES, SECONDS),
        dtc_threshold=setting.dtc,
        gtc_threshold=setting.gtc,
        cttc_threshold=setting.cttc if setting.alpha_ct else None,
        alpha_ct=setting.alpha_ct,
        alpha_st=setting.alpha_st,
        max_efpr=setting.e_max,
    )
    return overall, [of_class[label] for label in CLASSES]


def evaluate(scores, reference, settings=SETTINGS):
    return psds(scores, reference, NAMES, CLASSES, FRAME, SECONDS, settings)


# these small folds have few false positives an hour or very many: both ends of the curve
@pytest.mark.parametrize("e_max", [100.0, 3000.0])
@pytest.mark.parametrize("digits", [1, 9])
@pytest.mark.parametrize("name", ["psds1", "psds2"])
@pytest.mark.parametrize("seed", range(3))
def test_equals_sed_scores_eval(seed, name, digits, e_max):
    fold = make_fold(seed, digits)
    setting = SETTINGS[name]._replace(e_max=e_max)
    found = evaluate(*fold, {name: setting})[name]
    overall, of_class = oracle(*fold, setting)
    assert found.overall == pytest.approx(overall, abs=1e-9)
    np.testing.assert_allclose(found.of_class, of_class, atol=1e-9)


def on_frames(scores, reference, jitter=0.0):
    """Events that begin and end on frames, and scores that are 1 within them (+ jitter), else 0."""
    reference = reference.assign(
        onset=(reference.onset / FRAME).round() * FRAME,
        offset=(reference.offset / FRAME).round() * FRAME,
    )
    perfect = np.zeros_like(scores)
    for name, onset, offset, label in reference.itertuples(index=False):
        frames = slice(round(onset / FRAME), round(offset / FRAME))
        perfect[NAMES.index(name), frames, CLASSES.index(label)] = 1
    return perfect + jitter, reference


def test_perfect_scores_give_1():
    perfect, reference = on_frames(*make_fold(0))
    # a rate of 100 errors an hour is less than one error here, so the floor must stay undetected
    for result in evaluate(perfect, reference).values():
        assert result.overall == pytest.approx(1)
        np.testing.assert_allclose(result.of_class, 1)


def test_a_higher_scale_of_scores_changes_nothing():
    scores, reference = make_fold(1)
    before, after = evaluate(scores, reference), evaluate(np.log(scores + 1), reference)
    for name in SETTINGS:
        assert after[name].overall == pytest.approx(before[name].overall)


def test_single_precision_is_enough_where_scores_are_rounded():
    scores, reference = make_fold(2, digits=2)
    before, after = evaluate(scores, reference), evaluate(scores.astype(np.float32), reference)
    for name in SETTINGS:
        assert after[name].overall == pytest.approx(before[name].overall, abs=1e-12)


def test_codes_may_stand_for_scores():
    scores, reference = make_fold(2, digits=2)
    before = evaluate(scores, reference)
    after = evaluate(np.round(scores * 100).astype(np.uint8), reference)
    for name in SETTINGS:
        assert after[name].overall == pytest.approx(before[name].overall, abs=1e-12)


def test_more_clips_than_are_read_at_once_give_the_same_as_few():
    scores, reference = make_fold(3)
    more = NAMES + [f"again-{name}" for name in NAMES]
    again = reference.assign(filename="again-" + reference.filename)
    twice = psds(
        np.concatenate([scores, scores]),
        pd.concat([again, reference]),
        more,
        CLASSES,
        FRAME,
        SECONDS,
    )
    once = evaluate(scores, reference)
    for name in SETTINGS:
        assert twice[name].overall == pytest.approx(once[name].overall)


def test_a_class_without_events_takes_no_part():
    scores, reference = make_fold(4)
    without = reference[reference.event_label != "Gong"]
    found = evaluate(scores, without)
    three = psds(scores[..., :3], without, NAMES, CLASSES[:3], FRAME, SECONDS)
    for name in SETTINGS:
        assert np.isnan(found[name].of_class[3])
        assert found[name].overall == pytest.approx(three[name].overall)


def test_no_events_at_all_give_nan():
    scores, reference = make_fold(5)
    assert np.isnan(evaluate(scores, reference.iloc[:0])["psds1"].overall)


def test_refuses_scores_of_another_shape():
    scores, reference = make_fold(0)
    with pytest.raises(ValueError, match=r"\(20, frames, 4\)"):
        evaluate(scores[..., :3], reference)


def test_refuses_nan():
    scores, reference = make_fold(0)
    scores[3, 2, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        evaluate(scores, reference)
