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

FEW, MANY = 10, 60  # clips of the references' evaluation, which separates each by seven references


def measure(inputs: Inputs) -> list[Row]:
    fold = make_fold(inputs)
    n_clips = inputs.n_fold * copies(inputs)
    tuned = measured("tune_thresholds:tune_thresholds", **tune_call(inputs, fold))
    return [Row("tune_peak_gib", tuned.peak_gib, f"GiB, {n_clips} clips"), references_row(inputs)]


def references_row(inputs: Inputs) -> Row:
    """Of a whole fold, measured or estimated from some of its clips."""
    name, n_clips = "references_peak_gib", inputs.config["mixtures"]["per_fold"]
    if inputs.full:
        return Row(name, references_peak(inputs, n_clips), f"GiB, {n_clips} clips")
    few, many = (references_peak(inputs, number) for number in (FEW, MANY))
    whole = many + (n_clips - MANY) * max(many - few, 0.0) / (MANY - FEW)
    return Row(name, whole, f"GiB of {n_clips} clips, on a line through {FEW} and {MANY} clips")


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
