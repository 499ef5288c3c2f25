"""Configurations that tests change: the demo's, in sizes that they count on."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from workflow.configuration import Configuration

ROOT = Path(__file__).parents[2]
DEMO: Configuration = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def merged(base: Any, over: Any) -> Any:
    """`over` laid over `base` as Snakemake does: mappings merge, all else is replaced."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return copy.deepcopy(over)
    return {**base, **{key: merged(base.get(key), value) for key, value in over.items()}}


# the sizes that tests count on, whatever the demo's are
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
