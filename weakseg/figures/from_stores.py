"""Clips for pictures, from what a run has stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.figures.clip_data import ClipData
from weakseg.figures.truth import Mixture
from weakseg.plan import PlannedMixture
from weakseg.references import ideal_masks
from weakseg.rendered import mixture_of, read_manifest, read_stems
from weakseg.separation_quality import sources_of
from weakseg.spectral import Spectral
from weakseg.store import FeatureStore, PredictionStore, decode_masks
from weakseg.true_events import true_events


def spread(n_clips: int, wanted: int) -> list[int]:
    """At most `wanted` indices, evenly spread over `n_clips`."""
    wanted = min(wanted, n_clips)
    return [index * n_clips // wanted for index in range(wanted)]


def chosen_clips(names: Sequence[str], wanted: Sequence[str], n_clips: int) -> list[int]:
    """Indices of `n_clips` of the clips `names`: the `wanted` ones, then ones evenly spread.

    Raises ValueError for a wanted clip that is not there, and for a fold of fewer clips.
    """
    for name in wanted:
        if name not in names:
            raise ValueError(
                f"evaluation.figure_mixtures: {name} is not one of the {len(names)} mixtures from "
                f"{names[0]} to {names[-1]}; mixtures.yaml lists all"
            )
    if n_clips > len(names):
        raise ValueError(
            f"{n_clips} clips of {len(names)} to choose; lower evaluation.figure_clips"
        )
    first = [list(names).index(name) for name in wanted]
    every = [*first, *spread(len(names), n_clips), *range(len(names))]
    return list(dict.fromkeys(every))[:n_clips]


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
    return ClipData(
        spectral=Spectral.from_settings(predicted.settings),
        classes=predicted.classes,
        waveform=mixture_of(stems_of(name, manifests)),
        logmel=truth.logmel([index])[0],
        clip_probabilities=predicted.clip_probabilities()[index],
        frame_scores=predicted.frame_scores(index),
        masks=decode_masks(predicted.mask_codes(index)) if predicted.has_masks else None,
        events=found[found["filename"] == name],
        true_events=true_events(mixture),
        mask_truth=truth.mask_truth(index),
        learnt_foreground=predicted.learnt_foreground(index),
    )


def load_mixture(
    index: int, truth: FeatureStore, plan: Sequence[PlannedMixture], manifests: Sequence[Path]
) -> Mixture:
    """Mixture `index` of a fold with its ideal ratio masks of mel bands, classes by first onset."""
    name = truth.names[index]
    planned = next(one for one in plan if one["mixture_name"] == name)
    stems, spectral = stems_of(name, manifests), Spectral.from_settings(truth.settings)
    sources = sources_of(planned, stems, truth.classes)
    # of the binary masks, which are not drawn, any threshold will do
    masks = ideal_masks(sources, spectral, threshold_db=0)["oracle_mel_irm"]
    of_class = {truth.classes[i]: mask for i, mask in zip(sources.labels, masks, strict=True)}
    events = sorted(planned["events"], key=lambda event: event["onset"])
    ordered = dict.fromkeys(event["event_label"] for event in events)
    return Mixture(
        spectral=spectral,
        waveform=mixture_of(stems),
        logmel=truth.logmel([index])[0],
        ratio_masks={label: of_class[label] for label in ordered},
    )


def stems_of(name: str, manifests: Sequence[Path]) -> NDArray[np.int16]:
    """The channels (samples, channels) of the mixture `name`, which one of the manifests lists."""
    directory, row = next(
        (path.parent, row)
        for path in manifests
        for row in read_manifest(path)
        if row.mixture_name == name
    )
    return read_stems(directory, row)
