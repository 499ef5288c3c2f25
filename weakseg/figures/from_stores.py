"""Clips for pictures, from what a run has stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from weakseg.evaluation import true_events
from weakseg.figures.clip_data import ClipData
from weakseg.mixing import mixture_of, read_manifest, read_stems
from weakseg.plan import PlannedMixture
from weakseg.spectral import Spectral
from weakseg.store import FeatureStore, PredictionStore, decode_masks


def spread(n_clips: int, wanted: int) -> list[int]:
    """At most `wanted` indices, evenly spread over `n_clips`."""
    wanted = min(wanted, n_clips)
    return [index * n_clips // wanted for index in range(wanted)]


def surest_clip(truth: FeatureStore, predicted: PredictionStore, most_classes: int) -> int:
    """The clip whose least probable true class is the most probable, of those with most classes."""
    labels, probabilities = truth.clip_truth(), predicted.clip_probabilities()
    n_classes = labels.sum(axis=1)
    full = n_classes == min(most_classes, int(n_classes.max()))
    return int((np.where(labels, probabilities, 1).min(axis=1) * full).argmax())


def load_clip(
    index: int,
    truth: FeatureStore,
    predicted: PredictionStore,
    found: pd.DataFrame,
    plan: Sequence[PlannedMixture],
    manifests: Sequence[Path],
) -> ClipData:
    """Clip `index` of a holdout fold: truth, predictions, and the events that were found."""
    name = predicted.names[index]
    mixture = [one for one in plan if one["mixture_name"] == name]
    directory, row = next(
        (path.parent, row)
        for path in manifests
        for row in read_manifest(path)
        if row.mixture_name == name
    )
    return ClipData(
        spectral=Spectral.from_settings(predicted.settings),
        classes=predicted.classes,
        waveform=mixture_of(read_stems(directory, row)),
        logmel=truth.logmel([index])[0],
        clip_probabilities=predicted.clip_probabilities()[index],
        frame_scores=predicted.frame_scores(index),
        masks=decode_masks(predicted.mask_codes(index)) if predicted.has_masks else None,
        events=found[found["filename"] == name],
        true_events=true_events(mixture),
        mask_truth=truth.mask_truth(index),
    )
