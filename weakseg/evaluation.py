"""A model's predictions on its holdout fold against the truth: all metrics, class by class.

Conventions
-----------
- Results are long tables with the columns `COLUMNS`; `class` is a class name, or empty for the
  mean over the classes that have a value.
- `separation` counts the classes that are in the clip and that the model finds; metrics whose name
  ends in `_true_classes` count all that are in the clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.detection import moving_means
from weakseg.metrics.binary import Floats, LevelCounts, macro
from weakseg.metrics.masks import each_clip_level_counts
from weakseg.plan import PlannedMixture
from weakseg.predictions import Predictions
from weakseg.scores import (
    Scores,
    event_scores,
    frame_scores,
    gated_frame_scores,
    mask_scores,
    psds_values,
    separation_scores,
    tag_scores,
)
from weakseg.separation import Separator
from weakseg.separation_quality import Sources, Waveform, separation_quality, sources_of_clips
from weakseg.spectral import Spectral
from weakseg.store import FeatureStore, PredictionStore, StoreError, decode_masks
from weakseg.tables import COLUMNS, MACRO
from weakseg.thresholds import Thresholds
from weakseg.true_events import true_events


class Decisions(NamedTuple):
    """What is made of predictions: events, detected with some thresholds, and what these are."""

    events: pd.DataFrame
    thresholds: Thresholds


def score_model(
    truth: FeatureStore,
    predicted: PredictionStore,
    decisions: Sequence[Decisions],
    plan: Sequence[PlannedMixture],
    rendered: Iterable[NDArray[np.int16]],
    seconds: float,
    foreground: Mapping[str, float] | None,
) -> list[dict[str, Scores]]:
    """The scores of each task on one fold, for each of some decisions on the same predictions.

    What does not depend on them (counts of mask cells), and separated waveforms, which the classes
    share that the first ones find, are computed once.
    rendered: the channels of each mixture, in the order of the stores; seconds: their length;
    foreground: as in `Separator.separate_classes`.
    Raises StoreError if the stores do not hold the same clips and classes.
    """
    if (truth.names, truth.classes) != (predicted.names, predicted.classes):
        raise StoreError(
            f"{predicted.path}: clips or classes differ from the features'; delete it and run again"
        )
    mixtures = planned(plan, predicted.names)
    scores = [
        score_decisions(truth, predicted, events, mixtures, thresholds, seconds)
        for events, thresholds in decisions
    ]
    if predicted.has_masks:
        counts = mask_counts(truth, predicted)
        found = predicted.clip_probabilities() > decisions[0].thresholds.found
        quality = model_separation(predicted, found, mixtures, rendered, foreground)
        for of_task, (_, thresholds) in zip(scores, decisions, strict=True):
            found = predicted.clip_probabilities() > thresholds.found
            of_task["masks"] = mask_scores(counts, thresholds.mask)
            of_task["separation"] = separation_scores(quality, found)
    return scores


def planned(plan: Sequence[PlannedMixture], names: Sequence[str]) -> list[PlannedMixture]:
    """The mixtures of a plan that have these names, in their order."""
    by_name = {mixture["mixture_name"]: mixture for mixture in plan}
    return [by_name[name] for name in names]


def as_table(scores: Mapping[str, Scores], classes: Sequence[str]) -> pd.DataFrame:
    """A long table of each task's scores, (classes,) and their macro means; scalars are macro."""
    rows: list[tuple[str, str, str, float]] = []
    for task, of_task in scores.items():
        for metric, values in of_task.values.items():
            each = np.atleast_1d(values)
            rows.append((task, metric, MACRO, float(macro(each))))
            if np.ndim(values):
                named = zip(classes, each, strict=True)
                rows += [(task, metric, name, float(value)) for name, value in named]
    return pd.DataFrame(rows, columns=COLUMNS)


def score_decisions(
    truth: FeatureStore,
    predicted: Predictions,
    found_events: pd.DataFrame,
    mixtures: Sequence[PlannedMixture],
    thresholds: Thresholds,
    seconds: float,
) -> dict[str, Scores]:
    """The scores of what is decided over time: tagging, frames and events."""
    active = np.stack([truth.frame_truth(index) for index in range(len(truth))])
    gated, reference = gated_frame_scores(predicted, thresholds.gate), true_events(mixtures)
    events = event_scores(reference, found_events, predicted.names, predicted.classes, seconds)
    events.values.update(psds_values(gated, reference, predicted, seconds))
    probabilities = predicted.clip_probabilities()
    smooth = moving_means(gated, thresholds.smooth)
    return {
        "tagging": tag_scores(truth.clip_truth(), probabilities, thresholds.clip),
        "frames": frame_scores(active, smooth, thresholds.frame),
        "events": events,
    }


def mask_counts(truth: FeatureStore, predicted: Predictions) -> LevelCounts:
    """Cells of the masks at each code, in the ideal masks and out of them, clip by clip."""
    clips = ((predicted.mask_codes(i), truth.mask_truth(i)) for i in range(len(truth)))
    return each_clip_level_counts(clips)


def model_separation(
    predicted: Predictions,
    found: NDArray[np.bool_],
    mixtures: Sequence[PlannedMixture],
    rendered: Iterable[NDArray[np.int16]],
    foreground: Mapping[str, float] | None,
) -> Floats:
    """Qualities (clips, classes, QUALITIES) of the true classes by the predicted masks, in dB.

    found (clips, classes): the classes that share a mixture.
    """

    def separate(index: int, sources: Sources, separator: Separator) -> list[list[Waveform]]:
        masks = decode_masks(predicted.mask_codes(index))
        learnt = predicted.learnt_foreground(index)
        sharing = np.flatnonzero(found[index]).tolist()
        stems = separator.separate_classes(masks, sources.labels, foreground, sharing, learnt)
        return [list(stems)]

    clips = sources_of_clips(mixtures, rendered, predicted.classes)
    shape = len(predicted.names), len(predicted.classes)
    spectral = Spectral.from_settings(predicted.settings)
    quality: Floats = separation_quality(clips, shape, spectral, separate)[0]
    return quality
