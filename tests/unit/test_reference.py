"""The reference of the configuration is in step with the schema."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workflow import reference
from workflow.configuration import leaves, schema


def rows() -> dict[str, list[str]]:
    """Cells of each key's row."""
    lines = [line for line in reference.configuration_table().splitlines() if line[:3] == "| `"]
    cells = [re.split(r"\s\|\s", line.strip("| ")) for line in lines]
    return {row[0].strip("`"): row for row in cells}


def test_committed_page_is_what_the_schema_says() -> None:
    message = "write it anew: python -m workflow.reference"
    assert reference.PAGE.read_text(encoding="utf-8") == reference.configuration_table(), message


def test_every_key_has_a_row_of_four_cells() -> None:
    assert list(rows()) == [key for key, _ in leaves(schema())]
    assert all(len(row) == 4 and all(row) for row in rows().values())


def test_rows_say_bounds_defaults_and_presets() -> None:
    assert rows()["mixtures.folds"][1:3] == ["a whole number from 2 to 100", "`4`"]
    assert rows()["training.decay"][1] == "a number above 0 and at most 1"
    assert (
        rows()["mixtures.onsets"][2]
        == '`null`: `"random"` (default), `[0.5, 3.0, 5.5]` (published)'
    )
    assert rows()["data.source"][1] == "one of demo, archives, folders, dcase2018"


def test_main_writes_the_page_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "configuration.md"
    monkeypatch.setattr(reference, "PAGE", page)
    reference.main()
    assert page.read_text(encoding="utf-8") == reference.configuration_table()
    assert list(tmp_path.iterdir()) == [page]
