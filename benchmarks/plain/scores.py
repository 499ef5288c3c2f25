"""Scores of tags, frames and masks by scikit-learn on whole arrays, in floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

Scores = dict[str, NDArray[np.float64]]


def scores(truth: NDArray[np.bool_], values: NDArray[Any], threshold: float) -> Scores:
    """`precision recall f1 auc average_precision`, each (classes,), of arrays (samples, classes).

    nan for a class without a positive.
    """
    names = ("precision", "recall", "f1", "auc", "average_precision")
    table = np.full((truth.shape[1], len(names)), np.nan)
    for label in np.flatnonzero(truth.any(axis=0)):
        true, value = truth[:, label], values[:, label]
        decided = metrics.precision_recall_fscore_support(
            true, value > threshold, average="binary", zero_division=0
        )
        areas = metrics.roc_auc_score(true, value), metrics.average_precision_score(true, value)
        table[label] = *decided[:3], *areas
    return dict(zip(names, table.T, strict=True))
