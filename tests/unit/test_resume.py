"""workflow/resume.py tells a living run from what a dead one has left behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from workflow import resume

PYTHON = sys.executable
SLEEPER = "import sys, time; print(flush=True); time.sleep(60)"


@contextmanager
def running(program: Path, directory: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that sleeps under the name `program`, started in `directory`."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(SLEEPER)
    command = [PYTHON, str(program), *arguments]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()  # it has started
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ([PYTHON, "-m", "snakemake", "--cores", "all"], True),
        ([PYTHON, "-u", "-m", "snakemake"], True),
        ([PYTHON, "-W", "ignore", "-X", "dev", "-m", "snakemake", "-n"], True),
        ([PYTHON, "-c", "print()", "snakemake"], False),
        (["/usr/bin/python3", "/home/me/.venv/bin/snakemake", "-n"], True),
        ([".venv/bin/python", "workflow/resume.py", "--cores", "2"], True),
        ([PYTHON, "-m", "pip", "install", "snakemake"], False),
        (["less", "/usr/share/snakemake"], False),
        ([PYTHON, "/data/.snakemake/scripts/tmp0.train.py"], False),
        ([], False),
    ],
)
def test_a_run_is_told_by_its_command(command: list[str], expected: bool) -> None:
    assert resume.is_run(command) is expected


SCRIPT = "/data/.snakemake/scripts/tmp0.train.py"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ([PYTHON, SCRIPT], True),
        ([PYTHON, "-X", "dev", SCRIPT], True),
        (["/bin/bash", "-c", f"set -euo pipefail;  {PYTHON} {SCRIPT}"], True),
        (["vim", SCRIPT], False),
        (["tail", "-f", SCRIPT], False),
        ([PYTHON, "-m", "pdb", SCRIPT], False),
        ([], False),
    ],
)
def test_a_script_is_told_by_its_command(command: list[str], expected: bool) -> None:
    assert resume.is_script(command) is expected


def test_directory_is_that_of_the_arguments(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for arguments in (["-d", "there"], ["--directory=there", "--cores", "1"], ["-n", "-dthere"]):
        assert resume.directory_of(arguments, tmp_path) == tmp_path / "there"
    assert resume.directory_of(["--cores", "1"], tmp_path) == tmp_path


def test_refuses_while_a_run_is_alive(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path / "bin/snakemake", tmp_path) as run:
        with pytest.raises(SystemExit) as stopped:
            resume.main(["--directory", str(tmp_path)])
        assert run.poll() is None
    message = str(stopped.value)
    assert str(tmp_path) in message and str(run.pid) in message and "\n" not in message
    assert capfd.readouterr() == ("", "")


def test_sees_a_run_that_is_still_about_to_enter_its_directory(tmp_path: Path) -> None:
    with running(tmp_path / "bin/snakemake", Path("/"), "--directory", str(tmp_path)) as run:
        found = resume.processes_in(tmp_path, resume.is_run)
    assert [process.pid for process in found] == [run.pid]


def test_a_run_elsewhere_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    with running(tmp_path / "bin/snakemake", tmp_path):
        assert not resume.processes_in(tmp_path / "here", resume.is_run)


def test_stops_a_script_that_was_left_behind(tmp_path: Path) -> None:
    with running(tmp_path / ".snakemake/scripts/tmp0.train.py", tmp_path):
        assert not resume.processes_in(tmp_path, resume.is_run)
        resume.stop(resume.processes_in(tmp_path, resume.is_script))
        assert not resume.processes_in(tmp_path, resume.is_script)


def test_refuses_while_another_resume_is_alive(tmp_path: Path) -> None:
    with running(tmp_path / "workflow/resume.py", tmp_path) as other:
        with pytest.raises(SystemExit, match=f"process {other.pid}"):
            resume.main(["--directory", str(tmp_path)])
        assert other.poll() is None


def test_a_directory_is_the_same_under_another_name(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "here")
    with (
        running(tmp_path / "bin/snakemake", tmp_path, "-d", "link"),
        pytest.raises(SystemExit, match="a run is alive"),
    ):
        resume.main(["--directory", str(tmp_path / "bin" / ".." / "here")])
