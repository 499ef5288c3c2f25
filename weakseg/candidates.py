"""Which of some candidates is taken for a threshold, class by class.

Conventions
-----------
- A candidate's worth is weight x the class's F1 + (1 - weight) x F1 of all classes' decisions
  together, weight = n / (n + SHRINKAGE) with n positive clips or events: a class of few positives
  follows the others.  Of equal candidates the one nearest to a first choice, such as the published
  value, is taken; a class without a positive keeps that.
- Of a hundred clips one more or less decides which clip threshold is best, and a model knows those
  of its training too well.  So of the thresholds around the best that are at most NEARLY worse, an
  INSET left out on either side, the one nearest to EVEN is taken: where a class is as likely there
  as not, if the probability is what its cross-entropy made it.
- Counts of candidates are (classes, candidates).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg.metrics.binary import Counts, Floats, precision_recall_f1

SHRINKAGE = 20  # positives at which a class's own F1 counts as much as that of all together
TIE = 1e-9
NEARLY = 0.02
INSET, EVEN = 0.25, 0.5
LEVELS = 1 / (1 + np.exp(-np.arange(-6, 6.1, 0.25)))  # 49 candidates of each threshold

Column = NDArray[np.float32]
"""A value a class, (classes,)."""


def choose(
    counts: Counts,
    n_positives: NDArray[Any],
    distance: NDArray[Any],
    shrinkage: float = SHRINKAGE,
) -> NDArray[np.intp]:
    """The index of the candidate of most worth (see the conventions) for each class, (classes,).

    counts: (classes, candidates); n_positives: (classes,); distance: (candidates,), from a first
    choice; shrinkage inf: one for all classes.
    """
    worth, known = worth_of(counts, n_positives, shrinkage), n_positives > 0
    best = worth >= worth.max(axis=1, keepdims=True) - TIE
    chosen: NDArray[np.intp] = np.where(best, distance, np.inf).argmin(axis=1)
    return np.where(known, chosen, distance.argmin())


def worth_of(counts: Counts, n_positives: NDArray[Any], shrinkage: float) -> Floats:
    """The worth of each candidate, (classes, candidates); as `choose`."""
    known = n_positives > 0
    own = np.nan_to_num(precision_recall_f1(counts)["f1"])
    together = Counts(*(part[known].sum(axis=0) for part in counts))
    weight = (n_positives / (n_positives + shrinkage))[:, None]
    worth: Floats = weight * own + (1 - weight) * np.nan_to_num(precision_recall_f1(together)["f1"])
    return worth


def choose_even(
    counts: Counts, n_positives: NDArray[Any], distance: NDArray[Any], candidates: Column
) -> NDArray[np.intp]:
    """The index nearest to EVEN (see the conventions) of `candidates`, which increase."""
    best, worth = choose(counts, n_positives, distance), worth_of(counts, n_positives, SHRINKAGE)
    worse = worth < worth.max(axis=1, keepdims=True) - NEARLY
    chosen, even = best.copy(), np.abs(candidates - EVEN).argmin()
    for label in np.flatnonzero(n_positives > 0):
        ends = np.flatnonzero(np.pad(worse[label], 1, constant_values=True)) - 1
        after = np.searchsorted(ends, best[label])
        first, last = ends[after - 1] + 1, ends[after] - 1
        inset = round(INSET * (last - first))
        chosen[label] = np.clip(even, first + inset, last - inset)
    return chosen


def with_published(values: Sequence[float] | Floats, published: float) -> Column:
    """Candidates in increasing order, the published value among them."""
    return np.unique(np.append(np.round(values, 4), published).astype(np.float32))


def rounded(value: float | np.floating) -> float:
    """A chosen value as files of thresholds have it."""
    return round(float(value), 6)


def counts_above(
    truth: NDArray[np.bool_], scores: NDArray[np.float32], candidates: Column
) -> Counts:
    """Decisions at each candidate, (classes, candidates), from samples (..., classes)."""
    n = len(candidates)
    levels = np.zeros((2, truth.shape[-1], n + 1), np.int64)
    for label in range(truth.shape[-1]):
        positive = truth[..., label].ravel()
        level = np.searchsorted(candidates, scores[..., label].ravel())  # candidates below
        for part, chosen in zip(levels, (positive, ~positive), strict=True):
            part[label] = np.bincount(level[chosen], minlength=n + 1)
    tp, fp = levels[..., ::-1].cumsum(axis=-1)[..., ::-1][..., 1:]
    return Counts(tp, fp, levels[0].sum(axis=-1, keepdims=True) - tp)
