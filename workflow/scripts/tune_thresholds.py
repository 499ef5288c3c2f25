"""Thresholds of one model, tuned class by class on mixtures of its training folds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _step import step
from numpy.typing import NDArray

from weakseg.detection import Detector
from weakseg.plan import read_plan
from weakseg.store import FeatureStore, PredictionStore
from weakseg.thresholds import write_thresholds
from weakseg.tuning import Configured, tune


def tune_thresholds(
    predictions: str,
    plan: str,
    features: Sequence[str],
    thresholds: str,
    clip: float,
    frame: float,
    mask: float,
    detector: Mapping[str, Any],
    mask_threshold_db: float,
) -> None:
    planned = {mixture["mixture_name"]: mixture for mixture in read_plan(Path(plan))}
    published = Configured(clip, frame, mask, Detector(**detector))
    with (
        FeatureStore([Path(path) for path in features]) as store,
        PredictionStore(Path(predictions)) as predicted,
    ):
        place = {name: index for index, name in enumerate(store.names)}

        def logmel(index: int) -> NDArray[np.float32]:
            return store.logmel([place[predicted.names[index]]])[0]

        mixtures = [planned[name] for name in predicted.names]
        tuned = tune(predicted, mixtures, logmel, published, mask_threshold_db)
        source = (
            f"{len(mixtures)} mixtures of the training folds: clip from their weak labels, "
            "all others from their planned onsets and offsets"
        )
        write_thresholds(thresholds, source, predicted.classes, tuned)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        tune_thresholds(
            predictions=snakemake.input.predictions,
            plan=snakemake.input.plan,
            features=snakemake.input.features,
            thresholds=snakemake.output.thresholds,
            **snakemake.params.settings,
        )
