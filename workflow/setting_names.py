"""The key of the configuration that a rule's parameter has its value from.

Conventions
-----------
- A parameter is a path into a rule's `settings`, such as spectral.mels; {model} in a key stands for
  the model of the job.
- Its name tells its key, wherever it stands: `mels` is `features.mels`.  A name that means another
  thing in one rule is listed as RULE/NAME; one that is the key's own is listed in SAME.
- tests/workflow/test_preview.py holds this against what Snakemake has recorded of a whole run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workflow.configuration import Configuration

SAME = {
    "mixtures": "sample_rate seconds event_seconds per_fold onsets overlap reshuffle level_over "
    "shard group_folds",
    "features": "window hop mels mask_threshold_db mask_truth",
    "training": "threads precision validation_clips validate_every decay decay_every",
    "detection": "clip_threshold",
    "separation": "resolution classes",
    "gallery": "clips clips_per_model longest_seconds max_mb",
    "predict": "stems gain_db",
}
KEYS = {name: f"{group}.{name}" for group, names in SAME.items() for name in names.split()} | {
    "experiment": "experiment",
    "scenes_directory": "data.scenes",
    "events_directory": "data.events",
    "archives": "data.published",
    "takes_per_class": "data.demo_takes",
    "recordings_per_scene": "data.demo_scenes",
    "published": "mixtures.preset",
    "group": "mixtures.group_folds",
    "n_folds": "mixtures.folds",
    "check_data/folds": "mixtures.folds",
    "n_events": "mixtures.events",
    "check_data/events": "mixtures.events",
    "assign_folds/seed": "mixtures.seed",
    "plan_mixtures/seed": "mixtures.seed",
    "fmin": "features.fmin_hz",
    "fmax": "features.fmax_hz",
    "threshold_db": "features.mask_threshold_db",
    "median": "detection.median_frames",
    "high": "detection.high_threshold",
    "low": "detection.low_threshold",
    "merge_gap": "detection.merge_gap_frames",
    "drop": "detection.drop_frames",
    "found": "detection.clip_threshold",
    "gate": "detection.clip_threshold",
    "clip": "evaluation.clip_threshold",
    "frame": "evaluation.frame_threshold",
    "mask": "evaluation.mask_threshold",
    "tagging": "evaluation.clip_threshold",
    "frames": "evaluation.frame_threshold",
    "masks": "evaluation.mask_threshold",
    "n_draws": "evaluation.draws",
    "named": "evaluation.figure_mixtures",
    "drawn": "evaluation.figure_clips",
    "most_clips": "tuning.clips",
    "n_clips": "separation.clips",
    "compiled": "training.compile",
    "audio": "predict.audio",
    "model_name": "predict.model",
    "events_by": "tuning.events",
    "predict/detector": "predict.thresholds",
    "names": "grid.models",
    "models": "grid.models",
    "snrs": "grid.snr_db",
    "folds": "grid.holdout_folds",
    "shifts": "models.{model}.network.shifts",
    "smooth_frames": "models.{model}.foreground.smooth_frames",
    "nearby_frames": "models.{model}.foreground.nearby_frames",
}
# what is below them has the same names in the configuration
GROUPS = {
    "network": "models.{model}.network",
    "pooling": "models.{model}.pooling",
    "foreground": "models.{model}.foreground",
    "objective": "models.{model}.objective",
    "recipe": "models.{model}.mixtures",
    "searched": "data",
    "directories": "data",
}
# by model
BY_MODEL = {"trained": "training", "foregrounds": "foreground"}
# follow from keys that other parameters have, or from several
IMPLIED = {
    "n_frames", "title", "track", "fresh", "snr_db", "asked",
    "gallery/n_folds", "gallery/thresholds",
}  # fmt: skip


def key_of(rule: str, path: Sequence[str], model: str | None, given: Configuration) -> str | None:
    """The dotted key of a parameter, None for one that only follows from others.

    model: of the job, None for one of no single model, where the jobs of each model tell what of it
    has changed; given: the configuration as given, before it was completed, which tells whether a
    model has a key of training of its own.
    """
    if path and path[0] in BY_MODEL and len(path) > 1:
        group, model, path = path[0], path[1], path[2:]
        if BY_MODEL[group] != "training":
            return _dotted(f"models.{model}.{BY_MODEL[group]}", path)
    name = path[-1] if path else ""
    if name in IMPLIED or f"{rule}/{name}" in IMPLIED:
        return None
    for step, part in enumerate(path):
        if part in GROUPS and not (part == "recipe" and name in KEYS):
            return _dotted_of(model, GROUPS[part], path[step + 1 :])
    if f"{rule}/{name}" in KEYS or name in KEYS:
        return _dotted_of(model, KEYS.get(f"{rule}/{name}") or KEYS[name], ())
    return f"models.{model}.training.{name}" if _has_own(given, model, name) else f"training.{name}"


def _dotted_of(model: str | None, pattern: str, path: Sequence[str]) -> str | None:
    if model is None and "{model}" in pattern:
        return None
    return _dotted(pattern.format(model=model), path)


def _dotted(group: str, path: Sequence[str]) -> str:
    return ".".join([group, *path])


def _has_own(given: Configuration, model: str | None, name: str) -> bool:
    definition = given.get("models", {}).get(model) or {}
    own = definition.get("training") or {}
    return isinstance(own, Mapping) and own.get(name) is not None
