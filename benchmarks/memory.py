"""Peak memory of steps that no other subject measures: tuning, and evaluating the references."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.evaluation import detector_of, thresholds_of
from benchmarks.fold import copies, make_fold
from benchmarks.inputs import SNR_DB, Inputs, chosen_mixtures, features_call, render_call
from benchmarks.processes import measured
from benchmarks.rows import Row
from weakseg.plan import write_plan

FEW, MANY = 10, 60  # clips of the references' evaluation, which separates each eight times


def measure(inputs: Inputs) -> list[Row]:
    fold = make_fold(inputs)
    n_clips = inputs.n_fold * copies(inputs)
    tuned = measured("tune_thresholds:tune_thresholds", **tune_call(inputs, fold))
    few, many = (references_peak(inputs, number) for number in (FEW, MANY))
    per_fold = inputs.config["mixtures"]["per_fold"]
    whole = many + (per_fold - MANY) * max(many - few, 0.0) / (MANY - FEW)
    unit = f"GiB of {per_fold} clips, on a line through {FEW} and {MANY} clips"
    return [
        Row("tune_peak_gib", tuned.peak_gib, f"GiB, {n_clips} clips"),
        Row("references_peak_gib", whole, unit),
    ]


def tune_call(inputs: Inputs, fold: dict[str, Path]) -> dict[str, Any]:
    """The arguments of the step `tune_thresholds` for a whole fold."""
    thresholds = thresholds_of(inputs)
    return {
        "features": [str(fold["features"])],
        **{name: str(fold[name]) for name in ("predictions", "plan")},
        "thresholds": str(inputs.path("fold/thresholds.yaml")),
        **{name: getattr(thresholds, name) for name in ("clip", "frame", "mask")},
        "detector": asdict(detector_of(inputs)),
        "mask_threshold_db": inputs.config["features"]["mask_threshold_db"],
    }


def references_peak(inputs: Inputs, n_clips: int) -> float:
    """Peak memory (GiB) of the step `evaluate_references` for the first clips of fold 1."""
    folder = inputs.path(f"references/{n_clips}")
    folder.mkdir(parents=True, exist_ok=True)
    plan = {"plan": str(folder / "mixtures.yaml")}
    manifest = {"manifest": str(folder / "manifest.csv")}
    features = str(folder / "features.h5")
    write_plan(Path(plan["plan"]), chosen_mixtures(inputs)[:n_clips])
    rendering = render_call(inputs, (1, 1)) | plan | manifest | {"shard": n_clips}
    measured("render_mixtures:render_mixtures", **rendering)
    extracting = features_call(inputs, (1, 1)) | plan | manifest | {"output": features}
    measured("extract_features:extract_features", **extracting)
    return measured(
        "evaluate_references:evaluate_references",
        **plan,
        folds=str(inputs.path("folds.csv")),
        features=[features],
        manifests=[manifest["manifest"]],
        metrics=str(folder / "metrics.csv"),
        draws=str(folder / "draws.npz"),
        snr_db=SNR_DB,
        holdout_fold=1,
        thresholds=asdict(thresholds_of(inputs)),
        detector=asdict(detector_of(inputs)),
        seconds=inputs.config["mixtures"]["seconds"],
        threshold_db=inputs.config["features"]["mask_threshold_db"],
        n_draws=inputs.config["evaluation"]["draws"],
    ).peak_gib
