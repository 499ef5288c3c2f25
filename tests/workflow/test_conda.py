"""`snakemake --sdm conda` with a stand-in for conda, under a Python that has Snakemake alone.

Snakemake appends its own search path to that of every script, so that what an environment lacks
would come from there: hence the Python without numpy.
"""

import json
import subprocess

import pytest
import yaml

pytestmark = pytest.mark.workflow

HEAVY = {"matplotlib", "torch"}
MODELS = ("tiny_gmp", "tiny_gwrp", "tiny_fresh")
SAME = (
    "mixtures.yaml",
    "folds.csv",
    "mixtures/**/*.flac",
    "features/**/*.h5",
    "material/*",
    "metrics/**/*",
    "tables/[!cv]*",  # not the costs, nor the versions, which are those of an environment
    "figures/**/*.svg",
    "config.yaml",
    "gallery/*",
    "models/**/*",
    "thresholds/**/*",
)


@pytest.fixture(scope="session")
def plain_python(double, tmp_path_factory):
    """A Python with Snakemake and what it requires."""
    folder = tmp_path_factory.mktemp("plain")
    double.make_python(folder, ["snakemake"])
    return folder / "bin" / "python"


@pytest.fixture
def conda(fresh, plain_python, double, tmp_path_factory):
    """Lets `fresh` run with the plain Python and the stand-in, whose directory this is."""
    base = tmp_path_factory.mktemp("conda")
    fresh.python, fresh.first_on_path = str(plain_python), str(double.install(base))
    return base


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


def test_one_core_and_environments_of_its_own_give_the_same_bytes(
    smoke, fresh, conda, double, tmp_path
):
    environments = tmp_path / "environments"
    options = "--sdm", "conda", "--conda-prefix", str(environments)
    fresh.must_run(*options, cores=1)
    expected, found = smoke.files(*SAME), fresh.files(*SAME)
    assert len(expected) > 20 and found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    of_run, of_smoke = (
        json.loads((run.results / "summary.json").read_text()) for run in (fresh, smoke)
    )
    assert of_run | {"versions": ...} == of_smoke | {"versions": ...}
    assert (conda / "calls.txt").read_text().count("env create") == 4
    names = double.packages()
    for file in environments.glob("*.yaml"):
        pins = [pin.split("=")[0] for pin in yaml.safe_load(file.read_text())["dependencies"]]
        wanted = {names[pin]["import"] for pin in pins if pin != "python"}
        python = file.with_suffix("") / "bin" / "python"
        assert can_import(python, sorted(wanted | HEAVY)) == wanted, file
    assert "Nothing to be done" in fresh.must_run(*options)
    # an environment counts as what a result was made with
    assert fresh.would_run()["train"] == len(MODELS)
