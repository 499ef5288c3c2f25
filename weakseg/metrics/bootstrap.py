"""Confidence intervals by a bootstrap over the recordings that the events come from.

Clips that share a recording are not independent, and a clip has several recordings.  So a draw
takes recordings with replacement, and a clip counts as often as the product of how often its
recordings were taken: the product-weight ("pigeonhole") bootstrap of Owen and Eckles 2012,
"Bootstrapping data arrays of arbitrary order".  Its intervals are, if anything, too wide.

Conventions
-----------
- Weights are (draws, clips); two models that are compared use the same weights.
- What a metric is computed from is summed over clips with the weights: counts of decisions,
  of events, of levels.  So a draw costs a row of a matrix product, not a new evaluation.
- Intervals are percentiles over the draws that have a value.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg.metrics.binary import Floats, LevelCounts, checked, curve_areas, ratio


def source_weights(
    sources_of_clip: Sequence[Sequence[str]], draws: int = 1000, seed: int = 0
) -> Floats:
    """How often each clip counts in each draw, (draws, clips).

    sources_of_clip: names of the recordings in each clip; a name that is repeated within a
    clip counts once there; a clip without one has the weight 1.
    """
    names = sorted({name for sources in sources_of_clip for name in sources})
    index = {name: i for i, name in enumerate(names)}
    weights = np.ones((draws, len(sources_of_clip)))
    if not names:
        return weights
    shares = np.full(len(names), 1 / len(names))
    taken = np.random.default_rng(seed).multinomial(len(names), shares, size=draws)
    for clip, sources in enumerate(sources_of_clip):
        columns = sorted({index[name] for name in sources})
        weights[:, clip] = taken[:, columns].prod(axis=1)
    return weights


def weighted_sum(weights: Floats, values: NDArray[Any]) -> Floats:
    """Sum over clips in each draw, (draws, ...) from values (clips, ...).

    ValueError if there are not as many clips as weights.
    """
    if len(values) != weights.shape[1]:
        raise ValueError(
            f"values of {len(values)} clips but weights of {weights.shape[1]}; "
            "make the weights from the same list of clips"
        )
    return np.tensordot(weights, np.asarray(values, dtype=np.float64), axes=1)


def weighted_mean(weights: Floats, values: Floats) -> Floats:
    """Mean over clips of the values that are not nan, in each draw; shapes as `weighted_sum`."""
    known = ~np.isnan(values)
    total = weighted_sum(weights, np.where(known, values, 0.0))
    return ratio(total, weighted_sum(weights, known), np.nan)


def level_areas(weights: Floats, counts: LevelCounts) -> dict[str, Floats]:
    """`auc` and `average_precision` in each draw, (draws, classes), of frames or masks.

    counts: (clips, classes, levels), as `frames.clip_level_counts` and
    `masks.each_clip_level_counts` give.  One class at a time, so memory is draws x levels.
    """
    areas = [
        curve_areas(LevelCounts(*(weighted_sum(weights, part[:, label]) for part in counts)))
        for label in range(counts.positives.shape[1])
    ]
    return _by_class(areas)


def clip_areas(
    weights: Floats, truth: NDArray[np.bool_], scores: NDArray[Any]
) -> dict[str, Floats]:
    """`auc` and `average_precision` in each draw, (draws, classes), of tags; exact.

    truth, scores: (clips, classes); the levels of a class are its distinct scores.
    """
    truth = checked(truth, scores)
    areas = []
    for positive, values in zip(truth.T, scores.T, strict=True):
        order = np.argsort(values, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(values[order]) > 0))
        parts = (weights[:, order] * chosen[order] for chosen in (positive, ~positive))
        areas.append(
            curve_areas(LevelCounts(*(np.add.reduceat(part, starts, axis=1) for part in parts)))
        )
    return _by_class(areas)


def interval(draws: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper end, (...,) each, from draws (draws, ...); nan where no draw has a value."""
    tail = (1 - confidence) / 2
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice")
        low, high = np.nanquantile(draws, [tail, 1 - tail], axis=0)
    return low, high


def _by_class(areas: Sequence[dict[str, Floats]]) -> dict[str, Floats]:
    return {name: np.stack([area[name] for area in areas], axis=-1) for name in areas[0]}
