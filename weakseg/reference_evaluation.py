"""Metrics of the references on a holdout fold, by the same functions as a model's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from weakseg.detection import Detector, detect_all
from weakseg.evaluation import mask_counts, planned, score_decisions
from weakseg.metrics.masks import each_clip_level_counts
from weakseg.plan import PlannedMixture
from weakseg.references import (
    REFERENCES,
    mask_clips,
    separate_references,
    true_mask_codes,
    whole_predictions,
)
from weakseg.scores import Scores, mask_scores, separation_scores
from weakseg.separation_quality import sources_of_clips
from weakseg.store import FeatureStore
from weakseg.thresholds import Thresholds


def score_references(
    truth: FeatureStore,
    plan: Sequence[PlannedMixture],
    rendered: Iterable[NDArray[np.int16]],
    thresholds: Thresholds,
    detector: Detector,
    seconds: float,
    threshold_db: float,
) -> dict[str, dict[str, Scores]]:
    """Reference -> task -> scores.

    rendered: the channels of each mixture, in the order of the store; seconds: their length;
    threshold_db: of the binary masks of STFT bins.
    """
    mixtures, scores = planned(plan, truth.names), {}
    quality, ratio_codes = separate_references(
        truth, sources_of_clips(mixtures, rendered, truth.classes), threshold_db
    )
    for name, reference in whole_predictions(truth).items():
        events = detect_all(reference, detector)
        scores[name] = score_decisions(truth, reference, events, mixtures, thresholds, seconds)
        scores[name]["masks"] = mask_scores(mask_counts(truth, reference), thresholds.mask)
        found = reference.clip_probabilities() > thresholds.found
        scores[name]["separation"] = separation_scores(quality[name], found)
    for name in quality.keys() - scores.keys():
        found = truth.clip_truth()
        scores[name] = {"separation": separation_scores(quality[name], found)}
    for name, codes in ("oracle_mel_ibm", true_mask_codes(truth)), ("oracle_mel_irm", ratio_codes):
        counts = each_clip_level_counts(mask_clips(truth, codes))
        scores[name]["masks"] = mask_scores(counts, thresholds.mask)
    return {name: scores[name] for name in REFERENCES}
