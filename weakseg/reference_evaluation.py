"""Metrics of the references on a holdout fold, by the same functions as a model's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

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
) -> Iterator[tuple[str, dict[str, Scores]]]:
    """Each reference and its scores of each task, one after the other: some hundred MB each.

    rendered: the channels of each mixture, in the order of the store; seconds: their length;
    threshold_db: of the binary masks of STFT bins.
    """
    mixtures = planned(plan, truth.names)
    quality, ratio_codes = separate_references(
        truth, sources_of_clips(mixtures, rendered, truth.classes), threshold_db
    )
    whole = whole_predictions(truth)
    codes = {"oracle_mel_ibm": true_mask_codes(truth), "oracle_mel_irm": ratio_codes}
    for name in REFERENCES:
        scores, found = {}, truth.clip_truth()
        if name in whole:
            events = detect_all(whole[name], detector)
            scores = score_decisions(truth, whole[name], events, mixtures, thresholds, seconds)
            scores["masks"] = mask_scores(mask_counts(truth, whole[name]), thresholds.mask)
            found = whole[name].clip_probabilities() > thresholds.found
        scores["separation"] = separation_scores(quality[name], found)
        if name in codes:
            counts = each_clip_level_counts(mask_clips(truth, codes[name]))
            scores["masks"] = mask_scores(counts, thresholds.mask)
        yield name, scores
