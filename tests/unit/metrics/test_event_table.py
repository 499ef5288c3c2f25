import numpy as np
import pandas as pd
import pytest

from weakseg.metrics.event_table import COLUMNS, merged, read_events

NAMES, CLASSES = ["a.flac", "b.flac"], ["Bark", "Bus"]


def table(*rows):
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_events_are_sorted_by_clip():
    events = read_events(
        table(("b.flac", 1, 2, "Bark"), ("a.flac", 3, 4, "Bus"), ("b.flac", 0, 1, "Bus")),
        NAMES,
        CLASSES,
    )
    assert events.clip.tolist() == [0, 1, 1]
    assert events.label.tolist() == [1, 0, 1]
    assert events.onset.tolist() == [3, 1, 0]
    assert events.of_clips(1, 2).offset.tolist() == [2, 1]


def test_a_row_without_a_label_is_a_file_without_events():
    events = read_events(table(("a.flac", np.nan, np.nan, np.nan)), NAMES, CLASSES)
    assert len(events.clip) == 0


def test_an_empty_table_has_no_events():
    assert len(read_events(table(), NAMES, CLASSES).clip) == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("c.flac", 0, 1, "Bark"), "filename 'c.flac'"),
        (("a.flac", 0, 1, "Cello"), "event_label 'Cello'"),
        (("a.flac", 2, 1, "Bark"), "a.flac has an event from 2.0 to 1.0 s"),
        (("a.flac", 0, np.inf, "Bark"), "finite"),
    ],
)
def test_refuses_a_wrong_row(row, message):
    with pytest.raises(ValueError, match=message) as error:
        read_events(table(row), NAMES, CLASSES)
    assert "\n" not in str(error.value)


def test_refuses_a_table_without_a_column():
    with pytest.raises(ValueError, match="no column 'offset'"):
        read_events(table().drop(columns="offset"), NAMES, CLASSES)


def test_merged_joins_what_overlaps_or_touches_in_one_clip_and_class():
    rows = [
        ("a.flac", 0, 3, "Bark"),
        ("a.flac", 1, 2, "Bark"),
        ("a.flac", 3, 4, "Bark"),
        ("a.flac", 5, 6, "Bark"),
        ("a.flac", 2, 5, "Bus"),
        ("b.flac", 4, 5, "Bus"),
    ]
    events = merged(read_events(table(*rows[::-1]), NAMES, CLASSES))
    assert events.onset.tolist() == [0, 5, 2, 4]
    assert events.offset.tolist() == [4, 6, 5, 5]
    assert events.clip.tolist() == [0, 0, 0, 1]
