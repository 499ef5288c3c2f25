"""What is said before a run that cannot be kept, and of one that has failed."""

import os
import time

import pytest

from workflow import faults

KILLED = """\
RuleException:
CalledProcessError in file "/somewhere/models.smk", line 45:
Command 'set -euo pipefail;  python /a/tmp35_jgvee.train.py' died with <Signals.SIGKILL: 9>.
[Wed Nov 25 02:28:49 2026]
Error in rule train:
    message: None
    jobid: 13
    log: {log} (check log file(s) for error details)
"""
CLOCK = """\
WorkflowError in rule tune in file "/somewhere/tuning.smk", line 36:
Output a/thresholds.yaml has older modification time (2026-11-25 02:29:49.887849) than input \
b/holdout1.h5 (2026-11-25 03:29:10.879892). This could indicate a clock skew problem in your network
"""


def test_a_killed_job_has_a_line_also_in_its_own_log(tmp_path):
    log, own = tmp_path / "snakemake.log", tmp_path / "train.log"
    own.write_text("iteration 7\n")
    log.write_text(KILLED.format(log=own))
    (line,) = faults.causes([log])
    assert line.startswith(f"error: {own}: train was ended by SIGKILL") and "memory" in line
    assert own.read_text() == f"iteration 7\n{line}\n"


def test_a_file_of_the_future_is_named(tmp_path):
    (tmp_path / "snakemake.log").write_text(CLOCK)
    (line,) = faults.causes([tmp_path / "snakemake.log"])
    assert line.startswith("error: b/holdout1.h5: dated 2026-11-25 03:29:10, later than now")
    assert "the clock was set back" in line and line.endswith("touch it first)")


def test_other_failures_have_their_own_line_already(tmp_path):
    (tmp_path / "snakemake.log").write_text(KILLED.replace("died with <", "returned <"))
    assert faults.causes([tmp_path / "snakemake.log"]) == []


def test_files_of_the_future_are_dated_now_in_the_same_order(tmp_path):
    now = time.time()
    dates = {"a/late": 7200, "b": 60, "a/same": 7200, "old": -60}
    (tmp_path / "a").mkdir()
    for name, seconds in dates.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (now, now + seconds))
    (line,) = faults.date_anew(tmp_path)
    assert line.startswith(f"{tmp_path}: 3 files were dated later than now")
    new = {name: (tmp_path / name).stat().st_mtime for name in dates}
    assert new["old"] < now - 50 < new["b"] < new["a/late"] == new["a/same"] <= time.time()
    assert faults.date_anew(tmp_path) == [] == faults.date_anew(tmp_path / "nothing")


def test_a_directory_that_cannot_be_written_ends_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    faults.stop_unless_writable()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SystemExit, match=rf"^error: {tmp_path}: cannot be written") as stopped:
        faults.stop_unless_writable()
    assert "--directory" in str(stopped.value) and "\n" not in str(stopped.value)
