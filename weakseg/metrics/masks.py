"""Time-frequency segmentation: masks, cell by cell.

Conventions
-----------
- A predicted mask cell is an 8-bit code; a table gives the value of each code, increasing.
  So a fold of 1.6e9 cells is scored exactly from 256 counts a class.
- The truth of a clip maps the index of each class that it holds to a mask (frames, mels); the
  masks of all other classes are empty, and their cells all negatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg.metrics import binary
from weakseg.metrics.binary import Floats, LevelCounts, Threshold

N_LEVELS = 256

Clip = tuple[NDArray[np.uint8], Mapping[int, NDArray[np.bool_]]]


def clip_level_counts(
    codes: NDArray[np.uint8], truth: Mapping[int, NDArray[np.bool_]]
) -> LevelCounts:
    """Counts of one clip at each code, (classes, 256) uint32.

    codes: (classes, frames, mels) uint8; truth: class index -> (frames, mels) bool.
    ValueError if the codes are not uint8 or a mask's shape is not that of the codes.
    """
    if codes.dtype != np.uint8 or codes.ndim != 3:
        raise ValueError(
            f"codes: expected uint8 (classes, frames, mels), got {codes.dtype} {codes.shape}"
        )
    cells = np.stack([np.bincount(one.ravel(), minlength=N_LEVELS) for one in codes])
    positives = np.zeros_like(cells)
    for label, mask in truth.items():
        if mask.shape != codes.shape[1:]:
            raise ValueError(
                f"truth of class {label}: expected shape {codes.shape[1:]}, got {mask.shape}"
            )
        positives[label] = np.bincount(codes[label][mask], minlength=N_LEVELS)
    return LevelCounts(positives.astype(np.uint32), (cells - positives).astype(np.uint32))


def fold_level_counts(clips: Iterable[Clip]) -> LevelCounts:
    """Counts of all clips together, (classes, 256) int64, in memory that does not grow."""
    positives: NDArray[Any] = np.zeros(1, dtype=np.int64)
    negatives: NDArray[Any] = np.zeros(1, dtype=np.int64)
    for codes, truth in clips:
        counts = clip_level_counts(codes, truth)
        positives, negatives = positives + counts.positives, negatives + counts.negatives
    return LevelCounts(positives, negatives)


def each_clip_level_counts(clips: Iterable[Clip]) -> LevelCounts:
    """Counts of each clip, (clips, classes, 256) uint32: 84 kB a clip of 41 classes.

    For the bootstrap; their sum over the first axis is `fold_level_counts`.
    """
    counts = [clip_level_counts(codes, truth) for codes, truth in clips]
    return LevelCounts(
        np.stack([one.positives for one in counts]), np.stack([one.negatives for one in counts])
    )


def class_metrics(
    counts: LevelCounts, levels: NDArray[Any], threshold: Threshold
) -> dict[str, Floats]:
    """`precision recall f1 auc average_precision`, each (classes,).

    counts: (classes, 256); levels: (256,) value of each code, strictly increasing.
    """
    decisions = binary.threshold_counts(counts, levels, threshold)
    return binary.precision_recall_f1(decisions) | binary.curve_areas(counts)
