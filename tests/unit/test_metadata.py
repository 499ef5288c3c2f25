"""What describes the project to others agrees: versions, licence, catalog, image."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, and what each is given."""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    split = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, given.strip()) for name, _, given in split]


def test_citation_has_what_its_format_requires_and_the_same_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert all("title" in each and "authors" in each for each in citation["references"])


def test_newest_change_is_of_this_version():
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == PROJECT["version"]


def test_licence_is_the_named_one():
    assert (ROOT / "LICENSE").read_text().startswith(f"{PROJECT['license']} License")


def test_catalog_finds_the_workflow():
    """As its rules for a Snakefile at the top have it."""
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"] is True
    words = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in words and "workflow" in words
    assert (ROOT / "Snakefile").exists() and list((ROOT / "workflow/rules").glob("*.smk"))


def test_image_is_made_from_the_lock():
    (install,) = (given for name, given in instructions() if name == "RUN")
    assert "install --no-cache-dir -r requirements.in -c requirements.lock" in install
    pins = yaml.safe_load((ROOT / "envs" / "audio.yaml").read_text())["dependencies"]
    assert ("ARG", f"PYTHON={pins[0].partition('=')[2]}") in instructions()


def test_image_copies_what_is_there_and_not_ignored():
    known = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "RUN", "WORKDIR"}
    assert {name for name, _ in instructions()} == known
    copied = {
        path for name, given in instructions() if name == "COPY" for path in given.split()[:-1]
    }
    assert all((ROOT / path).exists() for path in copied)
    everything, *kept = (ROOT / ".dockerignore").read_text().splitlines()
    assert everything == "**"
    assert {path.removeprefix("!") for path in kept if path.startswith("!")} == copied
