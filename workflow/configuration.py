"""The configuration: checked against its schema, completed with defaults and a preset.

Conventions
-----------
- schemas/config.schema.yaml (JSON Schema, draft 2020-12) is the one list of keys, types, defaults
  and bounds; consistency.py has what a schema cannot express; presets.yaml has the presets.
- A key is written with dots, `mixtures.seed`; NAME stands for a model's name.
- Snakemake hands over a plain dict in which mappings were merged and lists replaced.  Within
  `--config 'mixtures={seed: 3}'` it leaves every value text, and YAML reads 1e-3 as text: text
  is turned into what the schema wants.  A number gets one form (10 seconds are 10.0), so that
  another spelling reruns nothing.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from workflow.consistency import Configuration, ConfigurationError, check, refuse, shown

__all__ = [
    "ROOT",
    "Configuration",
    "ConfigurationError",
    "Schema",
    "complete",
    "complete_or_stop",
    "expected",
    "leaves",
    "merged",
    "over_config_yaml",
    "presets",
    "schema",
]

Schema = dict[str, Any]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent  # of the checkout, also where its Snakefile is another workflow's module
REMEDY = "correct it in the configuration file or in --config (docs/configuration.md)"
# What null stands for in the mixtures of a model that are of type fresh
FRESH: Configuration = {
    "events": [0, 4],
    "level_db": [-6.0, 10.0],
    "speed": 0.1,
    "crop": 0.7,
    "filter_db": 0.0,
}
LARGEST_EXACT = 2**53  # whole numbers below it are floats without loss
PATHS = (
    "results",
    "container",
    "data.scenes",
    "data.events",
    "data.published",
    "predict.audio",
    "predict.model",
    "predict.thresholds",
)
MOST_VALUES = 100_000  # in a configuration; more are anchors of YAML that stand for each other


@cache
def schema() -> Schema:
    """The schema of the configuration; not to be changed."""
    text = (HERE / "schemas" / "config.schema.yaml").read_text(encoding="utf-8")
    loaded: Schema = yaml.safe_load(text)
    return loaded


@cache
def presets() -> dict[str, Configuration]:
    """For each preset, the values of the keys that are null; not to be changed."""
    text = (HERE / "presets.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Configuration] = yaml.safe_load(text)
    return loaded


def complete(config: Mapping[str, Any]) -> Configuration:
    """A new configuration in which every key has its value; completing it again changes nothing.

    A model keeps the options of its types only (pooling gmp has no decay), and has a value for each
    key of training.
    Raises ConfigurationError for an unknown key, a value out of bounds, or keys that disagree.
    """
    _require_size(config)
    completed: Configuration = _canonical(config, schema())
    _validate(completed)
    _expand_home(completed)
    for group, values in presets()[completed["mixtures"]["preset"]].items():
        for key, value in values.items():
            if completed[group][key] is None:
                completed[group][key] = copy.deepcopy(value)
    if completed["features"]["fmax_hz"] is None:
        completed["features"]["fmax_hz"] = completed["mixtures"]["sample_rate"] / 2
    check(completed)
    for model in completed["models"].values():
        model["network"] = _given(model["network"])
        model["pooling"] = _given(model["pooling"])
        defaults = FRESH if model["mixtures"]["type"] == "fresh" else {}
        model["mixtures"] = copy.deepcopy(defaults) | _given(model["mixtures"])
        common = {key: completed["training"][key] for key in model["training"]}
        model["training"] = common | _given(model["training"])
    return completed


def _expand_home(config: Configuration) -> None:
    """A path may begin with ~, also within quotes, where no shell puts the home in its place."""
    for key in PATHS:
        group, _, name = key.rpartition(".")
        place = config[group] if group else config
        if isinstance(place[name], list):
            place[name] = [_at_home(path) for path in place[name]]
        elif place[name] is not None:
            place[name] = _at_home(place[name])


def _at_home(path: str) -> str:
    return str(Path(path).expanduser()) if path.split("/")[0] == "~" else path


def _require_size(config: Mapping[str, Any]) -> None:
    for name, value in config.items():
        size = _size(value, {})
        if size > MOST_VALUES:
            raise ConfigurationError(
                f"{name}: its anchors (&name, *name) stand for {size} values, "
                f"expected at most {MOST_VALUES}; write out what is meant"
            )


def _size(value: Any, known: dict[int, int]) -> int:
    """How many values there are, each alias of YAML counted as what it stands for.

    known: the sizes of those that have been looked at, by id; what holds itself counts once.
    """
    if not isinstance(value, Mapping | list):
        return 1
    if id(value) not in known:
        known[id(value)] = 0
        below = value.values() if isinstance(value, Mapping) else value
        known[id(value)] = 1 + sum(_size(one, known) for one in below)
    return known[id(value)]


def _given(part: Configuration) -> Configuration:
    """The keys that have a value."""
    return {key: value for key, value in part.items() if value is not None}


def complete_or_stop(config: Mapping[str, Any]) -> Configuration:
    """`complete` for the Snakefile: an error ends the program with its one line and status 1.

    Snakemake would print an exception as three lines that point into the workflow.
    """
    try:
        return complete(config)
    except ConfigurationError as error:
        raise SystemExit(f"configuration: {error}") from None


def over_config_yaml(config: Mapping[str, Any]) -> Configuration:
    """A new configuration: `config` laid over config.yaml, as `--configfile` does."""
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    return merged(yaml.safe_load(text), config)


def merged(below: Configuration, above: Mapping[str, Any]) -> Configuration:
    """Mappings merge, all else of `above` replaces."""
    both = dict(below)
    for name, value in above.items():
        groups = isinstance(value, Mapping) and isinstance(below.get(name), Mapping)
        both[name] = merged(below[name], value) if groups else copy.deepcopy(value)
    return both


def leaves(part: Schema, prefix: str = "") -> Iterator[tuple[str, Schema]]:
    """Each key that has a value, with dots, and its part of the schema."""
    for name, below in part.get("properties", {}).items():
        if below.get("type") == "object":
            yield from leaves(below, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", below
    if isinstance(part.get("additionalProperties"), dict):
        yield from leaves(part["additionalProperties"], f"{prefix}NAME.")


def expected(part: Schema) -> str:
    """What a part of the schema allows, in words that follow on "is" or "each"."""
    if "title" in part:
        return str(part["title"])
    if "enum" in part:
        return "one of " + ", ".join(v if isinstance(v, str) else shown(v) for v in part["enum"])
    kinds = _kinds(part)
    words = {
        "object": "a group of keys",
        "array": f"a list of {part.get('minItems')} to {part.get('maxItems')}",
        "boolean": "true or false",
        "integer": f"a whole number{_bounds(part)}",
        "number": f"a number{_bounds(part)}",
        "string": "text",
        "null": "null",
    }
    if "number" in kinds:
        kinds.discard("integer")
    text = " or ".join(words[kind] for kind in words if kind in kinds)
    return f"{text}, each {expected(part['items'])}" if "items" in part else text


def _bounds(part: Schema) -> str:
    if "exclusiveMinimum" in part:
        return f" above {part['exclusiveMinimum']} and at most {part['maximum']}"
    return f" from {part['minimum']} to {part['maximum']}" if "minimum" in part else ""


def _kinds(part: Schema) -> set[str]:
    if "enum" in part:
        return {"null" if value is None else "string" for value in part["enum"]}
    kinds = part.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _canonical(value: Any, part: Schema) -> Any:
    """A copy of `value` with defaults filled in and each leaf in the form that its schema wants.

    What the schema does not allow is kept as it is, for the validation to find.
    """
    if isinstance(value, Mapping) and part.get("type") == "object":
        known, others = part.get("properties", {}), part.get("additionalProperties") or {}
        names = [*known, *(name for name in value if name not in known)]  # in the schema's order
        filled = {**_defaults(known), **value}
        return {
            name: _canonical(filled[name], known.get(name, others))
            for name in names
            if name in filled
        }
    if isinstance(value, list) and "items" in part:
        return [_canonical(item, part["items"]) for item in value]
    return _leaf(value, part)


def _defaults(known: Schema) -> Configuration:
    return {
        name: below.get("default", {})  # a group begins empty, its own keys follow
        for name, below in known.items()
        if "default" in below or below.get("type") == "object"
    }


def _leaf(value: Any, part: Schema) -> Any:
    kinds = _kinds(part)
    if isinstance(value, str):
        value = _from_text(value.strip(), kinds)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= LARGEST_EXACT:
        return value
    if "integer" in kinds and float(value).is_integer():
        return int(value)
    return float(value) if "number" in kinds else value


def _from_text(text: str, kinds: set[str]) -> Any:
    if text == "null" and "null" in kinds:
        return None
    if "boolean" in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if "string" in kinds or kinds.isdisjoint(("integer", "number")):
        return text
    for parse in (int, float):
        try:
            return parse(text)
        except ValueError:
            continue
    return text


def _is_finite_number(_: object, value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < math.inf  # which NaN is not either


_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("number", _is_finite_number),
)


def _validate(config: Configuration) -> None:
    for error in _Validator(schema()).iter_errors(config):
        raise _in_our_words(error)


def _in_our_words(error: ValidationError) -> ConfigurationError:
    key = _dotted(error)
    part: Any = error.schema
    value: Any = error.instance
    if error.validator == "additionalProperties":
        name = next(name for name in value if name not in part["properties"])
        return _unknown_key(f"{key}." if key else "", name, value[name], list(part["properties"]))
    if error.validator == "required":
        name = next(name for name in part["required"] if name not in value)
        wanted = expected(part["properties"][name])
        return ConfigurationError(f"{key}.{name}: it is missing, expected {wanted}; give it")
    if error.validator == "uniqueItems":
        return refuse(key, value, "a list without repetition", "list each entry once")
    return refuse(key, value, expected(part), REMEDY)


def _dotted(error: ValidationError) -> str:
    path = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    return "".join(path).removeprefix(".")


def _unknown_key(prefix: str, name: object, value: object, beside: list[str]) -> ConfigurationError:
    candidates = [f"{prefix}{other}" for other in beside] + [key for key, _ in leaves(schema())]

    def likeness(key: str) -> float:
        return SequenceMatcher(None, str(name), key.rpartition(".")[2]).ratio()

    return ConfigurationError(
        f"{prefix}{name}: no such key (given {shown(value)}); the nearest known one is "
        f"{max(candidates, key=likeness)}, docs/configuration.md lists all"
    )
