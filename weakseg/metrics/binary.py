"""Binary decisions, class by class: the core that tagging, frames and masks share.

Conventions
-----------
- Levels are the distinct values of a score, in increasing order; a curve is computed from the
  number of positives and of negatives at each level, so tied scores are treated exactly.
- ROC AUC: the probability that a positive scores above a negative, ties counting half
  (Hanley and McNeil 1982).
- Average precision: sum over thresholds of (recall step) x precision, without interpolation
  (Manning et al. 2008, section 8.4; the definition that scikit-learn uses).
- No positives: each metric is nan.  Positives, but nothing predicted: precision is 0.
  No negatives: ROC AUC is nan.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Threshold = float | NDArray[np.floating]
"""One for all classes, or one a class, (classes,)."""


class Counts(NamedTuple):
    """True positives, false positives and false negatives: arrays of one shape."""

    tp: NDArray[Any]
    fp: NDArray[Any]
    fn: NDArray[Any]


class LevelCounts(NamedTuple):
    """Number of positives and of negatives at each level, both (..., levels)."""

    positives: NDArray[Any]
    negatives: NDArray[Any]


def ratio(numerator: NDArray[Any], denominator: NDArray[Any], empty: float) -> Floats:
    """numerator / denominator, `empty` where the denominator is 0."""
    quotient = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), empty)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def macro(values: Floats) -> Floats:
    """Mean over the last axis (classes) of the values that are not nan; nan if none is left.

    The classes left out are those without a positive in the truth.
    """
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1), np.nan)


def precision_recall_f1(counts: Counts) -> dict[str, Floats]:
    """Precision, recall and F1, each of the shape of the counts (van Rijsbergen 1979)."""
    tp, fp, fn = counts
    undefined = tp + fn == 0
    rates = {
        "precision": ratio(tp, tp + fp, 0.0),
        "recall": ratio(tp, tp + fn, 0.0),
        "f1": ratio(2 * tp, 2 * tp + fp + fn, 0.0),
    }
    return {name: np.where(undefined, np.nan, rate) for name, rate in rates.items()}


def roc_auc(counts: LevelCounts) -> Floats:
    """Area under the ROC curve, (...,) from counts (..., levels)."""
    positives, negatives = (np.asarray(part, dtype=np.float64) for part in counts)
    below = np.cumsum(negatives, axis=-1) - negatives
    ordered_pairs = (positives * (below + negatives / 2)).sum(axis=-1)
    return ratio(ordered_pairs, positives.sum(axis=-1) * negatives.sum(axis=-1), np.nan)


def average_precision(counts: LevelCounts) -> Floats:
    """Average precision, (...,) from counts (..., levels)."""
    positives, negatives = (np.asarray(part, dtype=np.float64)[..., ::-1] for part in counts)
    tp = np.cumsum(positives, axis=-1)
    precision = ratio(tp, tp + np.cumsum(negatives, axis=-1), 0.0)
    return ratio((positives * precision).sum(axis=-1), positives.sum(axis=-1), np.nan)


def curve_areas(counts: LevelCounts) -> dict[str, Floats]:
    """The metrics that need no threshold, `auc` and `average_precision`, each (...,)."""
    return {"auc": roc_auc(counts), "average_precision": average_precision(counts)}


def decision_counts(
    truth: NDArray[np.bool_], predicted: NDArray[np.bool_], axis: int | tuple[int, ...]
) -> Counts:
    """Counts of decisions, summed over `axis` of two boolean arrays of one shape."""
    return Counts(
        (truth & predicted).sum(axis=axis),
        (~truth & predicted).sum(axis=axis),
        (truth & ~predicted).sum(axis=axis),
    )


def threshold_counts(counts: LevelCounts, levels: NDArray[Any], threshold: Threshold) -> Counts:
    """Decisions at a threshold, (...,) from counts (..., levels) and the value of each level.

    ValueError if the levels do not increase strictly or are not as many as the counts.
    """
    if len(levels) != counts.positives.shape[-1] or not (np.diff(levels) > 0).all():
        raise ValueError(
            f"levels: expected {counts.positives.shape[-1]} strictly increasing values, "
            f"got {len(levels)}; give one value a code, in the order of the codes"
        )
    above = np.broadcast_to(
        levels > (threshold[..., None] if isinstance(threshold, np.ndarray) else threshold),
        counts.positives.shape,
    )
    tp, fp = (part.sum(axis=-1, where=above) for part in counts)
    return Counts(tp, fp, counts.positives.sum(axis=-1, where=~above))


def level_counts(truth: NDArray[np.bool_], scores: NDArray[Any]) -> LevelCounts:
    """Counts (levels,) of one class at each distinct score, from two arrays (samples,)."""
    order = np.argsort(scores)
    ordered = scores[order]
    last_of_level = np.append(ordered[1:] != ordered[:-1], True)
    samples = np.flatnonzero(last_of_level) + 1
    positives = np.diff(np.cumsum(truth[order])[last_of_level], prepend=0)
    return LevelCounts(positives, np.diff(samples, prepend=0) - positives)


def class_metrics(
    truth: NDArray[np.bool_], scores: NDArray[Any], threshold: Threshold
) -> dict[str, Floats]:
    """Precision, recall, F1, ROC AUC and average precision of each class, exactly.

    truth, scores: (..., classes), where each position of the leading axes is a sample.
    Returns `precision recall f1 auc average_precision`, each (classes,).
    ValueError if the shapes differ or a score is not finite.
    """
    truth = checked(truth, scores)
    samples = tuple(range(truth.ndim - 1))
    rates = precision_recall_f1(decision_counts(truth, scores > threshold, samples))
    areas = [
        curve_areas(level_counts(truth[..., label].ravel(), scores[..., label].ravel()))
        for label in range(truth.shape[-1])
    ]
    return rates | {
        name: np.array([area[name] for area in areas]) for name in ("auc", "average_precision")
    }


def checked(truth: NDArray[Any], scores: NDArray[Any]) -> NDArray[np.bool_]:
    """The truth as booleans; ValueError if it does not fit the scores or these are not finite."""
    if truth.shape != scores.shape:
        raise ValueError(
            f"truth has shape {truth.shape}, scores have {scores.shape}; give both the same clips"
        )
    if not np.isfinite(scores).all():
        raise ValueError("scores: expected finite numbers, got nan or infinity; check the model")
    return truth.astype(bool, copy=False)
