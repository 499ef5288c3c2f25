"""`snakemake --sdm conda`, with a stand-in for conda and a Python that has no more than Snakemake."""

import importlib.util
import os
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.workflow

ENVIRONMENTS = ("audio", "evaluation", "learning", "report")


def required_by(name, known):
    """Distributions that `name` requires, itself included."""
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name not in known:
            known.add(requirement.name)
            required_by(requirement.name, known)
    return known


@pytest.fixture(scope="session")
def plain_python(tmp_path_factory):
    """A Python with Snakemake and what it requires: links into the one that runs the tests."""
    folder = tmp_path_factory.mktemp("plain")
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    for name in required_by("snakemake", {"snakemake"}):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            link = packages / top
            if not link.exists():
                link.symlink_to(found.locate_file(top))
    return folder / "bin" / "python"


@pytest.fixture(scope="session")
def conda(root, tmp_path_factory):
    """The stand-in; returns its base directory."""
    source = root / "tests" / "conda" / "double.py"
    spec = importlib.util.spec_from_file_location("conda_double", source)
    double = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(double)
    base = tmp_path_factory.mktemp("conda")
    double.install(base)
    return base


@pytest.fixture(scope="session")
def environments(tmp_path_factory):
    """A directory for environments; two gigabytes are removed after the tests, beside what follows."""
    folder = tmp_path_factory.mktemp("environments")
    yield folder
    subprocess.Popen(["rm", "-rf", str(folder)], start_new_session=True)


def run(workflow, python, base, environments, *arguments):
    """Snakemake by `python`, with conda on its PATH, and nothing of the tests' own in its way."""
    command = [str(python), *workflow.command("--cores", "2", "--sdm", "conda", *arguments)[1:]]
    command += ["--conda-prefix", str(environments)]
    path = os.pathsep.join((str(base / "bin"), os.environ["PATH"]))
    surroundings = {key: os.environ[key] for key in os.environ if not key.startswith("PYTHON")}
    done = subprocess.run(
        command, capture_output=True, text=True, env=surroundings | {"PATH": path}, timeout=1200
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout + done.stderr


def test_a_plain_snakemake_plans_the_run(fresh, plain_python):
    probe = "import importlib.util as u, sys; sys.exit(u.find_spec('numpy') is not None)"
    assert subprocess.run([plain_python, "-c", probe]).returncode == 0
    command = [str(plain_python), *fresh.command("--cores", "2", "--dry-run")[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "train" in done.stdout


def packages_in(environment):
    """What of the packages that any environment file names can be imported in this one."""
    names = [name for name, *_ in PACKAGES]
    probe = f"import importlib.util as u; print(*(n for n in {names} if u.find_spec(n)))"
    command = [environment / "bin" / "python", "-c", probe]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.conda_double
def test_the_smoke_run_in_environments_of_its_own(fresh, root, plain_python, conda, environments):
    output = run(fresh, plain_python, conda, environments)
    assert (fresh.results / "tables" / "summary.md").exists()
    assert (conda / "calls.txt").read_text().count("env create") == len(ENVIRONMENTS)
    for file in environments.glob("*.yaml"):
        has = packages_in(file.with_suffix(""))
        name = next(n for n in ENVIRONMENTS if (root / f"envs/{n}.yaml").samefile)
    assert "Nothing to be done" in run(fresh, plain_python, conda, environments)
    print(fresh.would_run())
    assert 0
