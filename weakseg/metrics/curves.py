"""Precision, recall and F1 at every threshold: the curves behind the numbers of the tables.

Conventions
-----------
- Thresholds are strictly increasing; positive is what is above one.  A level lies above one
  threshold and reaches up to the next, so there is one more than there are thresholds.
- A value is the macro mean over the classes with a positive, as in the tables, so that a curve has
  at a threshold the value that a table has with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.metrics.binary import Counts, LevelCounts, checked, macro, precision_recall_f1

CURVE_COLUMNS = ["task", "threshold", "precision", "recall", "f1"]


def counts_on_levels(
    truth: NDArray[np.bool_], scores: NDArray[Any], thresholds: NDArray[Any]
) -> LevelCounts:
    """Counts (classes, thresholds + 1) of the truth and scores (..., classes) on each level.

    ValueError as of `binary.checked`.
    """
    truth = checked(truth, scores)
    n_classes, n_levels = scores.shape[-1], len(thresholds) + 1
    counts = np.zeros((2, n_classes, n_levels), np.int64)
    for label in range(n_classes):
        at = np.searchsorted(thresholds, scores[..., label].ravel())
        for part, of_class in zip(counts, (truth, ~truth), strict=True):
            chosen = at[of_class[..., label].ravel()]
            part[label] = np.bincount(chosen, minlength=n_levels)
    return LevelCounts(*counts)


def threshold_curve(task: str, counts: LevelCounts, thresholds: NDArray[Any]) -> pd.DataFrame:
    """The macro means at each threshold, with the columns `CURVE_COLUMNS`.

    counts: (classes, thresholds + 1).  ValueError for another number of levels.
    """
    if counts.positives.shape[-1] != len(thresholds) + 1:
        n_levels = counts.positives.shape[-1]
        raise ValueError(f"{len(thresholds)} thresholds, {n_levels} levels; give one level more")
    positives, negatives = (_above(part) for part in counts)
    misses = counts.positives.sum(axis=-1, keepdims=True) - positives
    rates = precision_recall_f1(Counts(positives, negatives, misses))
    means = {name: macro(rate.T) for name, rate in rates.items()}
    return pd.DataFrame({"task": task, "threshold": thresholds, **means})[CURVE_COLUMNS]


def _above(counts: NDArray[Any]) -> NDArray[np.int64]:
    """Counts (classes, thresholds) of all that is above each threshold."""
    counts = counts.astype(np.int64)
    above: NDArray[np.int64] = counts.sum(axis=-1, keepdims=True) - np.cumsum(counts, axis=-1)
    return above[:, :-1]
