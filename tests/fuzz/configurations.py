"""Texts of configurations, thresholds and plans: changed ones, other values, YAML of any kind."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import yaml
from snakemake.common.configfile import _load_configfile
from snakemake.utils import update_config

from tests.fuzz.mutations import bytes_changed, text_changed
from tests.fuzz.trials import Target
from weakseg.plan import PlanError, read_plan
from weakseg.sealed import DamagedError
from weakseg.thresholds import ThresholdError, read_thresholds
from workflow.configuration import ROOT, ConfigurationError, complete, leaves, schema

WORDS = [
    "", "~", "null", "true", "yes", "off", "0", "1", "-1", "3", "0x1F", "0o17", "017", "1_000",
    "1e3", "1.5", "-0.0", ".inf", "-.inf", ".nan", "1e999", "1e-999", "9"*40, "1:30", "1:30:00",
    "2018-04-04", "2018-13-45", "2018-04-04 12:00:00 +25:00", "[]", "{}", "[1, 2]", "[[[]]]",
    "{a: {b: 1}}", "'x'", '"\\x00"', '"\\ud800"', '"\\u2028"', "!!int '1'", "!!float 'x'",
    "!!binary 'aa=='", "!!set {a}", "!!python/object/apply:os.system ['touch x']",
    "!!python/name:os.system", "!!timestamp x", "!<x> 1", "&a 1", "*a", "<<: *a", "<<: {seed: 1}",
    "? [a]\n: 1", "- 1", "key: value", "# comment", "---", "...", "%YAML 1.1", "%TAG ! x",
    "|\n  text", ">-\n  text", "\t", "音", "$(touch x)", "../x", "/", "demo", "dcase2018",
    "folders", "archives", "published", "default", "random", "gmp", "gwrp", "cosine", "a"*5000,
    "{", "}", "[",
]  # fmt: skip
ROUND = [
    None, True, False, 0, 1, -1, 2, 3, 7, 2**31, 2**63, 10**30, 0.0, -0.0, 0.5, 1.5, -1e-9, 1e308,
    float("inf"), float("-inf"), float("nan"), "", " ", "1", "1.5", "nan", "inf", "null", "true",
    "x", "demo", "random", "a\nb", "\x00", "音", "x"*3000, [], {}, [[]], [None], [1, 1], [0, -5],
    ["a", 1], [float("nan")], {"a": 1}, {1: 2}, {None: None}, [{}], list(range(2000)),
]  # fmt: skip
CLASSES = ["Bark", "bell / ring"]
SCORES = np.linspace(0, 1, 40)


@cache
def seeds() -> list[str]:
    """The experiments, and config.yaml."""
    paths = [ROOT / "config.yaml", *sorted((ROOT / "experiments").glob("*.yaml"))]
    return [path.read_text(encoding="utf-8") for path in paths]


@cache
def base() -> dict[str, Any]:
    """config.yaml."""
    loaded: dict[str, Any] = yaml.safe_load(seeds()[0])
    return loaded


@cache
def keys() -> list[str]:
    """Each key that has a value."""
    return [key for key, _ in leaves(schema())]


def make(rng: Random) -> bytes:
    """The text of a configuration file."""
    kind = rng.random()
    if kind < 0.4:
        return text_changed(_part(rng.choice(seeds()), rng), rng, WORDS).encode("utf-8", "replace")
    if kind < 0.5:
        return bytes_changed(_part(rng.choice(seeds()), rng).encode(), rng)
    if kind < 0.8:
        return _swapped(rng)
    return _grown(rng, 0).encode("utf-8", "replace")


def _part(text: str, rng: Random) -> str:
    """Some of the blocks of a file: a whole one takes long to read."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 60:
        return text
    starts = [i for i, line in enumerate(lines) if line[:1].isalpha()]
    start = rng.choice(starts)
    return "".join(lines[start : start + rng.randrange(1, 40)])


def _swapped(rng: Random) -> bytes:
    """Other values of one to three keys, as JSON or as YAML."""
    changes: dict[str, Any] = {}
    for _ in range(rng.randint(1, 3)):
        *groups, last = (
            rng.choice(keys()).replace("NAME", rng.choice(list(base()["models"]))).split(".")
        )
        below = changes
        for group in groups:
            below = below.setdefault(group, {})
            if not isinstance(below, dict):
                break
        else:
            below[last] = _value(rng)
            if rng.random() < 0.05:
                below[rng.choice((last + "s", last.upper(), " ", "1", "x" * 300))] = 1
    write = json.dumps if rng.random() < 0.3 else _as_yaml
    return write(changes).encode("utf-8", "replace")


def _as_yaml(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True)


def _value(rng: Random) -> Any:
    if rng.random() < 0.25:
        return rng.choice(
            [rng.uniform(-10, 10), rng.randint(-5, 5000), rng.choice((0.1, 0.2, 0.9))]
        )
    value = deepcopy(rng.choice(ROUND))
    return [value, value] if rng.random() < 0.1 else value


def _grown(rng: Random, depth: int) -> str:
    """YAML by its grammar, with names of keys that are known, anchors, tags and faults."""
    names = [name for key in keys() for name in key.split(".")]
    lines = []
    for _ in range(rng.randrange(1, 7)):
        name = rng.choice(names) if rng.random() < 0.8 else rng.choice(WORDS)
        mark = rng.choice(
            ("", "", "", f"&a{rng.randrange(3)} ", "!!map ", "!!str ", "!!python/tuple ")
        )
        if depth < 4 and rng.random() < 0.4:
            below = _grown(rng, depth + 1).replace("\n", "\n" + "  " * rng.choice((1, 1, 1, 1, 2)))
            lines.append(f"{name}: {mark}\n  {below}")
        elif rng.random() < 0.1:
            lines.append(f"- {rng.choice(WORDS)}")
        else:
            value = rng.choice(WORDS) if rng.random() < 0.8 else f"*a{rng.randrange(3)}"
            lines.append(f"{name}: {mark}{value}")
    return "\n".join(lines)


def read(text: bytes, folder: Path) -> str:
    """What Snakemake makes of a configuration file, laid over config.yaml, then `complete`."""
    try:
        loaded = _load_configfile(io.StringIO(text.decode()))
    except Exception:  # Snakemake's own loader, and its own words
        return "refused by Snakemake"
    if not isinstance(loaded, dict):
        return "refused by Snakemake"
    config = deepcopy(base())
    update_config(config, loaded)
    completed = complete(config)
    assert complete(completed) == completed, "completed again it differs"
    assert yaml.safe_load(_as_yaml(completed)) == completed, "written and read again it differs"
    return "accepted"


def make_thresholds(rng: Random) -> bytes:
    """A file of thresholds with faults."""
    one = {"clip": 0.1, "frame": 0.2, "smooth": 1, "high": 0.2, "low": 0.1, "median": 1,
           "merge_gap": 10, "drop": 10, "mask": 0.5}  # fmt: skip
    if rng.random() < 0.5:
        one |= {"level": 0.2, "weight": 0.25, "cost": 2.0, "durations": {9: 1.5, 62: 40.0}}
    if rng.random() < 0.3:
        values = {label: dict(one) for label in CLASSES}
        values[rng.choice(CLASSES)][rng.choice([*one, "x"])] = _value(rng)
        return ("source: test\n" + _as_yaml({"classes": values})).encode("utf-8", "replace")
    text = "source: test\n" + yaml.safe_dump(
        {"classes": dict.fromkeys(CLASSES, one)}, sort_keys=False
    )
    if rng.random() < 0.3:
        return bytes_changed(text.encode(), rng)
    return text_changed(text, rng, [*WORDS, *one]).encode("utf-8", "replace")


def read_as_thresholds(text: bytes, folder: Path) -> str:
    """The detectors of the classes."""
    path = folder / "holdout1.yaml"
    path.write_bytes(text)
    try:
        found = read_thresholds(path, CLASSES)
    except (ThresholdError, DamagedError) as error:
        assert str(path) in str(error), "names no file"
        raise
    for one in found:
        one.detector.ranges(SCORES)
        if one.by_duration is not None:
            one.by_duration.ranges(SCORES)
    return "accepted"


def make_plan(rng: Random) -> bytes:
    """A plan with faults."""
    event = {"event_audio_name": "a.wav", "event_label": "Bark", "onset": 0.5, "offset": 1.5}
    mixtures: list[dict[str, Any]] = [
        {
            "mixture_name": f"0000{i}.wav",
            "fold": 1,
            "scene_audio_name": "s.wav",
            "events": [dict(event)],
        }
        for i in range(2)
    ]
    if rng.random() < 0.4:
        changed = rng.choice([mixtures[0], mixtures[1]["events"][0]])
        changed[rng.choice([*changed, "x"])] = _value(rng)
        if rng.random() < 0.2:
            del changed[rng.choice(list(changed))]
    lines = "".join(f"- {json.dumps(mixture)}\n" for mixture in mixtures)
    text = lines if rng.random() < 0.6 else yaml.safe_dump(mixtures)
    if rng.random() < 0.3:
        return bytes_changed(text.encode(), rng)
    return text_changed(text, rng, [*WORDS, *event]).encode("utf-8", "replace")


def read_as_plan(text: bytes, folder: Path) -> str:
    """The mixtures, with what each step asks of them."""
    path = folder / "mixtures.yaml"
    path.write_bytes(text)
    try:
        plan = read_plan(path)
    except (PlanError, DamagedError) as error:
        assert str(path) in str(error), "names no file"
        raise
    for mixture in plan:
        names = [mixture["mixture_name"], mixture["scene_audio_name"]]
        for event in mixture["events"]:
            names += [event["event_audio_name"], event["event_label"]]
            assert 0 <= event["onset"] <= event["offset"] < float("inf")
        assert all(isinstance(name, str) for name in names) and isinstance(mixture["fold"], int)
    return "accepted"


CONFIGURATIONS = Target("configurations", make, read, (ConfigurationError,), bytes, bytes)
THRESHOLDS = Target(
    "thresholds", make_thresholds, read_as_thresholds, (ThresholdError, DamagedError), bytes, bytes
)
PLANS = Target("plans", make_plan, read_as_plan, (PlanError, DamagedError), bytes, bytes)
