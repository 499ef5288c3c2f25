from __future__ import annotations

import itertools
import re

import pytest

from weakseg import progress
from weakseg.progress import Progress, counted, say


def test_lines_stand_for_the_bar_where_there_is_no_terminal(monkeypatch):
    seconds = itertools.count(100, 4)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    lines: list[str] = []
    with Progress(20, 10, " clips", lines.append) as shown:
        for _ in range(8):
            shown.advance(loss=0.25)
    assert lines[0].startswith("13 of 20, loss 0.25, ")
    assert lines[0].endswith(" left")
    assert 1 < len(lines) < 8


def test_bytes_are_counted_by_the_piece_and_shown_with_a_name(monkeypatch):
    seconds = itertools.count(100, 20)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    lines: list[str] = []
    with Progress(2_000_000, 500_000, "B", lines.append, "a.zip") as shown:
        shown.advance(1_200_000)
    assert lines == ["a.zip: 1.70MB of 2.00MB, 20.0kB a second, 00:15 left"]


def test_a_terminal_gets_a_bar_and_no_lines(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    lines: list[str] = []
    with Progress(3, 0, " clips", lines.append) as shown:
        for _ in range(3):
            shown.advance()
    assert not lines
    assert "0/3" in capsys.readouterr().err


def test_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]):
    say("resuming at iteration 7")
    captured = capsys.readouterr()
    assert captured.err == "resuming at iteration 7\n"
    assert captured.out == ""


def test_counted_items_are_the_same_and_the_lines_go_to_the_log(monkeypatch, caplog):
    seconds = itertools.count(100, 4)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    caplog.set_level("INFO")
    assert list(counted("abcdefgh", 8, " letters")) == list("abcdefgh")
    assert re.fullmatch(r"3 of 8, 0\.\d+ a second, \d\d:\d\d left", caplog.messages[0])
