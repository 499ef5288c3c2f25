"""Answers what Snakemake asks of `conda`, and makes environments of links.

    python double.py BASE [what `conda` takes]

BASE is the directory of a conda installation: bin/conda, which calls this, and bin/activate, which
Snakemake sources.  `install` writes both.  An environment is a venv with links to the pins of its
file in the Python that runs this, and to what they require in turn; it sees nothing else of that.
What Snakemake asked is in BASE/calls.txt.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import venv
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

import yaml
from packaging.requirements import Requirement

HERE = Path(__file__).resolve().parent
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


def required_by(names: Iterable[str]) -> set[str]:
    """The names of some distributions and of all that they require."""
    known, todo = set(names), list(names)
    while todo:
        needed = map(Requirement, distribution(todo.pop()).requires or ())
        wanted = (one for one in needed if not one.marker or one.marker.evaluate({"extra": ""}))
        new = {one.name for one in wanted} - known
        known |= new
        todo += new
    return known


def make_python(prefix: Path, names: Iterable[str]) -> None:
    """Make a venv with links to some distributions and to what they require."""
    venv.create(prefix, symlinks=True)
    folder = next(prefix.glob("lib/python*/site-packages"))
    for found in map(distribution, required_by(names)):
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(found.locate_file(top))


def pinned(environment: Path) -> list[str]:
    """The names that pip has for the pins of a conda environment file, Python's own left out.

    Ends with a message if another version is installed here.
    """
    pins = [pin.split("=") for pin in yaml.safe_load(environment.read_text())["dependencies"]]
    pypi = packages()
    found = {pypi[name]["pypi"]: version for name, version in pins if name != "python"}
    for name, version in found.items():
        here = distribution(name).version.partition("+")[0]
        if here != version:
            sys.exit(f"conda double: {environment}: {name} {version}, but {here} is installed")
    return list(found)


def create(file: Path, prefix: Path, empty: bool) -> None:
    """Make the environment `prefix` from its file."""
    make_python(prefix, [] if empty else pinned(file))


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
