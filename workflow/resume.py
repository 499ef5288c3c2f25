"""Go on with a run that was killed: unlock its working directory, then run Snakemake again.

    python workflow/resume.py [what `snakemake` takes: --cores all --configfile FILE ...]

A killed Snakemake leaves its lock behind, and the lock does not tell who holds it (Snakemake 9:
.snakemake/locks/*.lock list files, not processes).  So the processes of this machine are asked:
while another Snakemake works in the same directory, nothing is unlocked.  A script that a killed
one has left behind is stopped: Snakemake would discard what it writes.  Not seen are runs on
other machines that share the directory, and runs of other users where the system hides them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

SNAKEMAKE = [sys.executable, "-m", "snakemake"]
SECONDS_TO_STOP = 60.0  # time for a left script to save its state


def directory_of(command: Sequence[str], start: Path) -> Path:
    """The directory that Snakemake with the arguments `command` works in if started in `start`."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--directory", "-d", type=Path, default=Path())
    return (start / parser.parse_known_args(list(command))[0].directory).resolve()


def is_run(command: Sequence[str]) -> bool:
    """Whether `command` is Snakemake or this program."""
    return Path(program_of(command)).name in ("snakemake", Path(__file__).name)


def is_script(command: Sequence[str]) -> bool:
    """Whether `command` is the script of a rule, which Snakemake runs from a copy."""
    is_shell = Path(next(iter(command), "")).name in ("bash", "sh")
    program = " ".join(command[1:3]) if is_shell else program_of(command)
    return ".snakemake/scripts/" in program


def program_of(command: Sequence[str]) -> str:
    """What runs: the file or module that a Python was given, else the command's first word."""
    words = iter(command)
    first = next(words, "")
    if not Path(first).name.startswith("python"):
        return first
    for word in words:
        if word in ("-W", "-X"):  # their value follows
            next(words, None)
        elif word in ("-m", "-c"):
            return next(words, "") if word == "-m" else ""
        elif not word.startswith("-"):
            return word
    return ""


def processes_in(directory: Path, kind: Callable[[Sequence[str]], bool]) -> list[psutil.Process]:
    """The processes of this kind (`is_run`, `is_script`) in `directory`, without this one."""
    found = []
    for process in psutil.process_iter():
        try:
            command, start = process.cmdline(), Path(process.cwd())
        except (psutil.Error, OSError):  # gone meanwhile, or not ours to look at
            continue
        # Snakemake enters its --directory only once it has loaded: compare before and after.
        if kind(command) and directory in (start, directory_of(command, start)):
            found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def stop(processes: list[psutil.Process]) -> None:
    """End these processes, by force if they do not end in `SECONDS_TO_STOP`."""
    for process in processes:
        message = f"resume: stopping process {process.pid}, which the killed run has left behind"
        print(message, file=sys.stderr)
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(processes, timeout=SECONDS_TO_STOP)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def main(arguments: list[str]) -> None:
    """Resume the run with these arguments of Snakemake, or exit with one line that says why not."""
    directory = directory_of(arguments, Path.cwd())
    for process in processes_in(directory, is_run):
        sys.exit(
            f"resume: a run is alive in {directory} (process {process.pid}): "
            "wait for it or stop it, then resume again"
        )
    stop(processes_in(directory, is_script))
    unlocked = subprocess.run([*SNAKEMAKE, "--quiet", "--unlock", *arguments], check=False)
    if unlocked.returncode:
        sys.exit(unlocked.returncode)
    os.execv(sys.executable, [*SNAKEMAKE, *arguments])  # so that signals reach Snakemake itself


if __name__ == "__main__":
    main(sys.argv[1:])
