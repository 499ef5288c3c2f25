"""Metrics of each task: of all clips, and of draws of clips for confidence intervals.

Conventions
-----------
- `Scores.values` maps a metric to a value a class, (classes,), or to one of all classes, ().
- `Scores.draw` gives the same metrics for bootstrap weights (draws, clips), of shape
  (draws, classes) or (draws,); PSDS is left out, and areas over frames are taken on 256 levels.
- A threshold is one for all classes or one a class, (classes,).
- `Scores.on_levels` counts on the levels between thresholds (`store.mask_level_borders`), for
  curves; only the tasks that are scored by thresholds have it.
- Frame scores are gated by the clip probability before they are scored, masks are not, as
  published (Kong et al., arXiv 1804.04715, section V).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.detection import gate
from weakseg.metrics import events, frames, masks, psds, tagging
from weakseg.metrics.binary import (
    Counts,
    Floats,
    LevelCounts,
    Threshold,
    precision_recall_f1,
    ratio,
)
from weakseg.metrics.binary import threshold_counts as counts_above
from weakseg.metrics.bootstrap import clip_areas, level_areas, weighted_mean, weighted_sum
from weakseg.metrics.curves import counts_on_levels, threshold_curve
from weakseg.predictions import Predictions
from weakseg.separation_quality import QUALITIES
from weakseg.store import mask_level_borders, mask_level_values

Values = dict[str, Floats]


class Scores(NamedTuple):
    """Metrics of one task; see the conventions."""

    values: Values
    draw: Callable[[Floats], Values]
    on_levels: Callable[[], LevelCounts] | None = None


def tag_scores(
    labels: NDArray[np.bool_], probabilities: NDArray[Any], threshold: Threshold
) -> Scores:
    """Audio tagging: clip probabilities (clips, classes) against weak labels."""
    counts = tagging.clip_counts(labels, probabilities, threshold)
    precisions = tagging.label_precisions(labels, probabilities).sum(axis=1)
    n_labels = labels.sum(axis=1)

    def draw(weights: Floats) -> Values:
        lwlrap = ratio(weighted_sum(weights, precisions), weighted_sum(weights, n_labels), np.nan)
        areas = clip_areas(weights, labels, probabilities)
        return _decisions(weights, counts) | areas | {"lwlrap": lwlrap}

    lwlrap = {"lwlrap": np.array(tagging.lwlrap(labels, probabilities))}
    values = tagging.class_metrics(labels, probabilities, threshold) | lwlrap
    return Scores(values, draw, _levels_of(labels, probabilities))


def frame_scores(active: NDArray[np.bool_], scores: NDArray[Any], threshold: Threshold) -> Scores:
    """Sound event detection, frame by frame: gated scores (clips, frames, classes)."""

    def draw(weights: Floats) -> Values:
        counts = frames.clip_counts(active, scores, threshold)
        levels = frames.clip_level_counts(active, scores)
        return _decisions(weights, counts) | level_areas(weights, levels)

    values = frames.class_metrics(active, scores, threshold)
    return Scores(values, draw, _levels_of(active, scores))


def mask_scores(counts: LevelCounts, threshold: Threshold) -> Scores:
    """Time-frequency segmentation, cell by cell: codes of masks against the ideal masks.

    counts: `masks.each_clip_level_counts` of all clips.
    """
    levels = mask_level_values()
    whole = LevelCounts(*(part.sum(axis=0, dtype=np.int64) for part in counts))

    def draw(weights: Floats) -> Values:
        decisions = counts_above(counts, levels, threshold)
        return _decisions(weights, decisions) | level_areas(weights, counts)

    def on_levels() -> LevelCounts:
        # a code lies above its lower border, and nothing at or below the first
        return LevelCounts(*(np.pad(part, [(0, 0), (1, 0)]) for part in whole))

    return Scores(masks.class_metrics(whole, levels, threshold), draw, on_levels)


def event_scores(
    reference: pd.DataFrame,
    found: pd.DataFrame,
    names: Sequence[str],
    classes: Sequence[str],
    seconds: float,
) -> Scores:
    """Sound event detection, event by event: collar-based, and segment-based (`segment_`)."""
    collar = events.collar_counts(reference, found, names, classes)
    segment = events.segment_counts(reference, found, names, classes, seconds)

    def metrics(of: Callable[[Counts], Counts]) -> Values:
        by_segment = events.class_metrics(of(segment))
        shown = {f"segment_{name}": by_segment[name] for name in ("f1", "error_rate")}
        return events.class_metrics(of(collar)) | shown

    def draw(weights: Floats) -> Values:
        return metrics(lambda counts: Counts(*(weighted_sum(weights, c) for c in counts)))

    return Scores(metrics(events.totals), draw)


def psds_values(
    scores: NDArray[Any], reference: pd.DataFrame, predicted: Predictions, seconds: float
) -> Values:
    """`psds1` and `psds2` of gated frame scores (clips, frames, classes)."""
    frame_seconds = predicted.settings["hop"] / predicted.settings["sample_rate"]
    names, classes = predicted.names, predicted.classes
    areas = psds.psds(scores, reference, names, classes, frame_seconds, seconds)
    return {name: np.array(area.overall) for name, area in areas.items()}


def separation_scores(quality: Floats, found: NDArray[np.bool_]) -> Scores:
    """Mean qualities of separation, from (clips, classes, QUALITIES), nan where there is none.

    found: (clips, classes), the classes that the model finds; `_true_classes` are the means over
    all classes in the clips.
    """
    cases = {"": np.where(found[..., None], quality, np.nan), "_true_classes": quality}

    def draw(weights: Floats) -> Values:
        means = {suffix: weighted_mean(weights, each) for suffix, each in cases.items()}
        return {
            f"{name}{suffix}": mean[..., i]
            for suffix, mean in means.items()
            for i, name in enumerate(QUALITIES)
        }

    every_clip = np.ones((1, len(quality)))
    return Scores({name: mean[0] for name, mean in draw(every_clip).items()}, draw)


def gated_frame_scores(predicted: Predictions, clip_threshold: Threshold) -> NDArray[np.float32]:
    """All frame scores, (clips, frames, classes), 0 for classes that are not found."""
    probabilities = predicted.clip_probabilities()
    return np.stack(
        [gate(predicted.frame_scores(i), p, clip_threshold) for i, p in enumerate(probabilities)]
    ).astype(np.float32)


def curves(scores: Mapping[str, Scores]) -> pd.DataFrame:
    """Precision, recall and F1 of each task at each threshold, columns `CURVE_COLUMNS`."""
    thresholds = mask_level_borders()
    tables = [
        threshold_curve(task, of_task.on_levels(), thresholds)
        for task, of_task in scores.items()
        if of_task.on_levels is not None
    ]
    return pd.concat(tables, ignore_index=True)


def _levels_of(truth: NDArray[np.bool_], scores: NDArray[Any]) -> Callable[[], LevelCounts]:
    return lambda: counts_on_levels(truth, scores, mask_level_borders())


def _decisions(weights: Floats, counts: Counts) -> Values:
    return precision_recall_f1(Counts(*(weighted_sum(weights, count) for count in counts)))
