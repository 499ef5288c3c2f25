"""The libraries in the page are those that their list names, and come with their licences."""

import hashlib
import re
from importlib import resources

from weakseg.gallery.document import LIBRARIES, LICENCES, STYLES, document

FOLDER = resources.files("weakseg.gallery") / "page" / "vendor"


def test_they_are_unchanged():
    listed = dict(
        re.findall(r"^ {4}([0-9a-f]{64})  (\S+)$", (FOLDER / "README.md").read_text(), re.M)
    )
    digests = {name: digest for digest, name in listed.items()}
    files = {one.name: one for one in FOLDER.iterdir() if one.name.endswith((".js", ".css"))}
    assert files.keys() == digests.keys()
    assert {
        name: hashlib.sha256(one.read_bytes()).hexdigest() for name, one in files.items()
    } == digests
    used = {
        name.removeprefix("vendor/") for name in (*LIBRARIES, *STYLES) if name.startswith("vendor/")
    }
    assert used == files.keys()


def test_the_page_has_their_licences():
    text = document("t", {})
    assert text.count("Permission is hereby granted") == len(LICENCES)
    assert "Leon Sorokin" in text and "Tristen Brown" in text
