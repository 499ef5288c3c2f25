"""Answers what Snakemake asks of `conda`, and installs an environment's pins with venv and pip.

    python double.py BASE [what `conda` takes]

BASE is the directory of a conda installation: bin/conda, which calls this, and bin/activate, which
Snakemake sources.  `install` writes both.  An environment gets the pins of its file, and of
requirements.lock what they require in turn; nothing of the Python that runs this is visible in it.
What Snakemake asked is in BASE/calls.txt.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import venv
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
LOCK = HERE.parents[1] / "requirements.lock"
ACTIVATE = """\
# sourced, with the environment as the only argument
export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"
"""


def install(base: Path, empty: bool = False) -> Path:
    """Make BASE; returns the directory that has to come first on PATH.

    empty: environments are made without packages.
    """
    folder = base / "bin"
    folder.mkdir(parents=True)
    if empty:
        (base / "empty").touch()
    (folder / "activate").write_text(ACTIVATE)
    command = folder / "conda"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE}/double.py" "{base}" "$@"\n')
    command.chmod(0o755)
    return folder


def packages() -> dict[str, dict[str, str]]:
    """What each conda package is called elsewhere: `import`, `pypi`."""
    with (HERE / "packages.csv").open() as file:
        return {row["conda"]: row for row in csv.DictReader(file)}


def pip_requirements(environment: Path) -> list[str]:
    """The pins of a conda environment file, Python's own left out, as pip writes them."""
    pins = [pin.split("=") for pin in yaml.safe_load(environment.read_text())["dependencies"]]
    pypi = packages()
    return [f"{pypi[name]['pypi']}=={version}" for name, version in pins if name != "python"]


def create(file: Path, prefix: Path, empty: bool) -> None:
    """Make the environment `prefix` from its file."""
    venv.create(prefix, symlinks=True)
    if empty:
        return
    pip = [sys.executable, "-m", "pip", "--python", str(prefix / "bin" / "python")]
    options = ["--quiet", "--no-compile", "--disable-pip-version-check", "--constraint", str(LOCK)]
    subprocess.run([*pip, "install", *options, *pip_requirements(file)], check=True)


def main(base: Path, asked: list[str]) -> None:
    with (base / "calls.txt").open("a") as log:
        print(*asked, file=log)
    match asked:
        case ["--version"]:
            print("conda 25.1.1")
        case ["info", "--json"]:
            print(json.dumps({"conda_prefix": str(base), "platform": "linux-64"}))
        case ["config", "--get", "channel_priority", "--json"]:
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ["clean", *_]:
            pass
        case ["list", "--explicit", *_]:  # what --archive would download
            print("@EXPLICIT")
        case ["env", "create", *options]:
            parser = argparse.ArgumentParser(allow_abbrev=False)
            for switch in ("--quiet", "--no-default-packages"):
                parser.add_argument(switch, action="store_true")
            for needed in ("--file", "--prefix"):
                parser.add_argument(needed, type=Path, required=True)
            given = parser.parse_args(options)
            create(given.file, given.prefix, (base / "empty").exists())
        case _:
            sys.exit(f"conda double: knows no answer to {asked}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
