"""The places that name packages agree: requirements*, pyproject.toml, envs/ and what is imported.

A rule's environment must provide what its script imports, directly or through weakseg/.  That is
read from the sources, since without conda every script runs in one environment that has it all.
"""

from __future__ import annotations

import ast
import csv
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "workflow/scripts").glob("[!_]*.py"))
RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))

# What a package is called: import, pypi, conda
with (ROOT / "tests/conda/packages.csv").open() as _names:
    PACKAGES = [tuple(row) for row in csv.reader(_names)][1:]
IMPORT_OF_PYPI = {pypi: name for name, pypi, _ in PACKAGES}
IMPORT_OF_CONDA = {conda: name for name, _, conda in PACKAGES}
PYPI_OF_CONDA = {conda: pypi for _, pypi, conda in PACKAGES}
HEAVY = {"matplotlib", "torch"}  # not in an environment that does not import them


@cache
def lock() -> dict[str, str]:
    """Version by package in requirements.lock."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def pins_of(environment: Path) -> dict[str, str]:
    """Version by conda package in a conda environment file."""
    return dict(pin.split("=") for pin in yaml.safe_load(environment.read_text())["dependencies"])


def rules() -> Iterator[tuple[str, Path, Path]]:
    """Name, environment and script of each rule that has a script."""
    for file in RULES:
        parts = re.split(r"^\s*(?:rule|checkpoint) (\w+):", file.read_text(), flags=re.M)
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            paths = dict(re.findall(r"^\s+(conda|script):\s*\"(.+?)\"", body, re.M))
            if "script" in paths:
                assert "conda" in paths, f"{file.name}: rule {name} has no conda environment"
                environment, script = file.parent / paths["conda"], file.parent / paths["script"]
                yield name, environment.resolve(), script.resolve()


def imported_names(source: Path) -> Iterator[str]:
    """Dotted names that a source imports when it runs, `from a import b` as a and as a.b."""
    tree = ast.parse(source.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: relative import; write weakseg..."
            module = str(node.module)
            yield from (module, *(f"{module}.{alias.name}" for alias in node.names))


def local_sources(name: str, beside: Path) -> list[Path]:
    """The files of this repository that `import name` runs, packages first."""
    parts = name.split(".")
    paths = [
        folder.joinpath(*parts[:length])
        for folder in (ROOT, beside)
        for length in range(1, len(parts) + 1)
    ]
    files = [file for path in paths for file in (path / "__init__.py", path.with_suffix(".py"))]
    return [file.resolve() for file in files if file.exists()]


def third_party(sources: list[Path]) -> set[str]:
    """Import names of the packages that these sources need, through local modules as well."""
    needed, seen, todo = set(), set(sources), list(sources)
    while todo:
        source = todo.pop()
        for name in imported_names(source):
            local = local_sources(name, source.parent)
            todo += [file for file in local if file not in seen]
            seen |= set(local)
            if not local:
                needed.add(name.split(".")[0])
    return needed - sys.stdlib_module_names - {"weakseg"}


def test_lock_has_versions_only() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    bad = [line for line in lines[1:] if not re.fullmatch(r"[\w.-]+==[\w.]+", line)]
    assert lines[0].startswith("#") and not bad
    assert "pip" not in lock()


@pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in"])
def test_lock_holds_what_is_required(name: str) -> None:
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    required = [Requirement(line) for line in lines if line and not line.startswith("-r")]
    missing = [
        str(each)
        for each in required
        if not each.specifier.contains(lock().get(canonicalize_name(each.name), "0"))
    ]
    assert required and not missing, f"run `make lock`: {missing}"


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_environment_has_the_versions_of_the_lock(environment: Path) -> None:
    content = yaml.safe_load(environment.read_text())
    assert content["channels"] == ["conda-forge", "nodefaults"]
    pins = pins_of(environment)
    assert pins.pop("python") == "3.11"
    assert pins == {name: lock()[PYPI_OF_CONDA[name]] for name in pins}


def test_installed_library_declares_what_it_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {IMPORT_OF_PYPI[Requirement(one).name] for one in project["dependencies"]}
    assert third_party(sorted((ROOT / "weakseg").rglob("*.py"))) <= declared


def test_every_script_belongs_to_a_rule() -> None:
    found = list(rules())
    assert {script for _, _, script in found} >= set(SCRIPTS)
    assert all(script.stem == name for name, _, script in found)
    assert {environment for _, environment, _ in found} <= set(ENVIRONMENTS)


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_environment_provides_what_its_scripts_import(environment: Path) -> None:
    scripts = [script for _, used, script in rules() if used == environment]
    if not scripts or not all(script.exists() for script in scripts):
        pytest.skip("not all scripts are written")
    provided = {IMPORT_OF_CONDA[name] for name in pins_of(environment) if name != "python"}
    needed = {script.name: third_party([script]) for script in scripts}
    missing = {name: names - provided for name, names in needed.items() if names - provided}
    assert not missing
    assert not (HEAVY & provided) - set().union(*needed.values())


def test_what_snakemake_imports_for_a_report_is_installed_with_it() -> None:
    """Snakemake asks for it only then, with an error that comes too late."""
    names = [line.split("#")[0].strip() for line in (ROOT / "requirements.in").open()]
    assert "pygments" in names
