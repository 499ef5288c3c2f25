"""Clips of a finished run for the gallery: ranked by what the run has stored, then read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.detection import read_events
from weakseg.gallery.choose import overlap_f1
from weakseg.gallery.clip import GalleryClip, ModelView
from weakseg.gallery.stems import with_stems
from weakseg.plan import PlannedMixture
from weakseg.rendered import ManifestRow, mixture_of, read_manifest, read_stems, stem_waveforms
from weakseg.spectral import Spectral
from weakseg.store import FeatureStore, PredictionStore, decode_masks
from weakseg.true_events import true_events


@dataclass(frozen=True)
class FoldFiles:
    """What a run has of one holdout fold: features and manifests of its shards, and, by model,
    predictions and events."""

    features: Sequence[Path]
    manifests: Sequence[Path]
    predictions: Mapping[str, Path]
    events: Mapping[str, Path]


class Fold:
    """A holdout fold that is open for reading."""

    def __init__(
        self,
        truth: FeatureStore,
        predicted: Mapping[str, PredictionStore],
        events: Mapping[str, pd.DataFrame],
        plan: Mapping[str, PlannedMixture],
        rendered: Mapping[str, tuple[Path, ManifestRow]],
    ):
        self.truth, self.predicted, self._plan, self._rendered = truth, predicted, plan, rendered
        self._events = {
            model: dict(list(table.groupby("filename"))) for model, table in events.items()
        }
        self._none = pd.DataFrame(columns=["filename", "onset", "offset", "event_label"])

    def events(self, model: str, name: str) -> pd.DataFrame:
        """What a model has found in a clip."""
        return self._events[model].get(name, self._none)

    def score(self, model: str, name: str) -> float:
        """The score that clips are ranked by (`overlap_f1`)."""
        return overlap_f1(self.events(model, name), true_events([self._plan[name]]))

    def clip(
        self,
        name: str,
        why: Sequence[str],
        clip_threshold: float,
        foregrounds: Mapping[str, Mapping[str, float] | None],
    ) -> GalleryClip:
        """A clip; foregrounds: of each model, as in `Separator.separate_classes`."""
        index, stems = self.truth.names.index(name), read_stems(*self._rendered[name])
        clip = GalleryClip(
            title=name,
            spectral=Spectral.from_settings(self.truth.settings),
            classes=self.truth.classes,
            waveform=mixture_of(stems),
            logmel=self.truth.logmel([index])[0],
            models=[self._view(model, name, index, clip_threshold) for model in self.predicted],
            true_events=true_events([self._plan[name]]),
            mask_truth=self.truth.mask_truth(index),
            true_stems=_stems_of_classes(stems, self._plan[name], self.truth.classes),
            why=why,
        )
        return with_stems(clip, foregrounds)

    def _view(self, model: str, name: str, index: int, clip_threshold: float) -> ModelView:
        store = self.predicted[model]
        probabilities = store.clip_probabilities()[index]
        return ModelView(
            name=model,
            events=self.events(model, name),
            clip_probabilities=probabilities,
            found=[int(label) for label in np.flatnonzero(probabilities > clip_threshold)],
            frame_scores=store.frame_scores(index),
            masks=decode_masks(store.mask_codes(index)) if store.has_masks else None,
            learnt_foreground=store.learnt_foreground(index),
            score=self.score(model, name),
        )


def files_of_folds(
    n_folds: int,
    models: Sequence[str],
    *,
    features: Sequence[str],
    manifests: Sequence[str],
    predictions: Sequence[str],
    events: Sequence[str],
) -> list[FoldFiles]:
    """The files of each fold, from lists that go fold by fold, in a fold by part or by model."""

    def of_fold(fold: int, paths: Sequence[str]) -> list[Path]:
        n_each = len(paths) // n_folds
        return [Path(path) for path in paths[fold * n_each : (fold + 1) * n_each]]

    return [
        FoldFiles(
            features=of_fold(fold, features),
            manifests=of_fold(fold, manifests),
            predictions=dict(zip(models, of_fold(fold, predictions), strict=True)),
            events=dict(zip(models, of_fold(fold, events), strict=True)),
        )
        for fold in range(n_folds)
    ]


@contextmanager
def open_folds(folds: Sequence[FoldFiles], plan: Sequence[PlannedMixture]) -> Iterator[list[Fold]]:
    """The folds, open; closed when the block ends."""
    planned = {mixture["mixture_name"]: mixture for mixture in plan}
    with ExitStack() as stack:
        yield [
            Fold(
                stack.enter_context(FeatureStore(files.features)),
                {
                    model: stack.enter_context(PredictionStore(path))
                    for model, path in files.predictions.items()
                },
                {model: read_events(path) for model, path in files.events.items()},
                planned,
                {
                    row.mixture_name: (path.parent, row)
                    for path in files.manifests
                    for row in read_manifest(path)
                },
            )
            for files in folds
        ]


def scores_of(folds: Sequence[Fold], models: Sequence[str]) -> dict[str, dict[str, float]]:
    """The score of each clip of the folds, by model and name of clip."""
    return {
        model: {name: fold.score(model, name) for fold in folds for name in fold.truth.names}
        for model in models
    }


def _stems_of_classes(
    stems: NDArray[np.int16], mixture: PlannedMixture, classes: Sequence[str]
) -> dict[int, NDArray[np.floating[Any]]]:
    """The true waveform of each class: the sum of its events as mixed."""
    waveforms = stem_waveforms(stems)
    labels = [list(classes).index(event["event_label"]) for event in mixture["events"]]
    return {
        label: waveforms[:, [i for i, other in enumerate(labels) if other == label]].sum(axis=1)
        for label in sorted(set(labels))
    }
