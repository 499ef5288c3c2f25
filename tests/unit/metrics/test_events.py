import warnings

import numpy as np
import pandas as pd
import pytest

from weakseg.metrics import events
from weakseg.metrics.event_table import COLUMNS, read_events

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sed_eval

CLASSES = ["Bark", "Bus", "Cello"]


def table(*rows):
    return pd.DataFrame(rows, columns=list(COLUMNS))


def random_tables(seed: int, n_clips: int = 25):
    """Crowded clips, and an estimate that hits, misses, shifts, relabels and adds events."""
    rng = np.random.default_rng(seed)
    names = [f"{clip}.flac" for clip in range(n_clips)]
    reference, estimated = [], []
    for name in names:
        for _ in range(rng.integers(0, 6)):
            onset = rng.uniform(0, 8)
            offset = onset + rng.uniform(0.05, 2)
            label = CLASSES[rng.integers(3)]
            reference.append((name, onset, offset, label))
            for _ in range(rng.integers(0, 3)):
                start = max(onset + rng.normal(0, 0.15), 0)
                end = max(offset + rng.normal(0, 0.3), start + 0.01)
                other = label if rng.random() < 0.7 else CLASSES[rng.integers(3)]
                estimated.append((name, start, end, other))
    return table(*reference), table(*estimated), names


def sed_eval_results(metric, reference, estimated, names, **options):
    metric.empty_system_output_handling = "zero_score"
    for name in names:
        one, other = (t[t.filename == name].to_dict("records") for t in (reference, estimated))
        metric.evaluate(one, other, **options)
    return metric.results()


def assert_same_results(counts, expected):
    of_class = events.class_metrics(events.totals(counts))
    for i, label in enumerate(CLASSES):
        theirs = expected["class_wise"][label]
        assert of_class["f1"][i] == pytest.approx(theirs["f_measure"]["f_measure"], abs=1e-9)
        assert of_class["precision"][i] == pytest.approx(theirs["f_measure"]["precision"], abs=1e-9)
        assert of_class["recall"][i] == pytest.approx(theirs["f_measure"]["recall"], abs=1e-9)
        assert of_class["error_rate"][i] == pytest.approx(
            theirs["error_rate"]["error_rate"], abs=1e-9
        )


@pytest.mark.parametrize("seed", range(6))
def test_collar_based_metrics_equal_sed_eval(seed):
    reference, estimated, names = random_tables(seed)
    expected = sed_eval_results(
        sed_eval.sound_event.EventBasedMetrics(CLASSES), reference, estimated, names
    )
    assert_same_results(events.collar_counts(reference, estimated, names, CLASSES), expected)


@pytest.mark.parametrize("seed", range(6))
def test_counts_of_all_clips_together_are_those_of_each(seed):
    reference, estimated, names = random_tables(seed)
    each = events.totals(events.collar_counts(reference, estimated, names, CLASSES))
    together = events.class_counts(
        *(read_events(t, names, CLASSES) for t in (reference, estimated)), len(CLASSES)
    )
    for one, other in zip(each, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("seed", range(6))
def test_segment_based_metrics_equal_sed_eval(seed):
    reference, estimated, names = random_tables(seed)
    expected = sed_eval_results(
        sed_eval.sound_event.SegmentBasedMetrics(CLASSES),
        reference,
        estimated,
        names,
        evaluated_length_seconds=9.5,
    )
    counts = events.segment_counts(reference, estimated, names, CLASSES, clip_seconds=9.5)
    assert_same_results(counts, expected)


def collar_f1(reference, estimated):
    counts = events.collar_counts(table(reference), table(estimated), ["a"], CLASSES)
    return events.class_metrics(events.totals(counts))["f1"][CLASSES.index("Bark")]


@pytest.mark.parametrize("onset", [2.8, 3.2, 94 * 0.032 + 0.192])
def test_an_onset_exactly_on_the_collar_is_a_hit(onset):
    assert collar_f1(("a", 3.0, 5.0, "Bark"), ("a", onset, 5.0, "Bark")) == 1
    assert collar_f1(("a", 3.0, 5.0, "Bark"), ("a", onset, 6.0, "Bark")) == 1


def test_a_millisecond_beyond_the_collar_is_a_miss():
    assert collar_f1(("a", 3.0, 5.0, "Bark"), ("a", 3.201, 5.0, "Bark")) == 0
    assert collar_f1(("a", 3.0, 5.0, "Bark"), ("a", 3.0, 6.001, "Bark")) == 0


def test_short_events_have_the_collar_at_their_offset_too():
    assert collar_f1(("a", 3.0, 3.1, "Bark"), ("a", 3.0, 3.3, "Bark")) == 1
    assert collar_f1(("a", 3.0, 3.1, "Bark"), ("a", 3.0, 3.31, "Bark")) == 0


def test_the_matching_is_the_largest_and_not_the_first_found():
    # the first estimate fits both references, the second only the first
    reference = table(("a", 1.0, 2.0, "Bark"), ("a", 1.3, 2.3, "Bark"))
    estimated = table(("a", 1.15, 2.15, "Bark"), ("a", 0.9, 1.9, "Bark"))
    counts = events.collar_counts(reference, estimated, ["a"], CLASSES)
    assert counts.tp.sum() == 2


def test_a_wrong_label_in_the_right_place_is_a_miss_and_an_addition():
    reference, estimated = table(("a", 1, 2, "Bark")), table(("a", 1, 2, "Bus"))
    for counts in (
        events.collar_counts(reference, estimated, ["a"], CLASSES),
        events.segment_counts(reference, estimated, ["a"], CLASSES, 10.0),
    ):
        assert counts.fn.tolist() == [[1, 0, 0]] and counts.fp.tolist() == [[0, 1, 0]]
        assert events.class_metrics(events.totals(counts))["error_rate"][0] == 1


def test_an_offset_on_a_segment_border_stays_in_its_segment():
    reference = table(("a", 0.1, 3 * 1.1 - 0.3, "Bark"))
    counts = events.segment_counts(reference, reference, ["a"], CLASSES, 10.0)
    assert counts.tp.sum() == 3


def test_perfect_estimates():
    reference, _, names = random_tables(0)
    for counts in (
        events.collar_counts(reference, reference, names, CLASSES),
        events.segment_counts(reference, reference, names, CLASSES, 10.0),
    ):
        of_class = events.class_metrics(events.totals(counts))
        np.testing.assert_array_equal(of_class["f1"], 1)
        np.testing.assert_array_equal(of_class["error_rate"], 0)


def test_no_estimate_and_no_reference():
    reference = table(("a", 1, 2, "Bark"))
    counts = events.collar_counts(reference, table(), ["a", "b"], CLASSES)
    of_class = events.class_metrics(events.totals(counts))
    np.testing.assert_array_equal(of_class["f1"], [0, np.nan, np.nan])
    np.testing.assert_array_equal(of_class["error_rate"], [1, np.nan, np.nan])
    counts = events.collar_counts(table(), reference, ["a", "b"], CLASSES)
    assert np.isnan(events.class_metrics(events.totals(counts))["error_rate"]).all()


def test_order_of_files_does_not_matter():
    reference, estimated, names = random_tables(3)
    forward = events.collar_counts(reference, estimated, names, CLASSES)
    backward = events.collar_counts(reference, estimated, names[::-1], CLASSES)
    for one, other in zip(forward, backward, strict=True):
        np.testing.assert_array_equal(one, other[::-1])


@pytest.mark.parametrize("seed", range(4))
def test_matches_of_all_clips_at_once_are_as_many_as_clip_by_clip(seed):
    reference, estimated, names = random_tables(seed)
    ref, est = (read_events(table, names, CLASSES) for table in (reference, estimated))
    shuffled = est.at(np.random.default_rng(seed).permutation(len(est.clip)))
    match = events.match_events(ref, shuffled, len(CLASSES))
    hit = match >= 0
    tp = np.zeros((len(names), len(CLASSES)), int)
    np.add.at(tp, (ref.clip[hit], ref.label[hit]), 1)
    expected = events.collar_counts(reference, estimated, names, CLASSES)
    np.testing.assert_array_equal(tp, expected.tp)
    assert len(set(match[hit])) == hit.sum() > 0
    for mine, theirs in ((ref.clip, shuffled.clip), (ref.label, shuffled.label)):
        np.testing.assert_array_equal(mine[hit], theirs[match[hit]])
    nothing = est.at(slice(0))
    assert (events.match_events(ref, nothing, len(CLASSES)) == -1).all()
    assert events.match_events(nothing, est, len(CLASSES)).size == 0
