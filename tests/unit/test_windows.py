"""Windows of a stream: each row in one core, with its context, whatever the blocks."""

import numpy as np
import pytest

from weakseg.windows import windows


def blocks_of(rows, lengths):
    edges = np.cumsum([0, *lengths])
    return [rows[first:end] for first, end in zip(edges, [*edges[1:], len(rows)], strict=True)]


@pytest.mark.parametrize("n_rows", [0, 1, 7, 8, 9, 40, 41, 55])
@pytest.mark.parametrize("lengths", [[], [3, 0, 1, 20], [1] * 7])
@pytest.mark.parametrize("core,context", [(8, 0), (8, 3), (5, 11)])
def test_cores_are_the_stream_and_contexts_reach_as_far_as_they_should(
    n_rows, lengths, core, context
):
    rows = np.arange(n_rows)
    seen = list(windows(blocks_of(rows, lengths), core, context))
    joined = [window.values[window.core] for window in seen]
    assert np.array_equal(np.concatenate([rows[:0], *joined]), rows)
    for place, window in enumerate(seen):
        first = max(0, place * core - context)
        end = min(n_rows, (place + 1) * core + context)
        assert window.first == first
        assert np.array_equal(window.values, rows[first:end])


def test_nothing_is_read_ahead_of_what_a_window_needs():
    read = []

    def blocks():
        for place in range(10):
            read.append(place)
            yield np.zeros((4, 2))

    next(windows(blocks(), 8, 4))
    assert read == [0, 1, 2]
