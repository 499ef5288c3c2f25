"""Masks on disk: their size, and what rounding them to codes does to their scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.evaluation import by_class, thresholds_of, true_masks
from benchmarks.inputs import Inputs, fold_features, make_predictions
from benchmarks.plain import scores as plain
from benchmarks.processes import CORES, measured
from benchmarks.rows import Row
from weakseg.hardware import choose_precision, mixed_precision, prepare
from weakseg.inference import segment_store
from weakseg.metrics.masks import class_metrics, fold_level_counts
from weakseg.model import load_model
from weakseg.store import FeatureStore, PredictionStore, mask_level_values

N_CLIPS, BATCH = 40, 8


def measure(inputs: Inputs) -> list[Row]:
    predictions = make_predictions(inputs)
    per_fold = inputs.config["mixtures"]["per_fold"]
    size = predictions.stat().st_size / inputs.n_fold * per_fold / 1e9
    with PredictionStore(predictions) as store:
        floats = store.mask_codes(0).size * 4 * per_fold / 1e9
    errors = measured("benchmarks.masks:score_errors", CORES, inputs=inputs).result
    unit = f"GB of {per_fold} clips, scaled from {inputs.n_fold}; plain is float32"
    what = f"largest difference of a mask score to that of unrounded masks, {N_CLIPS} clips"
    return [
        Row("masks_gb_per_fold", size, unit, floats),
        Row("masks_max_score_error", errors[0], f"{what}, means over classes as in summary.csv"),
        Row("masks_max_class_score_error", errors[1], f"{what}, of a single class"),
    ]


def score_errors(inputs: Inputs) -> tuple[float, float]:
    """The largest difference between a mask score from codes and one from unrounded masks.

    Of the means over classes, and of single classes; scikit-learn scores the unrounded masks.
    """
    kept, files = inputs.path("codes.h5"), [Path(fold_features(inputs)[0])]
    settings = {name: inputs.config["training"][name] for name in ("threads", "precision")}
    model = inputs.path("model.pt")
    segment_store(
        model, files, kept, device="cpu", batch_size=BATCH, most_clips=N_CLIPS, **settings
    )
    threshold = float(thresholds_of(inputs).mask)
    with FeatureStore(files) as truth, PredictionStore(kept) as predicted:
        clips = [truth.names.index(name) for name in predicted.names]
        pairs = ((predicted.mask_codes(i), truth.mask_truth(clip)) for i, clip in enumerate(clips))
        coded = class_metrics(fold_level_counts(pairs), mask_level_values(), threshold)
        exact = plain.scores(
            by_class(true_masks(truth, clips)),
            by_class(unrounded_masks(model, truth, clips, **settings)),
            threshold,
        )
    kept.unlink()
    differences = [coded[name] - exact[name] for name in exact]
    return (
        float(max(abs(np.nanmean(one)) for one in differences)),
        float(max(np.nanmax(np.abs(one)) for one in differences)),
    )


def unrounded_masks(
    path: Path, truth: FeatureStore, clips: Sequence[int], threads: int, precision: str
) -> NDArray[Any]:
    """Masks (clips, classes, frames, mels) float32 by the arithmetic of the step, but not coded."""
    model, device = load_model(path), torch.device("cpu")
    prepare(model, device, threads)
    masks = []
    with torch.inference_mode(), mixed_precision(device, choose_precision(precision, device)):
        for first in range(0, len(clips), BATCH):
            logmel = torch.from_numpy(truth.logmel(clips[first : first + BATCH]))
            masks.append(model(logmel).masks.numpy())
    return np.concatenate(masks)
