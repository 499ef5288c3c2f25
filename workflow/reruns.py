"""What a change makes anew: the page docs/reruns.md, made from the table that the tests hold.

    python -m workflow.reruns

writes it; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from weakseg.files import replacing
from workflow.configuration import ROOT, leaves, schema

PAGE = ROOT / "docs" / "reruns.md"
TABLE = ROOT / "tests" / "workflow" / "reruns.yaml"
START = """\
# What a change makes anew

Made from `tests/workflow/reruns.yaml` by `python -m workflow.reruns`; tests hold each row, and
there is one for every key of the configuration, against a finished run.

Change a key, or the code, and give the same command again: a step runs anew if its result may
become another, and so does all that follows from it.  `snakemake --dry-run` says which steps, and
runs none; `make plan` says why.  What is written last (`summary.json` and its companions) is made
anew whenever anything is; the rows leave it out.
"""
CHANGES = "## Files, code and environments\n\n| change | makes anew | why |\n|---|---|---|\n"
COARSE = "## Where more is made anew than is touched\n\nFor clear rules' sake:\n\n"

Table = dict[str, Any]
Group = Mapping[str, Any]


def read_table() -> Table:
    """The contract."""
    table: Table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return table


def groups(table: Table) -> Iterator[Group]:
    """All groups of keys."""
    for stage in table["stages"]:
        yield from stage["groups"]


def schema_key(key: str) -> str:
    """The key as the schema has it: models.NAME.network.type for one of some model."""
    known = {name for name, _ in leaves(schema())}
    parts = key.split(".")
    return key if key in known else ".".join([parts[0], "NAME", *parts[2:]])


def expected_jobs(table: Table, group: Group) -> dict[str, int]:
    """Jobs a rule that a change of one key of the group runs on the smoke run."""
    rules = [*group.get("rules", []), *_rules(table, group.get("reruns", []))]
    models = group.get("of", table["models"])
    jobs = {rule: 1 for rule in rules if rule not in group.get("but", [])}
    for rule in jobs:
        if rule in table["jobs"]["a model"]:
            jobs[rule] = len(models)
        elif rule in table["jobs"]["a shard"]:
            jobs[rule] = 4
    if table["models"][-1] not in models:
        jobs = {rule: n for rule, n in jobs.items() if rule not in table["of the last model"]}
    return jobs | group.get("counts", {})


def _rules(table: Table, cascades: list[str]) -> Iterator[str]:
    for name in cascades:
        yield from table["cascades"][name]["rules"]
        yield from _rules(table, table["cascades"][name].get("then", []))


def page() -> str:
    """docs/reruns.md."""
    table = read_table()
    stages = "\n".join(_stage(stage) for stage in table["stages"])
    changes = "".join(_row(row["change"], row) for row in table["changes"])
    coarse = "".join(f"- {reason}\n" for reason in table["coarse"])
    return "\n".join([START, stages, CHANGES + changes, COARSE + coarse])


def _stage(stage: Mapping[str, Any]) -> str:
    rows: dict[tuple[str, str], list[str]] = {}  # of groups that say the same, one row
    for group in stage["groups"]:
        said = (group["anew"], group.get("why", ""))
        same = next((key for key in rows if key[0] == said[0] and not said[1]), said)
        rows.setdefault(same, []).extend(_keys(group))
    lines = (_row(_joined(keys), {"anew": anew, "why": why}) for (anew, why), keys in rows.items())
    return (
        f"## {stage['title']}\n\n| change of | makes anew | why |\n|---|---|---|\n{''.join(lines)}"
    )


def _keys(group: Group) -> list[str]:
    return [group["words"]] if "words" in group else [schema_key(key) for key in group["keys"]]


def _joined(keys: list[str]) -> str:
    """Keys, then words, in a line; after a key, others of its group without their group."""
    said, group = [], ""
    in_order = [key for key, _ in leaves(schema()) if key in keys]
    for key in dict.fromkeys([*in_order, *keys]):
        above, _, name = key.rpartition(".")
        is_key = " " not in key
        said.append(f"`{name if above and above == group else key}`" if is_key else key)
        group = above if is_key else ""
    return ", ".join(said)


def _row(what: str, row: Mapping[str, Any]) -> str:
    cells = (" ".join(str(cell).split()) for cell in (what, row["anew"], row.get("why", "")))
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Write docs/reruns.md."""
    with replacing(PAGE) as temporary:
        temporary.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
