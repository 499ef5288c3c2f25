"""Sound event detection, frame by frame.

Conventions
-----------
- Truth and scores are (clips, frames, classes); each frame of each clip is a sample; see
  `binary` for the metrics, which are exact: no score is rounded.
- For the bootstrap of the areas, scores are put on at most 256 levels a class: the borders are
  quantiles of the positives' and of the negatives' scores, so that both curves stay fine
  where they bend.  Precision, recall and F1 need no levels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg.metrics import binary
from weakseg.metrics.binary import Counts, Floats, LevelCounts, Threshold


def class_metrics(
    truth: NDArray[np.bool_], scores: NDArray[Any], threshold: Threshold
) -> dict[str, Floats]:
    """`precision recall f1 auc average_precision`, each (classes,).

    truth, scores: (clips, frames, classes); float32 scores keep memory at 5 bytes a sample.
    """
    return binary.class_metrics(truth, scores, threshold)


def clip_counts(truth: NDArray[np.bool_], scores: NDArray[Any], threshold: Threshold) -> Counts:
    """Decisions of each clip, (clips, classes): frames summed from (clips, frames, classes)."""
    truth = binary.checked(truth, scores)
    return binary.decision_counts(truth, scores > threshold, axis=1)


def clip_level_counts(
    truth: NDArray[np.bool_], scores: NDArray[Any], n_levels: int = 256
) -> LevelCounts:
    """Counts of each clip at each level, (clips, classes, n_levels) uint32, for the bootstrap."""
    truth = binary.checked(truth, scores)
    n_clips, _, n_classes = truth.shape
    counts = np.zeros((2, n_clips, n_classes, n_levels), dtype=np.uint32)
    bins = np.arange(n_clips)[:, None] * n_levels
    for label in range(n_classes):
        positive, values = truth[..., label], scores[..., label]
        level = bins + np.searchsorted(_borders(positive, values, n_levels), values)
        for part, chosen in zip(counts, (positive, ~positive), strict=True):
            flat = np.bincount(level[chosen], minlength=n_clips * n_levels)
            part[:, label] = flat.reshape(n_clips, n_levels)
    return LevelCounts(*counts)


def _borders(positive: NDArray[np.bool_], values: NDArray[Any], n_levels: int) -> NDArray[Any]:
    """At most n_levels - 1 increasing scores; a level holds what is above one, up to the next."""
    at = np.linspace(0, 1, n_levels // 2 + 1)[1:-1]
    parts = [values[positive], values[~positive]]
    return np.unique(np.concatenate([np.quantile(part, at) for part in parts if part.size]))
