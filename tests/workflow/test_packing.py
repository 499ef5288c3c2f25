"""What Snakemake makes of the workflow itself: an archive, an image, a picture of its rules."""

import re
import subprocess
import tarfile
import xml.etree.ElementTree as ET

import pytest

pytestmark = pytest.mark.workflow

PICTURE = "snakemake --rulegraph | tred | dot -Tsvg > docs/rules.svg"


@pytest.fixture
def checkout(root, tmp_path):
    """A copy of the files under version control, in a path with a space and a letter beyond ASCII."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    copy = tmp_path / "check out ü"
    copy.mkdir()
    packed = subprocess.run(
        ["tar", "--null", "--files-from=-", "--create", "--exclude=tests/golden"],
        cwd=root, input=listed.stdout, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    subprocess.run(["tar", "--extract"], cwd=copy, input=packed.stdout, check=True)
    return copy


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
