"""The page on reruns is in step with the table that the tests hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow import reruns


def test_committed_page_is_what_the_table_says() -> None:
    message = "write it anew: python -m workflow.reruns"
    assert reruns.PAGE.read_text(encoding="utf-8") == reruns.page(), message


def test_each_group_and_each_change_has_a_place_on_the_page() -> None:
    page = reruns.page()
    table = reruns.read_table()
    for group in reruns.groups(table):
        assert " ".join(group["anew"].split()) in page
    for row in table["changes"]:
        assert f"| {row['change']} | {' '.join(row['anew'].split())} |" in page


def test_jobs_are_those_of_the_rules_and_models_that_a_row_names() -> None:
    table = {
        "jobs": {"a model": ["train", "segment"], "a shard": ["render"]},
        "models": ["one", "two"],
        "of the last model": ["draw"],
        "cascades": {"last": {"rules": ["say"]}, "all": {"rules": ["train"], "then": ["last"]}},
    }
    first = {"rules": ["render", "draw", "segment"], "reruns": ["all"], "of": ["one"]}
    assert reruns.expected_jobs(table, first) == {"render": 4, "segment": 1, "train": 1, "say": 1}
    other = {"reruns": ["all"], "but": ["say"], "rules": ["draw"], "counts": {"draw": 3}}
    assert reruns.expected_jobs(table, other) == {"train": 2, "draw": 3}
    assert reruns.expected_jobs(table, {"anew": "nothing"}) == {}


def test_keys_of_a_model_stand_for_those_of_any() -> None:
    assert reruns.schema_key("models.tiny.network.type") == "models.NAME.network.type"
    assert reruns.schema_key("mixtures.seed") == "mixtures.seed"


def test_main_writes_the_page_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "reruns.md"
    monkeypatch.setattr(reruns, "PAGE", page)
    reruns.main()
    assert page.read_text(encoding="utf-8") == reruns.page()
    assert list(tmp_path.iterdir()) == [page]
