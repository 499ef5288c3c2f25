"""The configuration: what is completed, and that the schema says all of it."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.demo_configuration import DEMO, demo_with, merged, values_of
from workflow.configuration import (
    FRESH,
    complete,
    expected,
    leaves,
    over_config_yaml,
    presets,
    schema,
)

OF_PRESETS = {(group, key) for group, values in presets()["default"].items() for key in values}


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
