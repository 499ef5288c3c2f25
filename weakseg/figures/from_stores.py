"""Clips for pictures, from what a run has stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
