"""A key of the configuration reruns what it touches, and nothing else: the table reruns.yaml.

Each row is a dry run over a finished smoke run, or over a variant of one.
"""

from collections import Counter
from pathlib import Path

import pytest

from tests.workflow.variants import configured, nested
from workflow.configuration import leaves, schema
from workflow.reruns import expected_jobs, groups, read_table, schema_key

pytestmark = pytest.mark.workflow

TABLE = read_table()
ROWS = [
    pytest.param(key, value, group, id=" ".join(filter(None, (key, group.get("given")))))
    for group in groups(TABLE)
    for key, value in group["keys"].items()
]


@pytest.mark.parametrize("key,value,group", ROWS)
def test_a_key_reruns_what_it_touches(variant, tmp_path, key, value, group):
    run = variant(group.get("given"))
    also = [nested(*other) for other in group.get("also", {}).items()]
    changed = configured(run, tmp_path, nested(key, value), *also)
    targets = [group["target"]] if "target" in group else []
    assert changed.would_run(*targets) == expected_jobs(TABLE, group)


def test_each_key_has_a_row():
    known = {key for key, _ in leaves(schema())}
    rows = Counter(schema_key(key) for group in groups(TABLE) for key in group["keys"])
    assert rows.keys() == known, (
        "add the key to tests/workflow/reruns.yaml, and make docs/reruns.md"
    )


def test_each_row_of_the_table_is_understood():
    words = {"keys", "reruns", "rules", "but", "counts", "of", "given", "also", "target"}
    words |= {"anew", "why", "words"}
    assert all(group.keys() <= words for group in groups(TABLE))


def test_each_other_change_has_its_test():
    tests = [Path(__file__).with_name("test_changes.py")]
    tests.append(Path(__file__).parents[1] / "unit" / "test_imports.py")
    text = "".join(path.read_text() for path in tests)
    assert all(f"def {row['test']}(" in text for row in TABLE["changes"])
