"""weakseg.candidates: which candidate is taken for a threshold."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from weakseg.candidates import choose, counts_above
from weakseg.metrics.binary import Counts


def test_a_rare_class_follows_the_others_and_a_frequent_one_its_own():
    tp, fp = np.array([[50, 50], [1, 0]]), np.array([[50, 0], [0, 0]])
    counts = Counts(tp, fp, tp.max(axis=1, keepdims=True) - tp)
    distance, n_positives = np.array([0.0, 0.4]), np.array([50, 1])
    assert choose(counts, n_positives, distance).tolist() == [1, 1]
    assert choose(counts, n_positives, distance, shrinkage=0).tolist() == [1, 0]


@given(arrays.arrays(np.float32, (20, 2), elements=st.floats(0, 1, width=32)), st.integers(0, 99))
def test_counts_are_those_of_the_decisions(scores, seed):
    truth = np.random.default_rng(seed).random((20, 2)) < 0.5
    candidates = np.float32([0.1, 0.5, 0.9])
    tp, fp, fn = counts_above(truth, scores, candidates)
    for place, threshold in enumerate(candidates):
        above = scores > threshold
        np.testing.assert_array_equal(tp[:, place], (truth & above).sum(axis=0))
        np.testing.assert_array_equal(fp[:, place], (~truth & above).sum(axis=0))
        np.testing.assert_array_equal(fn[:, place], (truth & ~above).sum(axis=0))
