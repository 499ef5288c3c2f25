"""Snakemake's reasons for a job, put in words of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workflow.causes import Past, causes_of
from workflow.configuration import complete, over_config_yaml
from workflow.dry_run import Job
from workflow.reasons import differences, parameters
from workflow.setting_names import key_of

A, B, C = "a" * 12, "b" * 12, "c" * 12
FOLLOWS = "Input files updated by another job: results/demo/folds.csv"
RUN = {"snr": "0", "model": "gmp", "fold": "1"}


def job(rule: str, reason: str, **wildcards: str) -> Job:
    return Job(rule, (), ("out",), f"{rule}.tsv", wildcards, 1, reason)


def changed(before: str, now: str) -> str:
    """As Snakemake 9 has it, its blank at the end included."""
    words = "Params have changed since last execution: Union of exclusive params before and now"
    return f"{words} across all output: before: {before} now: {now} "


def past(given: dict[str, Any] | None = None, before: dict[str, Any] | None = None) -> Past:
    old = None if before is None else complete(over_config_yaml(before))
    whole = over_config_yaml(given or {})
    return Past("results/demo", whole, complete(whole), old)


@pytest.mark.parametrize(
    ("rule", "before", "now", "expected"),
    [
        ("train", {"iterations": 6}, {"iterations": 7}, ["training.iterations: 6 -> 7"]),
        ("train", {"recipe": {"speed": 0.1}}, {"recipe": {"speed": 0.2}},
         ["models.gmp.mixtures.speed: 0.1 -> 0.2"]),
        ("train", {"recipe": {"seconds": 4.0}}, {"recipe": {"seconds": 5.0}},
         ["mixtures.seconds: 4.0 -> 5.0"]),
        ("train", {"recipe": None}, {"recipe": {"speed": 0.1}},
         ["models.gmp.mixtures: null -> {'speed': 0.1}"]),
        ("train", {"pooling": {"type": "gmp"}}, {"pooling": {"type": "gwrp", "decay": 0.9}},
         ["models.gmp.pooling.type: gmp -> gwrp", "models.gmp.pooling.decay: null -> 0.9"]),
        ("train", {"objective": {"foreground": 0.0}},
         {"objective": {"foreground": 1.0, "softer_db": 20.0}},
         ["models.gmp.objective.foreground: 0.0 -> 1.0"]),
        ("train", {"objective": {"softer_db": 10.0}}, {"objective": {"softer_db": 20.0}},
         ["models.gmp.objective.softer_db: 10.0 -> 20.0"]),
        ("extract_features", {"spectral": {"mels": 64, "hop": 1}},
         {"spectral": {"mels": 32, "hop": 2}}, ["features.mels: 64 -> 32", "features.hop: 1 -> 2"]),
        ("detect_events", {"high": 0.2}, {"high": 0.3}, ["detection.high_threshold: 0.2 -> 0.3"]),
        ("evaluate", {"configured": {"mask": 0.1, "gate": 0.1}},
         {"configured": {"mask": 0.2, "gate": 0.1}}, ["evaluation.mask_threshold: 0.1 -> 0.2"]),
        ("tune_thresholds", {"detector": {"median": 1}}, {"detector": {"median": 3}},
         ["detection.median_frames: 1 -> 3"]),
        ("assign_folds", {"seed": 1}, {"seed": 2}, ["mixtures.seed: 1 -> 2"]),
        ("train", {"seed": 1}, {"seed": 2}, ["training.seed: 1 -> 2"]),
        ("plan_mixtures", {"overlap": True, "reshuffle": False},
         {"overlap": False, "reshuffle": True},
         ["mixtures.overlap: true -> false", "mixtures.reshuffle: false -> true"]),
        ("draw_mixtures", {"named": [], "drawn": 3}, {"named": ["00003.wav"], "drawn": 2},
         ["evaluation.figure_mixtures: [] -> ['00003.wav']", "evaluation.figure_clips: 3 -> 2"]),
        ("draw_training", ["a", "b"], ["b", "c"],
         ["grid.models: c is new", "grid.models: a is left out"]),
        ("draw_training", ["a", "b"], ["b", "a"], ["grid.models: in another order"]),
        ("draw_models", {"snrs": ["0"]}, {"snrs": ["0", "10"]}, ["grid.snr_db: 10 is new"]),
        ("describe_models", {"trained": {"a": {"iterations": 1}}},
         {"trained": {"a": {"iterations": 1}, "b": {"iterations": 1}}}, ["grid.models: b is new"]),
        ("describe_models", {"n_frames": 1}, {"n_frames": 2},
         ["n_frames of describe_models differs"]),
    ],
)  # fmt: skip
def test_a_parameter_is_named_by_its_key(
    rule: str, before: Any, now: Any, expected: list[str]
) -> None:
    reason = changed(repr(before), repr(now))
    assert sorted(causes_of(job(rule, reason, **RUN), past())) == sorted(expected)


def test_a_model_with_a_key_of_its_own_is_named_with_it() -> None:
    own = past({"models": {"gmp": {"training": {"iterations": 7}}}})
    reason = changed("{'iterations': 6}", "{'iterations': 7}")
    assert causes_of(job("train", reason, **RUN), own) == ["models.gmp.training.iterations: 6 -> 7"]
    assert key_of("describe_models", ("trained", "gmp", "iterations"), None, own.given) == (
        "models.gmp.training.iterations"
    )


def test_predictions_of_own_recordings_name_the_model_that_is_asked_for() -> None:
    asked = {"model_name": "best", "shifts": 3}
    reason = changed(repr(asked), repr(asked | {"shifts": 5}))
    assert causes_of(job("predict", reason), past()) == ["models.best.network.shifts: 3 -> 5"]


def test_a_job_of_no_single_model_names_none() -> None:
    reason = changed("{'foreground': {'above': 1.5}}", "{'foreground': {'above': 2.0}}")
    assert causes_of(job("draw_method", f"{FOLLOWS}; {reason}"), past()) == []


def test_what_only_follows_has_no_cause() -> None:
    assert causes_of(job("segment", FOLLOWS), past()) == []
    implied = changed("{'n_frames': 1}", "{'n_frames': 2}")
    assert causes_of(job("describe_models", f"{FOLLOWS}; {implied}"), past()) == []


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (f"weakseg/audio.py={A} weakseg/mel.py={B}", f"weakseg/audio.py={C} weakseg/mel.py={B}",
         ["code of weakseg/audio.py has changed"]),
        (f"weakseg/a.py={A}", f"weakseg/a.py={B} weakseg/new.py={C}",
         ["code of weakseg/a.py has changed"]),
        (f"weakseg/a.py={A} weakseg/gone.py={B}", f"weakseg/a.py={A}",
         ["train uses other files than weakseg/gone.py"]),
        ("d" * 64, f"weakseg/a.py={A}", ["code of train or of what it imports has changed"]),
    ],
)  # fmt: skip
def test_an_edited_module_is_named(before: str, now: str, expected: list[str]) -> None:
    assert causes_of(job("train", changed(repr(before), repr(now))), past()) == expected


def test_code_and_settings_that_change_together_are_both_named() -> None:
    settings = [repr({"iterations": n, "keep": "a; now: b"}) for n in (6, 7)]
    code = [repr(f"weakseg/a.py={digest}") for digest in (A, B)]
    reason = changed(f"{code[0]},{settings[0]}", f"{settings[1]},{code[1]}")
    assert causes_of(job("train", reason, **RUN), past()) == [
        "code of weakseg/a.py has changed", "training.iterations: 6 -> 7",
    ]  # fmt: skip


def test_words_of_the_other_reasons(tmp_path: Path) -> None:
    ran = tmp_path / "ran.tsv"
    ran.touch()

    def causes(reason: str, benchmark: Path = ran, **wildcards: str) -> list[str]:
        one = Job("evaluate", (), ("out",), str(benchmark), wildcards, 1, reason)
        now = {"grid": {"snr_db": [0, 10], "models": ["gmp", "best"]}}
        return causes_of(one, past(now, before={"grid": {"snr_db": [0], "models": ["gmp", "gap"]}}))

    missing = "Missing output files: results/demo/b.csv, results/demo/a.csv"
    assert causes(missing) == ["a.csv and 1 more are missing"]
    assert causes("Missing output files: results/demo/a.csv") == ["a.csv is missing"]
    never = tmp_path / "never.tsv"
    assert causes(missing, never) == ["not made yet"]
    assert causes(missing, never, snr="10", model="gmp") == ["grid.snr_db: 10 is new"]
    assert causes(missing, never, snr="10", model="best") == [
        "grid.snr_db: 10 is new", "grid.models: best is new",
    ]  # fmt: skip
    assert causes("Updated input files: data/a.zip, results/demo/x.csv") == [
        "data/a.zip has changed", "x.csv has changed",
    ]  # fmt: skip
    inputs = "Set of input files has changed since last execution"
    assert causes(f"{FOLLOWS}; {inputs}") == [
        "grid.snr_db: 10 is new", "grid.models: best is new", "grid.models: gap is left out",
    ]  # fmt: skip
    assert causes_of(job("evaluate", inputs), past()) == ["other files go in than the last time"]
    assert causes("Incomplete output files: a") == ["was stopped half-way"]
    assert causes("Forced execution") == ["forced by the command line"]
    assert causes("Software environment definition has changed since last execution") == [
        "its environment (envs/) has changed"
    ]
    assert causes("Something that Snakemake 10 says") == [
        "Snakemake says: Something that Snakemake 10 says"
    ]
    assert causes("") == ["asked for"]


def test_masks_that_are_sharpened_no_more_are_told_by_the_resolution() -> None:
    mel = past({"separation": {"resolution": "mel"}}, before={})
    reason = changed("{'foreground': {'above': 1.5}}", "{'foreground': None}")
    assert causes_of(job("evaluate", reason, **RUN), mel) == ["separation.resolution: stft -> mel"]


def test_keys_that_rerun_nothing_are_told_once() -> None:
    now = {"training": {"iterations": 9, "tensorboard": True}, "grid": {"models": ["gmp"]}}
    assert past(now, before={}).changed_keys() == [
        "grid.models: gap is left out",
        "grid.models: gwrp is left out",
        "grid.models: best is left out",
        "training.iterations: 300 -> 9",
        "training.tensorboard: false -> true",
    ]
    assert past(now).changed_keys() == []


@pytest.mark.parametrize(
    "broken", ["", "before: (", "x", "before: nan now: 3", "before: f() now: 1"]
)
def test_what_cannot_be_read_gives_no_values(broken: str) -> None:
    assert parameters(f"Params have changed since last execution: {broken}") == ([], [])


def test_differences_are_leaves() -> None:
    old = {"a": 1, "b": {"c": [1], "d": 2}, "gone": 0}
    new = {"a": 1, "b": {"c": [2], "d": 2}, "new": 3}
    assert list(differences(old, new)) == [
        (("b", "c"), [1], [2]), (("gone",), 0, None), (("new",), None, 3),
    ]  # fmt: skip
