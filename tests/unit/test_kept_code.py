"""What is known of sources is kept between runs, and changes nothing but how long they take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workflow import code_digest
from workflow.kept_code import MOST, NAME, KeptCode

SOURCES = {"one.py": '"""Says."""\nimport two\nfrom . import two\n', "two.py": "VALUE = 2\n"}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    for name, text in SOURCES.items():
        (tmp_path / name).write_text(text)
    return tmp_path / "one.py"


def digest(script: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """The digest of a script in what is as good as a new process, and how many files it parses."""
    parsed: list[str] = []
    parse = code_digest._parsed

    def count(source: bytes, name: str) -> code_digest.Code:
        parsed.append(name)
        return parse(source, name)

    for known in (code_digest._code, code_digest._local_files, code_digest._files_on_the_way):
        known.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(code_digest, "KEPT", KeptCode(script.parent / "kept"))
        patch.setattr(code_digest, "_parsed", count)
        found = code_digest.code_digest(script, script.parent)
    code_digest._code.cache_clear()
    return found, len(parsed)


def test_a_second_process_parses_only_what_has_changed(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, parsed = digest(script, monkeypatch)
    assert parsed == 2 and "two.py=" in first
    assert digest(script, monkeypatch) == (first, 0)
    script.with_name("two.py").write_text("VALUE = 3\n")
    changed, parsed = digest(script, monkeypatch)
    assert parsed == 1 and changed != first
    assert changed.split()[0] == first.split()[0]  # one.py


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"\xff", b"[]", b"null", b'{"version": "old", "sources": {}}']
)
def test_a_damaged_table_is_made_anew(
    script: Path, monkeypatch: pytest.MonkeyPatch, damaged: bytes
) -> None:
    first, _ = digest(script, monkeypatch)
    kept = script.parent / "kept" / NAME
    kept.write_bytes(damaged)
    assert digest(script, monkeypatch) == (first, 2)
    assert len(json.loads(kept.read_text())["sources"]) == 2


def test_another_version_of_the_digest_believes_nothing(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest(script, monkeypatch)
    monkeypatch.setattr("workflow.kept_code._version", lambda: "another")
    assert digest(script, monkeypatch)[1] == 2


def test_where_no_run_has_been_nothing_is_written(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (script.parent / "kept").rmdir()
    first = digest(script, monkeypatch)
    assert digest(script, monkeypatch) == first == (first[0], 2)
    assert not (script.parent / "kept").exists()


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    table = KeptCode(tmp_path)
    for number in range(MOST + 1):
        table.add(b"%d" % number, number)
    table.save()
    assert KeptCode(tmp_path).get(b"1") is None
