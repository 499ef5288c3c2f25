"""A model's predictions on its holdout fold against the truth: all metrics, class by class.

Conventions
-----------
- Results are long tables with the columns `COLUMNS`; `class` is a class name, or "macro" for the
  mean over the classes that have a value.
- Frame scores are gated by the clip probability before they are scored, masks are not, as
  published (Kong et al., arXiv 1804.04715, section V).
- `separation` counts the classes that are in the clip and that the model finds; metrics whose name
  ends in `_true_classes` count all that are in the clip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.detection import EVENT_COLUMNS, gate
from weakseg.metrics import events, frames, masks, psds, tagging
from weakseg.metrics.binary import Floats, macro
from weakseg.metrics.bootstrap import weighted_mean
from weakseg.plan import PlannedMixture
from weakseg.separation import Separator
from weakseg.separation_quality import (
    QUALITIES,
    Sources,
    Waveform,
    separation_quality,
    sources_of_clips,
)
from weakseg.spectral import Spectral
from weakseg.store import FeatureStore, PredictionStore, StoreError, decode_masks, mask_level_values
from weakseg.tables import COLUMNS, MACRO

Scores = Mapping[str, NDArray[np.float64] | np.float64]


@dataclass(frozen=True)
class Thresholds:
    """What counts as positive: clip probability, frame score and mask value above these."""

    clip: float
    frame: float
    mask: float
    found: float  # clip probability above which a class is detected and separated


def evaluate(
    truth: FeatureStore,
    predicted: PredictionStore,
    found_events: pd.DataFrame,
    plan: Sequence[PlannedMixture],
    rendered: Iterator[NDArray[np.int16]],
    thresholds: Thresholds,
    seconds: float,
) -> pd.DataFrame:
    """All metrics of one fold.

    rendered: the channels of each mixture, in the order of the stores; seconds: their length.
    Raises StoreError if the stores do not hold the same clips and classes.
    """
    if (truth.names, truth.classes) != (predicted.names, predicted.classes):
        raise StoreError(
            f"{predicted.path}: clips or classes differ from the features'; delete it and run again"
        )
    by_name = {mixture["mixture_name"]: mixture for mixture in plan}
    mixtures = [by_name[name] for name in predicted.names]
    scores = {
        "tagging": score_tags(truth, predicted, thresholds.clip),
        "frames": score_frames(truth, predicted, thresholds),
        "events": score_events(predicted, found_events, mixtures, thresholds.found, seconds),
    }
    if predicted.has_masks:
        scores["masks"] = score_masks(truth, predicted, thresholds.mask)
        scores["separation"] = score_separation(predicted, mixtures, rendered, thresholds.found)
    return pd.concat([as_table(task, values, predicted.classes) for task, values in scores.items()])


def as_table(task: str, scores: Scores, classes: Sequence[str]) -> pd.DataFrame:
    """A long table of per-class scores (classes,) and their macro means; scalars are macro only."""
    rows: list[tuple[str, str, str, float]] = []
    for metric, values in scores.items():
        each = np.atleast_1d(values)
        rows.append((task, metric, MACRO, float(macro(each))))
        if np.ndim(values):
            rows += [
                (task, metric, name, float(value))
                for name, value in zip(classes, each, strict=True)
            ]
    return pd.DataFrame(rows, columns=COLUMNS)


def score_tags(truth: FeatureStore, predicted: PredictionStore, threshold: float) -> Scores:
    """Audio tagging: clips against weak labels."""
    labels, scores = truth.clip_truth(), predicted.clip_probabilities()
    lwlrap = {"lwlrap": np.float64(tagging.lwlrap(labels, scores))}
    return tagging.class_metrics(labels, scores, threshold) | lwlrap


def gated_frame_scores(predicted: PredictionStore, clip_threshold: float) -> NDArray[np.float32]:
    """All frame scores, (clips, frames, classes), 0 for classes that are not found."""
    probabilities = predicted.clip_probabilities()
    return np.stack(
        [gate(predicted.frame_scores(i), p, clip_threshold) for i, p in enumerate(probabilities)]
    ).astype(np.float32)


def score_frames(truth: FeatureStore, predicted: PredictionStore, thresholds: Thresholds) -> Scores:
    """Sound event detection, frame by frame."""
    active = np.stack([truth.frame_truth(index) for index in range(len(truth))])
    return frames.class_metrics(
        active, gated_frame_scores(predicted, thresholds.found), thresholds.frame
    )


def score_masks(truth: FeatureStore, predicted: PredictionStore, threshold: float) -> Scores:
    """Time-frequency segmentation, cell by cell, against the ideal masks."""
    clips = ((predicted.mask_codes(i), truth.mask_truth(i)) for i in range(len(truth)))
    return masks.class_metrics(masks.fold_level_counts(clips), mask_level_values(), threshold)


def true_events(mixtures: Sequence[PlannedMixture]) -> pd.DataFrame:
    """The planned events as a table with the DCASE columns."""
    rows = [
        (mixture["mixture_name"], event["onset"], event["offset"], event["event_label"])
        for mixture in mixtures
        for event in mixture["events"]
    ]
    return pd.DataFrame(rows, columns=EVENT_COLUMNS)


def score_events(
    predicted: PredictionStore,
    found: pd.DataFrame,
    mixtures: Sequence[PlannedMixture],
    clip_threshold: float,
    seconds: float,
) -> Scores:
    """Sound event detection, event by event: collar-based, segment-based and PSDS."""
    reference, names, classes = true_events(mixtures), predicted.names, predicted.classes
    collar = events.class_metrics(events.collar_counts(reference, found, names, classes).totals())
    segment = events.class_metrics(
        events.segment_counts(reference, found, names, classes, seconds).totals()
    )
    areas = psds.psds(
        gated_frame_scores(predicted, clip_threshold),
        reference,
        names,
        classes,
        predicted.settings["hop"] / predicted.settings["sample_rate"],
        seconds,
    )
    return (
        dict(collar)
        | {f"segment_{name}": segment[name] for name in ("f1", "error_rate")}
        | {name: np.float64(area.overall) for name, area in areas.items()}
    )


def score_separation(
    predicted: PredictionStore,
    mixtures: Sequence[PlannedMixture],
    rendered: Iterator[NDArray[np.int16]],
    clip_threshold: float,
) -> Scores:
    """The qualities of separation in dB, mean over the clips of each class."""

    def separate(index: int, sources: Sources, separator: Separator) -> list[list[Waveform]]:
        masks = predicted.mask_codes(index)[sources.labels]
        return [[separator.separate(mask) for mask in decode_masks(masks)]]

    clips = sources_of_clips(mixtures, rendered, predicted.classes)
    shape = len(predicted), len(predicted.classes)
    spectral = Spectral.from_settings(predicted.settings)
    (quality,) = separation_quality(clips, shape, spectral, separate)
    found = predicted.clip_probabilities() > clip_threshold
    return separation_means(quality, found)


def separation_means(quality: Floats, found: NDArray[np.bool_]) -> Scores:
    """Means (classes,) of qualities (clips, classes, QUALITIES), nan where there is none.

    found: (clips, classes), the classes that the model finds.
    """
    every_clip = np.ones((1, len(quality)))
    scores: dict[str, Floats] = {}
    for suffix, counting in ("", found), ("_true_classes", np.ones_like(found)):
        means = weighted_mean(every_clip, np.where(counting[..., None], quality, np.nan))[0]
        scores |= {f"{name}{suffix}": means[:, i] for i, name in enumerate(QUALITIES)}
    return scores
