"""What Snakemake makes of the workflow itself: an archive, an image, a picture of its rules."""

import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow

PICTURE = "snakemake --rulegraph | tred | dot -Tsvg > docs/rules.svg"


@pytest.fixture
def checkout(root, tmp_path):
    """A copy of what is under version control, with a space and an umlaut in its path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    copy = tmp_path / "check out ü"
    copy.mkdir()
    packed = subprocess.run(
        ["tar", "--create", "--exclude=tests", "--null", "--files-from=-"],
        cwd=root,
        input=listed.stdout,
        stdout=subprocess.PIPE,
        check=True,
    )
    subprocess.run(["tar", "--extract"], cwd=copy, input=packed.stdout, check=True)
    for command in ("init --quiet", "add ."):  # what --archive packs is what Git knows
        subprocess.run(["git", *command.split()], cwd=copy, check=True)
    return copy


@pytest.fixture
def conda(fresh, double, tmp_path_factory):
    """Puts a stand-in for conda on the path of `fresh` whose environments have no packages."""
    base = tmp_path_factory.mktemp("conda")
    fresh.first_on_path = str(double.install(base, empty=True))


def closure(edges):
    """All pairs that are joined by edges, directly or not."""
    pairs = set(edges)
    while more := {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs:
        pairs |= more
    return pairs


def drawn(picture):
    """Edges between the names of rules in a picture that graphviz has drawn."""
    names, edges = {}, set()
    space = "{http://www.w3.org/2000/svg}"
    for group in ET.parse(picture).iter(f"{space}g"):
        title = group.findtext(f"{space}title")
        if group.get("class") == "node":
            names[title] = group.findtext(f"{space}text")
        elif group.get("class") == "edge":
            edges.add(tuple(title.split("->")))
    return {(names[a], names[b]) for a, b in edges}


def test_the_picture_of_the_rules_is_todays(fresh, root):
    fresh.configfiles = (root / "config.yaml",)
    graph = fresh.must_run("--rulegraph")
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', graph, re.M))
    edges = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", graph)}
    assert len(names) > 10
    assert closure(drawn(root / "docs" / "rules.svg")) == closure(edges), f"anew: {PICTURE}"
    assert PICTURE in (root / "README.md").read_text()


def test_the_definition_of_an_image_has_every_environment(fresh, root, conda):
    definition = fresh.must_run("--containerize")
    assert definition.count("conda env create --prefix") == 5
    copied = [line.split()[1] for line in definition.splitlines() if line.startswith("COPY ")]
    files = {(fresh.directory / path).resolve() for path in copied}
    downloads = root / "envs" / "download.yaml"  # which the smoke run has no use for
    assert files == set(root.glob("envs/*.yaml")) - {downloads}


def test_an_archive_runs_elsewhere(fresh, checkout, conda, tmp_path):
    fresh.directory, fresh.snakefile = checkout, checkout / "Snakefile"
    fresh.configfiles = (checkout / "experiments" / "smoke.yaml",)
    fresh.must_run("--archive", str(tmp_path / "all.tar.gz"))
    fresh.directory = tmp_path / "else where"
    with tarfile.open(tmp_path / "all.tar.gz") as archive:
        archive.extractall(fresh.directory, filter="data")
    fresh.snakefile = fresh.directory / "Snakefile"
    fresh.must_run("--until", "index_recordings")
    assert (fresh.results / "recordings" / "scenes.csv").exists()


def test_the_image_holds_what_a_run_needs(fresh, root, tmp_path):
    """The COPY lines of the Dockerfile, carried out, and a job from there."""
    place = tmp_path / "image"
    for line in (root / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            *sources, target = line.split()[1:]
            for name in sources:
                to = place / name if target == "./" else place / target
                copy = shutil.copytree if (root / name).is_dir() else shutil.copy
                to.parent.mkdir(exist_ok=True)
                copy(root / name, to, **({"symlinks": True} if copy is shutil.copytree else {}))
    fresh.snakefile = place / "Snakefile"
    fresh.configfiles = (place / "experiments" / "smoke.yaml",)
    fresh.must_run("--until", "make_demo_archives")
    assert list(fresh.results.glob("archives/*.zip"))
    versions = runpy.run_path(str(place / "workflow/scripts/_versions.py"))["versions_of"]
    assert versions(place, "9")["weakseg"]  # the last job of a run looks there


APPTAINER = """\
#!/bin/sh
# stands in for Apptainer: runs what the image "weakseg.sif" is given outside of any
[ "$1" = --version ] && exec echo "apptainer version 1.3.0"
echo "$@" >> "{calls}"
while [ "$1" != weakseg.sif ]; do shift; done
shift
PATH="{python}:$PATH" exec "$@"
"""


def test_jobs_run_in_the_image_that_container_names(fresh, tmp_path):
    calls, command = tmp_path / "calls.txt", tmp_path / "bin" / "apptainer"
    command.parent.mkdir()
    python = Path(sys.executable).parent
    command.write_text(APPTAINER.format(calls=calls, python=python))
    command.chmod(0o755)
    fresh.first_on_path = str(command.parent)
    image = "--config", "container=weakseg.sif", "--sdm", "apptainer"
    fresh.must_run(*image, "--until", "make_demo_archives")
    assert "weakseg.sif" in calls.read_text()
    assert list(fresh.results.glob("archives/*.zip"))
