"""The reference of the configuration, docs/configuration.md, made from the schema.

    python -m workflow.reference

writes it; a test compares.
"""

from __future__ import annotations

import json
from pathlib import Path

from weakseg.files import replacing
from workflow.configuration import Schema, expected, leaves, presets, schema

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
SINGLE_KEYS = "What an experiment is called, and where its results go."
START = """\
# Configuration

Made from `workflow/schemas/config.schema.yaml` by `python -m workflow.reference`.

`config.yaml` is the demo experiment.  Another experiment is a file of the keys that differ,
laid over it with `snakemake --configfile FILE`; single keys are given last, as in
`--config experiment=mine 'mixtures={seed: 3, per_fold: 100}'`.  Groups of keys merge, lists are
replaced.  Both options take several values; repeated, the last one counts alone.  A key that is
unknown, out of bounds or at odds with another one stops the run before it starts, with a line
that says what to do.  Where a default is null, what it stands for under each `mixtures.preset`
follows.
"""


def configuration_table() -> str:
    """The page in Markdown: a table a group of keys."""
    groups = schema()["properties"]
    single = {name: part for name, part in groups.items() if part["type"] != "object"}
    tables = [_table("experiment", SINGLE_KEYS, {"properties": single})]
    for name, part in groups.items():
        if name not in single:
            tables.append(_table(name, part["description"], part, f"{name}."))
    return "\n".join([START, *tables])


def _table(title: str, description: str, part: Schema, prefix: str = "") -> str:
    rows = [
        f"| `{key}` | {expected(leaf)} | {_default(key, leaf)} | {leaf['description']} |\n"
        for key, leaf in leaves(part, prefix)
    ]
    head = "| key | is | default | effect |\n|---|---|---|---|\n"
    return f"## {title}\n\n{description}\n\n{head}{''.join(rows)}"


def _default(key: str, leaf: Schema) -> str:
    if "default" not in leaf:
        return "none"
    group, _, name = key.partition(".")
    by_preset = [
        f"`{json.dumps(values[group][name])}` ({preset})"
        for preset, values in presets().items()
        if name in values.get(group, {})
    ]
    default = f"`{json.dumps(leaf['default'])}`"
    return f"{default}: {', '.join(by_preset)}" if by_preset else default


def main() -> None:
    """Write docs/configuration.md."""
    with replacing(PAGE) as temporary:
        temporary.write_text(configuration_table(), encoding="utf-8")


if __name__ == "__main__":
    main()
