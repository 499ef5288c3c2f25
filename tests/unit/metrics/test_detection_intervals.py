import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weakseg.metrics.detection_intervals import find_intervals


def detections(scores, threshold):
    """Runs of frames whose scores reach the threshold, as (start, end)."""
    active = np.concatenate([[False], scores >= threshold, [False]])
    borders = np.flatnonzero(active[1:] != active[:-1])
    return {(int(start), int(end)) for start, end in borders.reshape(-1, 2)}


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 3), st.integers(1, 20)),
        elements=st.sampled_from([0, 0.1, 0.2, 0.5, 0.9]),
    )
)
def test_intervals_are_the_detections_at_every_threshold(scores):
    intervals = find_intervals(scores)
    top = scores.ravel()[intervals.top_cell]
    bottom = np.where(intervals.bottom_cell < 0, -np.inf, scores.ravel()[intervals.bottom_cell])
    for row, sequence in enumerate(scores):
        for threshold in np.unique(sequence):
            exist = (intervals.row == row) & (bottom < threshold) & (threshold <= top)
            found = sorted(zip(intervals.start[exist], intervals.end[exist], strict=True))
            assert found == sorted(detections(sequence, threshold))


def test_a_constant_row_is_one_interval():
    intervals = find_intervals(np.full((2, 5), 0.3, np.float32))
    assert intervals.start.tolist() == [0, 0]
    assert intervals.end.tolist() == [5, 5]
    assert intervals.bottom_cell.tolist() == [-1, -1]
