"""Audio tagging: which classes does a clip hold?

Conventions
-----------
- Truth and scores (clip probabilities) are (clips, classes); see `binary` for the metrics.
- Label-weighted label-ranking average precision: for each true label of a clip, the share of
  true labels among those that score at least as high; the mean over all true labels of all
  clips (Fonseca et al. 2019, "Audio tagging with noisy labels and minimal supervision").
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg.metrics import binary
from weakseg.metrics.binary import Counts, Floats, Threshold


def class_metrics(
    truth: NDArray[np.bool_], scores: NDArray[Any], threshold: Threshold
) -> dict[str, Floats]:
    """`precision recall f1 auc average_precision`, each (classes,), from (clips, classes)."""
    return binary.class_metrics(truth, scores, threshold)


def clip_counts(truth: NDArray[np.bool_], scores: NDArray[Any], threshold: Threshold) -> Counts:
    """Decisions of each clip, 0 or 1, (clips, classes): what the bootstrap weighs."""
    truth = binary.checked(truth, scores)
    return binary.decision_counts(truth, scores > threshold, axis=())


def label_precisions(truth: NDArray[np.bool_], scores: NDArray[Any]) -> Floats:
    """Precision at the rank of each true label within its clip, (clips, classes), else 0."""
    truth = binary.checked(truth, scores)
    precisions = np.zeros(truth.shape)
    for label in range(truth.shape[1]):
        clips = truth[:, label]
        as_high = scores[clips] >= scores[clips, label, None]
        precisions[clips, label] = (as_high & truth[clips]).sum(axis=1) / as_high.sum(axis=1)
    return precisions


def lwlrap(truth: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Label-weighted label-ranking average precision over all classes; nan without labels."""
    total = label_precisions(truth, scores).sum()
    return float(binary.ratio(total, np.asarray(truth).sum(), np.nan))
