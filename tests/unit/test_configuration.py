"""The configuration: what is completed, what is refused, and that the schema says all of it."""

from __future__ import annotations

import copy
import math
import re
import warnings
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from workflow.configuration import (
    FRESH,
    Configuration,
    ConfigurationError,
    complete,
    complete_or_stop,
    expected,
    leaves,
    over_config_yaml,
    presets,
    schema,
)

ROOT = Path(__file__).parents[2]
DEMO: Configuration = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
OF_PRESETS = {(group, key) for group, values in presets()["default"].items() for key in values}


def merged(base: Any, over: Any) -> Any:
    """`over` laid over `base` as Snakemake does: mappings merge, all else is replaced."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return copy.deepcopy(over)
    return {**base, **{key: merged(base.get(key), value) for key, value in over.items()}}


# the sizes that the cases below count on, whatever the demo's are
SIZES = {
    "mixtures": {"seconds": 10.0, "per_fold": 60, "events": 3},
    "training": {"batch_size": 24, "validation_clips": 24},
}


def demo_with(over: dict[Any, Any]) -> Configuration:
    merge: Configuration = merged(merged(DEMO, SIZES), over)
    return merge


def values_of(config: Any, prefix: str = "") -> dict[str, Any]:
    """Value by dotted key."""
    if not isinstance(config, dict):
        return {prefix.removesuffix("."): config}
    values: dict[str, Any] = {}
    for key, below in config.items():
        values |= values_of(below, f"{prefix}{key}.")
    return values


# ---------------------------------------------------------------- the schema


def test_schema_is_a_schema_that_closes_every_group_and_bounds_every_number() -> None:
    Draft202012Validator.check_schema(schema())

    def walk(part: dict[str, Any], key: str) -> None:
        kinds = part.get("type", [])
        if kinds == "object":
            closed = part["additionalProperties"] is False
            assert closed or key == "models", f"{key} takes unknown keys"
            assert part["description"]
        if "number" in kinds or "integer" in kinds:
            assert ("minimum" in part or "exclusiveMinimum" in part) and "maximum" in part, key
        for name, below in part.get("properties", {}).items():
            walk(below, f"{key}.{name}".removeprefix("."))
        if isinstance(part.get("additionalProperties"), dict):
            walk(part["additionalProperties"], f"{key}.NAME")
        if "items" in part:
            assert "minItems" in part and "maxItems" in part, key
            walk(part["items"], f"{key}[]")

    walk(schema(), "")


@pytest.mark.parametrize(("key", "part"), [*leaves(schema())], ids=lambda value: str(value)[:50])
def test_every_key_has_an_effect_in_one_sentence(key: str, part: dict[str, Any]) -> None:
    sentence = part["description"]
    assert sentence[0].isupper() and sentence.endswith(".") and ". " not in sentence
    assert expected(part)


def test_defaults_of_the_schema_are_the_demo() -> None:
    assert complete({}) == complete(DEMO)


def test_config_yaml_names_every_key_and_nothing_else() -> None:
    named = {re.sub(r"^models\.\w+", "models.NAME", key) for key in values_of(DEMO)}
    assert named == {key for key, _ in leaves(schema())}


# ---------------------------------------------------------------- completion


def test_every_key_has_a_value_and_completing_again_changes_nothing() -> None:
    once = complete(DEMO)
    assert complete(once) == once
    unset = {key for key, value in values_of(once).items() if value is None}
    plain = {f"models.{name}.foreground.above" for name in ("gmp", "gap", "gwrp")}
    none = {"container", "data.scenes", "data.events", "data.published"}  # which the demo has not
    asked = {key for key in unset if key.startswith("predict.")}  # nothing, or the grid's first
    assert unset == none | plain | asked
    assert "predict.audio" in asked


def test_the_given_configuration_is_left_as_it_is() -> None:
    given_config = copy.deepcopy(DEMO)
    completed = complete(given_config)
    completed["models"]["gmp"]["network"]["widths"].append(1)
    completed["grid"]["snr_db"].append(1)
    assert given_config == DEMO
    assert complete({}) == complete(DEMO)  # nor did the schema's own defaults change


def test_a_section_of_another_workflow_lies_over_config_yaml() -> None:
    models = {"gmp": {"network": {"widths": [4]}}, "mine": {"pooling": {"type": "gap"}}}
    section = {"models": models, "grid": {"models": ["mine", "gwrp"]}}
    assert over_config_yaml(section) == merged(DEMO, section)
    assert complete(over_config_yaml(section))["grid"]["models"] == ["mine", "gwrp"]


@pytest.mark.parametrize("preset", ["default", "published"])
def test_preset_gives_the_keys_that_are_null(preset: str) -> None:
    completed = complete(demo_with({"mixtures": {"preset": preset}}))
    for group, values in presets()[preset].items():
        for key, value in values.items():
            assert completed[group][key] == value
    completed["mixtures"]["onsets"] = None
    assert presets()[preset]["mixtures"]["onsets"] is not None


def test_presets_give_exactly_the_keys_that_are_null_in_the_demo() -> None:
    values = {k: v for k, v in values_of(DEMO).items() if not k.startswith("models.")}
    null = {tuple(key.split(".")) for key, value in values.items() if value is None}
    others = {("data", key) for key in ("scenes", "events", "published")}
    others |= {key for key in null if key[0] == "predict"}
    assert null - others - {("features", "fmax_hz"), ("container",)} == OF_PRESETS
    for values in presets().values():
        assert {(group, key) for group in values for key in values[group]} == OF_PRESETS


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [
        ("mixtures", "onsets", [1.0, 2.0, 7.0]),
        ("mixtures", "level_over", "heard"),
        ("features", "mask_truth", "class"),
    ],
)
def test_a_key_that_is_set_wins_over_the_preset(group: str, key: str, value: object) -> None:
    over = merged({"mixtures": {"preset": "published"}}, {group: {key: value}})
    assert complete(demo_with(over))[group][key] == value


def test_fmax_is_half_the_sample_rate_unless_it_is_given() -> None:
    at_16_khz = {"mixtures": {"sample_rate": 16000}}
    assert complete(demo_with(at_16_khz))["features"]["fmax_hz"] == 8000.0
    given_fmax = {**at_16_khz, "features": {"fmax_hz": 4000}}
    assert complete(demo_with(given_fmax))["features"]["fmax_hz"] == 4000.0


def test_a_model_has_the_options_of_its_type_only() -> None:
    models = {
        "gwrp": {"pooling": {"type": "gmp", "decay": None}},
        "mine": {"pooling": {"type": "gap"}},
        "auto": {"pooling": {"type": "auto_pool", "sharpness": 2, "exponent": None}},
        "rank": {"pooling": {"type": "gwrp", "decay": 0.9, "learnable": "true"}},
        "frames": {"pooling": {"type": "power_mean", "exponent": 2, "order": "frequency_first"}},
    }
    completed = complete(demo_with({"models": models}))["models"]
    assert completed["gwrp"]["pooling"] == {"type": "gmp"}
    assert completed["auto"]["pooling"] == {"type": "auto_pool", "sharpness": 2.0}
    assert completed["rank"]["pooling"] == {"type": "gwrp", "decay": 0.9, "learnable": True}
    assert completed["frames"]["pooling"] == {
        "type": "power_mean",
        "order": "frequency_first",
        "exponent": 2.0,
    }
    mine = completed["mine"]
    assert mine["network"] == {"type": "published", "widths": [32, 64, 128, 128]}
    assert mine["pooling"] == {"type": "gap"}
    assert mine["mixtures"] == {"type": "fixed"}


def test_a_model_has_all_of_its_own_training_and_mixtures() -> None:
    own = {"training": {"iterations": 7}, "mixtures": {"type": "fresh", "speed": "0.2"}}
    config = complete(demo_with({"models": {"gwrp": own}, "training": {"seed": 5}}))
    model = config["models"]["gwrp"]
    assert model["mixtures"] == {**FRESH, "type": "fresh", "speed": 0.2}
    expected = {key: config["training"][key] for key in model["training"]}
    assert model["training"] == expected | {"iterations": 7}
    assert model["training"]["seed"] == 5


@pytest.mark.parametrize(
    ("given_value", "key", "value"),
    [  # as Snakemake hands over --config 'mixtures={seed: 3}', and as YAML reads 1e-3
        ({"mixtures": {"seed": "3"}}, "mixtures.seed", 3),
        ({"mixtures": {"seed": "3.0"}}, "mixtures.seed", 3),
        ({"mixtures": {"seconds": "8"}}, "mixtures.seconds", 8.0),
        ({"mixtures": {"overlap": "true"}}, "mixtures.overlap", True),
        ({"mixtures": {"overlap": "False"}}, "mixtures.overlap", False),
        ({"mixtures": {"overlap": "null"}}, "mixtures.overlap", False),
        ({"mixtures": {"onsets": ["0", "2.5", "5"]}}, "mixtures.onsets", [0.0, 2.5, 5.0]),
        ({"mixtures": {"onsets": "random"}}, "mixtures.onsets", "random"),
        ({"data": {"scenes": "null"}}, "data.scenes", None),
        ({"features": {"mask_truth": "null"}}, "features.mask_truth", "class"),
        ({"features": {"fmax_hz": "null"}}, "features.fmax_hz", 16000.0),
        ({"training": {"learning_rate": "1e-3"}}, "training.learning_rate", 0.001),
        ({"grid": {"snr_db": ["-10", "2.5", "0"]}}, "grid.snr_db", [-10, 2.5, 0]),
        ({"experiment": " mine\n"}, "experiment", "mine"),
        ({"experiment": "3"}, "experiment", "3"),
    ],
)
def test_text_becomes_what_the_schema_wants(
    given_value: dict[str, Any], key: str, value: object
) -> None:
    completed = values_of(complete(demo_with(given_value)))[key]
    assert completed == value
    assert type(completed) is type(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"mixtures": {"seconds": 10}}, {"mixtures": {"seconds": 10.0}}),
        ({"mixtures": {"seed": 3}}, {"mixtures": {"seed": 3.0}}),
        ({"grid": {"snr_db": [0, -5]}}, {"grid": {"snr_db": [0.0, -5.0]}}),
        ({"grid": {"snr_db": [0]}}, {"grid": {"snr_db": [-0.0]}}),
        ({"training": {"decay": 1}}, {"training": {"decay": "1.0"}}),
    ],
)
def test_two_spellings_of_a_number_are_written_alike(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert repr(complete(demo_with(one))) == repr(complete(demo_with(other)))


def test_the_order_in_which_keys_are_given_changes_nothing() -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return value

    models = dict(reversed(turned(DEMO)["models"].items()))  # whose order is the user's
    assert repr(complete({**turned(DEMO), "models": models})) == repr(complete(DEMO))


# ---------------------------------------------------------------- refusals

ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)  # as YAML's `&a [*a]`

BAD: list[tuple[dict[Any, Any], str]] = [
    # unknown keys: the line names the nearest known one
    ({"experimnt": "x"}, "experimnt: no such key .* experiment,"),
    ({"seed": 3}, "seed: no such key .* mixtures.seed,"),
    ({3: 4}, "3: no such key"),
    ({"a\nb": 4}, "a b: no such key"),
    ({"trainng": {}}, "trainng: no such key .* training,"),
    ({"mixtures": {"sampel_rate": 16000}}, "mixtures.sampel_rate: .* mixtures.sample_rate,"),
    ({"features": {"n_mels": 64}}, "features.n_mels: .* features.mels,"),
    ({"features": {"seconds": 3}}, "features.seconds: .* mixtures.seconds,"),
    ({"models": {"gmp": {"netwrk": {}}}}, "models.gmp.netwrk: .* models.gmp.network,"),
    ({"models": {"gmp": {"network": {"width": [1]}}}}, "models.gmp.network.width: .*widths,"),
    ({"models": {"gwrp": {"pooling": {"r": 1}}}}, "models.gwrp.pooling.r: no such key"),
    # kinds of values
    ({"training": None}, "training: null is not a group of keys"),
    ({"training": 3}, "training: 3 is not a group of keys"),
    ({"models": []}, r"models: \[\] is not a group of keys"),
    ({"mixtures": {"seed": "soon"}}, "mixtures.seed: 'soon' is not a whole number from 0"),
    ({"mixtures": {"seed": 1.5}}, "mixtures.seed: 1.5 is not a whole number"),
    ({"mixtures": {"seed": True}}, "mixtures.seed: true is not a whole number"),
    ({"mixtures": {"seed": None}}, "mixtures.seed: null is not a whole number"),
    ({"mixtures": {"seed": 2**32}}, "mixtures.seed: 4294967296 is not"),
    ({"mixtures": {"seed": 10**400}}, "mixtures.seed: 1000.* is not"),
    ({"mixtures": {"seconds": math.nan}}, "mixtures.seconds: nan is not a number from 0.1"),
    ({"mixtures": {"seconds": "nan"}}, "mixtures.seconds: nan is not a number"),
    ({"mixtures": {"seconds": math.inf}}, "mixtures.seconds: inf is not"),
    ({"features": {"mask_threshold_db": -math.inf}}, "features.mask_threshold_db: -inf is not"),
    ({"grid": {"snr_db": [0, math.nan]}}, r"grid.snr_db\[1\]: nan is not a number"),
    ({"mixtures": {"overlap": "maybe"}}, "mixtures.overlap: 'maybe' is not true or false"),
    ({"mixtures": {"overlap": 1}}, "mixtures.overlap: 1(.0)? is not true or false"),
    ({"experiment": 3}, "experiment: 3 is not a plain file name"),
    ({"results": None}, "results: null is not a directory"),
    ({"data": {"source": "kaggle"}}, "data.source: 'kaggle' is not one of demo, archives"),
    ({"grid": {"models": "gmp"}}, "grid.models: 'gmp' is not a list"),
    ({"grid": {"models": [["gmp"]]}}, r"grid.models\[0\]: \['gmp'\] is not the name of a model"),
    ({"grid": {"snr_db": ENDLESS}}, r"grid.snr_db\[0\]: .* is not a number"),
    ({"mixtures": {"seed": ENDLESS}}, "mixtures.seed: .* is not a whole number"),
    ({"mixtures": {"seconds": {"a": 1}}}, "mixtures.seconds: {'a': 1} is not a number"),
    # bounds
    ({"mixtures": {"folds": 1}}, "mixtures.folds: 1 is not a whole number from 2 to 100"),
    ({"mixtures": {"events": 8}}, "mixtures.events: 8 is not a whole number from 1 to 7"),
    ({"mixtures": {"seconds": 0}}, "mixtures.seconds: 0.0 is not"),
    ({"mixtures": {"level_over": "whole"}}, "mixtures.level_over: 'whole' is not one of heard"),
    ({"training": {"learning_rate": 0}}, "training.learning_rate: 0.0 is not a number above 0"),
    ({"training": {"batch_size": 0}}, "training.batch_size: 0 is not"),
    ({"detection": {"high_threshold": 1.1}}, "detection.high_threshold: 1.1 is not"),
    ({"models": {"gmp": {"network": {"widths": []}}}}, r"models.gmp.network.widths: \[\] is not"),
    ({"models": {"gmp": {"network": {"widths": [0]}}}}, r"models.gmp.network.widths\[0\]: 0 is"),
    ({"grid": {"snr_db": []}}, r"grid.snr_db: \[\] is not a list"),
    # names
    ({"experiment": "a/b"}, "experiment: 'a/b' is not a plain file name"),
    ({"experiment": ".."}, "experiment: '..' is not a plain file name"),
    ({"experiment": ""}, "experiment: '' is not a plain file name"),
    ({"experiment": "x" * 101}, "experiment: 'xx.*' is not a plain file name"),
    ({"results": "a/{b}"}, "results: 'a/{b}' is not a directory"),
    ({"results": "a\x1b[31m"}, "results: .* is not a directory"),
    ({"models": {"My-Model": {}}}, "models: 'My-Model' is not a model name"),
    ({"models": {"oracle_x": {}}}, "models: 'oracle_x' is not a model name"),
    ({"models": {7: {}}}, "models: 7 is not a model name"),
    ({"models": {"mine": {}}}, "models.mine.pooling.type: it is missing"),
    # lists
    ({"grid": {"models": ["gmp", "gmp"]}}, "grid.models: .* is not a list without repetition"),
    ({"grid": {"snr_db": [0, 0.0]}}, "grid.snr_db: .* is not a list without repetition"),
    ({"grid": {"holdout_folds": [1, "1"]}}, "grid.holdout_folds: .* without repetition"),
    # keys that disagree
    ({"grid": {"models": ["gmp", "big"]}}, "grid.models: 'big' is not defined in models"),
    ({"grid": {"holdout_folds": [1, 5]}}, "grid.holdout_folds: 5 is not a fold from 1 to 4"),
    ({"grid": {"holdout_folds": [0]}}, r"grid.holdout_folds\[0\]: 0 is not"),
    ({"grid": {"snr_db": [1.23456]}}, "grid.snr_db: 1.23456 is not a number of at most 3"),
    ({"models": {"gwrp": {"pooling": {"decay": None}}}}, "models.gwrp.pooling.decay: null is not"),
    (
        {"models": {"gwrp": {"network": {"dilations": [1, 2]}}}},
        r"models.gwrp.network.dilations: \[1, 2\] is not used by published; set it to null",
    ),
    (
        {"models": {"best": {"network": {"widths": [4] * 8}}}},
        "features.mels: 64 is not divisible by 128, which models.best.network.widths needs",
    ),
    (
        {"models": {"gwrp": {"mixtures": {"speed": 0.2}}}},
        "models.gwrp.mixtures.speed: 0.2 is not used by fixed; .* the type to fresh",
    ),
    (
        {"models": {"best": {"mixtures": {"level_db": [3, -3]}}}},
        r"models.best.mixtures.level_db: \[3.0, -3.0\] is not in order; give the smaller",
    ),
    (
        {"models": {"best": {"mixtures": {"events": [1]}}}},
        r"models.best.mixtures.events: \[1\] is not a list of two whole numbers",
    ),
    ({"models": {"gmp": {"pooling": {"decay": 0.5}}}}, "models.gmp.pooling.decay: 0.5 is not used"),
    (
        {"models": {"gmp": {"pooling": {"learnable": False}}}},
        "models.gmp.pooling.learnable: false is",
    ),
    (
        {"models": {"gap": {"pooling": {"sharpness": 2}}}},
        "models.gap.pooling.sharpness: 2.0 is not used by gap; .*exp_softmax or auto_pool",
    ),
    (
        {"models": {"gwrp": {"pooling": {"exponent": 2}}}},
        "models.gwrp.pooling.exponent: 2.0 is not",
    ),
    (
        {"models": {"mine": {"pooling": {"type": "power_mean"}}}},
        "models.mine.pooling.exponent: null is not a number from 1 to 100; give it",
    ),
    (
        {"models": {"gwrp": {"pooling": {"decay": 1, "learnable": True}}}},
        "models.gwrp.pooling.decay: 1.0 is not a number above 0 and below 1",
    ),
    (
        {"models": {"gap": {"pooling": {"order": "time"}}}},
        "models.gap.pooling.order: 'time' is not",
    ),
    (
        {"models": {"gap": {"pooling": {"type": "max"}}}},
        "models.gap.pooling.type: 'max' is not one",
    ),
    ({"data": {"source": "archives"}}, "data.scenes: null is not a directory"),
    ({"data": {"source": "folders", "scenes": "s"}}, "data.events: null is not a directory"),
    ({"data": {"scenes": "s", "events": "e"}}, "data.scenes: 's' is not used"),
    ({"mixtures": {"onsets": "never"}}, "mixtures.onsets: 'never' is not random"),
    ({"mixtures": {"onsets": [0.5, 3.0]}}, "mixtures.onsets: .* is not a list of 3"),
    ({"mixtures": {"onsets": [0, 3, 8.5]}}, "mixtures.onsets: .* is not early enough for 2 s"),
    ({"mixtures": {"onsets": [0, 3, -1]}}, r"mixtures.onsets\[2\]: -1.0 is not"),
    (
        {"mixtures": {"preset": "published", "events": 2}},
        "mixtures.onsets: .* not a list of 2.* or set mixtures.events to 3",
    ),
    (
        {"mixtures": {"preset": "published", "seconds": 5}},
        "mixtures.onsets: .* not early enough .* set mixtures.seconds to at least 7.5",
    ),
    (
        {"mixtures": {"preset": "published", "onsets": "random"}},
        "mixtures.onsets: 'random' is not a list, which the published",
    ),
    (
        {"mixtures": {"preset": "published", "reshuffle": True}},
        "mixtures.reshuffle: true is not possible in the published plan",
    ),
    ({"mixtures": {"events": 6}}, "mixtures.seconds: 10.0 is not room for 6 events of 2 s"),
    (
        {"mixtures": {"overlap": True, "event_seconds": 11}},
        "mixtures.seconds: 10.0 is not room for 3 events of 11 s",
    ),
    ({"features": {"hop": 4096}}, "features.hop: 4096 is not at most features.window, 2048"),
    (
        {"mixtures": {"seconds": 0.5, "event_seconds": 0.1}, "features": {"window": 16384}},
        "features.window: 16384 is not at most the 16000 samples",
    ),
    ({"features": {"fmax_hz": 16001}}, "features.fmax_hz: 16001.0 is not at most half"),
    ({"features": {"fmax_hz": 50}}, "features.fmin_hz: 50.0 is not below features.fmax_hz"),
    ({"features": {"mels": 512}}, "features.mels: 512 is not few enough"),
    (
        {"detection": {"median_frames": 4}},
        "detection.median_frames: 4 is not odd.*make it 5",
    ),
    (
        {"detection": {"low_threshold": 0.3}},
        "detection.low_threshold: 0.3 is not at most detection.high_threshold, 0.2",
    ),
    ({"training": {"validation_clips": 180}}, "training.validation_clips: 180 is not less"),
    ({"training": {"batch_size": 157}}, "training.batch_size: 157 is not at most the 156"),
    ({"evaluation": {"figure_clips": 61}}, "evaluation.figure_clips: 61 is not at most the 60"),
    (
        {"evaluation": {"figure_mixtures": ["00060.wav"]}, "grid": {"holdout_folds": [1, 3]}},
        "evaluation.figure_mixtures: '00060.wav' is not a mixture of a holdout fold .*: "
        "00000.wav to 00059.wav, 00120.wav to 00179.wav",
    ),
    (
        {"gallery": {"clips": ["00060.wav"]}, "grid": {"holdout_folds": [1]}},
        "gallery.clips: '00060.wav' is not a mixture of a holdout fold .*: 00000.wav to 00059.wav",
    ),
    ({"evaluation": {"figure_mixtures": ["12"]}}, "evaluation.figure_mixtures: '12' is not a mix"),
    ({"evaluation": {"figure_mixtures": "00001.wav"}}, "evaluation.figure_mixtures: .* is not a l"),
]


def test_paths_may_begin_at_the_home(monkeypatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    over = {
        "results": "~/results",
        "data": {"source": "folders", "scenes": "~", "events": "there/~/events"},
        "predict": {"audio": ["~/a.wav", "~b.wav", "c.wav"], "thresholds": "tuned"},
    }
    completed = complete(over_config_yaml(over))
    assert completed["results"] == "/home/me/results"
    assert completed["data"]["scenes"] == "/home/me"
    assert completed["data"]["events"] == "there/~/events"
    assert completed["predict"]["audio"] == ["/home/me/a.wav", "~b.wav", "c.wav"]
    assert complete(completed) == completed


@pytest.mark.parametrize(("over", "line"), BAD, ids=[line[:40] for _, line in BAD])
def test_what_cannot_be_run_is_refused_in_one_line(over: dict[Any, Any], line: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{line}") as refusal:
        complete(demo_with(over))
    assert len(str(refusal.value).splitlines()) == 1
    assert isinstance(refusal.value, ValueError)


@pytest.mark.parametrize(
    "over",
    [
        {"mixtures": {"events": 5}},  # five events of 2 s fill 10 s
        {"mixtures": {"events": 7, "overlap": True}},
        {"mixtures": {"onsets": [8.0, 0.0, 0.0]}},
        {"mixtures": {"seconds": 0.3, "event_seconds": 0.1}},  # 3 * 0.1 > 0.3 in floats
        {"features": {"hop": 2048}},
        {"features": {"mels": 256}},
        {"detection": {"low_threshold": 0.2}},
        {"training": {"batch_size": 156}},
        {"data": {"source": "archives", "scenes": "a b/s", "events": "é"}},
        {"data": {"source": "dcase2018"}},
        {"grid": {"snr_db": [-60, 0.125, 60], "holdout_folds": [4, 2]}},
    ],
)
def test_what_lies_on_a_bound_is_taken(over: dict[str, Any]) -> None:
    assert complete(demo_with(over))


def test_the_snakefile_stops_with_one_line() -> None:
    with pytest.raises(SystemExit) as stop:
        complete_or_stop(demo_with({"mixtures": {"folds": 1}}))
    assert str(stop.value).startswith("configuration: mixtures.folds: 1 is not")
    assert complete_or_stop(DEMO) == complete(DEMO)


# ---------------------------------------------------------------- properties

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3)
    ),
    max_leaves=5,
)


@given(key=st.sampled_from(sorted(values_of(DEMO))), value=ANYTHING)
def test_any_value_anywhere_completes_or_is_refused_in_one_line(key: str, value: object) -> None:
    for part in reversed(key.split(".")):
        value = {part: value}
    try:
        completed = complete(demo_with(value))  # type: ignore[arg-type]
    except ConfigurationError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert complete(completed) == completed


@given(
    mels=st.integers(1, 400),
    window=st.sampled_from([256, 400, 1024, 2048]),
    sample_rate=st.sampled_from([8000, 16000, 32000, 44100]),
    fmin=st.sampled_from([0, 20, 50, 500, 1500]),
)
def test_mels_are_refused_where_librosa_would_leave_a_band_empty(
    mels: int, window: int, sample_rate: int, fmin: int
) -> None:
    with warnings.catch_warnings(action="ignore"):  # librosa's, of empty bands
        filters = librosa.filters.mel(
            sr=sample_rate, n_fft=window, n_mels=mels, fmin=fmin, norm=None, dtype=np.float64
        )
    features = {"mels": mels, "window": window, "hop": window, "fmin_hz": fmin}
    grid = {"models": ["gwrp"]}  # which takes any number of mels
    mixtures = {"sample_rate": sample_rate}
    config = demo_with({"mixtures": mixtures, "features": features, "grid": grid})
    if (filters.max(axis=1) > 1e-9).all():  # on an edge that is a bin, rounding leaves 1e-14
        assert complete(config)["features"]["mels"] == mels
    else:
        with pytest.raises(ConfigurationError, match=r"features.mels: \d+ is not few enough"):
            complete(config)
