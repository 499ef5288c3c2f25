"""`snakemake --sdm conda` with a stand-in for conda, under a Python that has Snakemake alone.

Snakemake appends its own search path to that of every script, so that what an environment lacks
would come from there: hence the Python without numpy.
"""

import subprocess
import venv
from importlib.metadata import distribution

import pytest
import yaml
from packaging.requirements import Requirement

pytestmark = pytest.mark.workflow

HEAVY = {"matplotlib", "torch"}


def required_by(name):
    """A distribution and all that it requires, by name."""
    known, todo = {name}, [name]
    while todo:
        needed = [Requirement(text) for text in distribution(todo.pop()).requires or ()]
        todo += {
            each.name for each in needed if not each.marker or each.marker.evaluate({"extra": ""})
        } - known
        known |= set(todo)
    return known


@pytest.fixture(scope="session")
def plain_python(tmp_path_factory):
    """A Python with Snakemake and what it requires: links into the one that runs the tests."""
    folder = tmp_path_factory.mktemp("plain")
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    for found in map(distribution, required_by("snakemake")):
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (packages / top).exists():
                (packages / top).symlink_to(found.locate_file(top))
    return folder / "bin" / "python"


@pytest.fixture
def conda(fresh, plain_python, double, tmp_path_factory):
    """Lets `fresh` run with the plain Python and the stand-in, whose directory this is."""
    base = tmp_path_factory.mktemp("conda")
    fresh.python, fresh.first_on_path = str(plain_python), str(double.install(base))
    return base


@pytest.fixture
def environments(tmp_path_factory):
    """Where environments are made: gigabytes, whose removal takes minutes on some disks."""
    folder = tmp_path_factory.mktemp("environments")
    yield folder
    subprocess.Popen(["rm", "-rf", str(folder)], start_new_session=True)


def can_import(python, names):
    """Those of the names that are modules for this Python."""
    probe = f"import importlib.util as u; print(*(n for n in {names} if u.find_spec(n)))"
    done = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_plain_snakemake_plans_the_run(fresh, conda):
    assert can_import(fresh.python, ["snakemake", "numpy", "soundfile"]) == {"snakemake"}
    output = fresh.must_run("--sdm", "conda", "--dry-run")
    for environment in ("audio", "learning", "evaluation", "report"):
        assert f"envs/{environment}.yaml will be created" in output


@pytest.mark.conda_double
def test_the_smoke_run_in_environments_of_its_own(fresh, conda, double, environments):
    one_model = "--config", "grid={models: [tiny_fresh]}"
    options = "--sdm", "conda", "--conda-prefix", str(environments), *one_model
    fresh.must_run(*options)
    assert (fresh.results / "tables" / "summary.md").exists()
    assert (conda / "calls.txt").read_text().count("env create") == 4
    names = double.packages()
    for file in environments.glob("*.yaml"):
        pins = [pin.split("=")[0] for pin in yaml.safe_load(file.read_text())["dependencies"]]
        wanted = {names[pin]["import"] for pin in pins if pin != "python"}
        python = file.with_suffix("") / "bin" / "python"
        assert can_import(python, sorted(wanted | HEAVY)) == wanted, file
    assert "Nothing to be done" in fresh.must_run(*options)
    # an environment counts as what a result was made with
    assert fresh.would_run(*one_model)["train"] == 1
