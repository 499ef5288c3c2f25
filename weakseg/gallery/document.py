"""The HTML document: style, script and data in one file that may load nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

LIBRARIES = (
    "vendor/uPlot.iife.min.js",
    "vendor/tablesort.min.js",
    "vendor/tablesort.number.min.js",
)
SCRIPTS = (
    "elements.js",
    "player.js",
    "sounds.js",
    "picture.js",
    "curves.js",
    "tables.js",
    "view.js",
    "main.js",
)
STYLES = ("vendor/uPlot.min.css", "gallery.css")
LICENCES = ("vendor/uPlot.LICENSE", "vendor/tablesort.LICENSE")


def document(title: str, data: Mapping[str, Any]) -> str:
    """The page; its script shows `data`, which has to be plain values.

    The same title and data give the same text.
    """
    scripts = [*map(_read, LIBRARIES), _own_script()]
    styles = [_read(name) for name in STYLES]
    parts = {
        "policy": _policy(scripts, styles),
        "title": html.escape(title).encode("ascii", "xmlcharrefreplace").decode(),
        "licences": html.escape("\n".join(map(_read, LICENCES))),
        "styles": "\n".join(f"<style>{style}</style>" for style in styles),
        "data": safe_json(data),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    # in one pass, so that nothing which is put in is itself looked through
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _read("page.html"))


def _own_script() -> str:
    """The page's own files as one script, whose names are nobody else's."""
    return '"use strict";\n(() => {\n' + "\n".join(map(_read, SCRIPTS)) + "\n})();\n"


def safe_json(data: Any) -> str:
    """JSON in ASCII that ends no script element and is no HTML wherever it stands."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"})


def _policy(scripts: list[str], styles: list[str]) -> str:
    """What the page may do: run these scripts and styles, and show what lies in it."""
    return (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; "
        "img-src data:; media-src data:; base-uri 'none'; form-action 'none'"
    )


def _hashes(sources: list[str]) -> str:
    digests = (hashlib.sha256(source.encode()).digest() for source in sources)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def _read(name: str) -> str:
    return resources.files("weakseg.gallery").joinpath("page", name).read_text(encoding="utf-8")
