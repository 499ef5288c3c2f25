"""The digest of a script's code changes with the code that it uses, and with nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from workflow.code_digest import code_digest, folder_digest

ROOT = Path(__file__).parents[2]

PROJECT = {
    "weakseg/__init__.py": '"""The library."""\n',
    "weakseg/audio.py": "import numpy\n\n\ndef read():\n    return numpy.zeros(3)\n",
    "weakseg/mixing.py": "from weakseg.audio import read\n\n\ndef mix():\n    return read()\n",
    "weakseg/lazy.py": "def late():\n    from weakseg import audio\n\n    return audio.read()\n",
    "weakseg/relative.py": "from . import audio\nfrom .metrics import frames\n",
    "weakseg/cycle_a.py": "import weakseg.cycle_b\n",
    "weakseg/cycle_b.py": "import weakseg.cycle_a\n",
    "weakseg/alone.py": "VALUE = 1\n",
    "weakseg/metrics/__init__.py": "from ..alone import VALUE\n",
    "weakseg/metrics/frames.py": "from .. import store\n",
    "weakseg/metrics/masks.py": "from weakseg.metrics import *\n",
    "weakseg/store.py": 'TEXT = """a\nb"""\n',
    "workflow/scripts/_step.py": "STEP = 1\n",
    "workflow/scripts/listen.py": "import weakseg.audio\nfrom _step import STEP\n",
    "workflow/scripts/mix.py": "from weakseg.mixing import mix\nfrom _step import STEP\n",
    "workflow/scripts/lazily.py": "import weakseg.lazy as lazy\n",
    "workflow/scripts/relatively.py": "from weakseg import relative\n",
    "workflow/scripts/around.py": "import weakseg.cycle_a\n",
    "workflow/scripts/masks.py": "import json, weakseg.metrics.masks\n",
    "workflow/scripts/nothing.py": "import json\n\nprint(json)\n",
}

Project = dict[str, str]


def digests(root: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Digest by script name of a project that is written to the new folder `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    scripts = [name for name in files if name.startswith("workflow/scripts/") and "_" not in name]
    return {Path(name).stem: code_digest(root / name, root) for name in scripts}


@pytest.fixture
def before(tmp_path: Path) -> dict[str, str]:
    return digests(tmp_path / "before", PROJECT)


EVERY_IMPORTER = {"listen", "mix", "lazily", "relatively", "around", "masks"}


@pytest.mark.parametrize(
    ("edited", "rerun"),
    [
        ("weakseg/__init__.py", EVERY_IMPORTER),
        ("weakseg/audio.py", {"listen", "mix", "lazily", "relatively"}),
        ("weakseg/mixing.py", {"mix"}),
        ("weakseg/lazy.py", {"lazily"}),
        ("weakseg/relative.py", {"relatively"}),
        ("weakseg/cycle_a.py", {"around"}),
        ("weakseg/cycle_b.py", {"around"}),
        ("weakseg/alone.py", {"relatively", "masks"}),
        ("weakseg/metrics/__init__.py", {"relatively", "masks"}),
        ("weakseg/metrics/frames.py", {"relatively"}),
        ("weakseg/metrics/masks.py", {"masks"}),
        ("weakseg/store.py", {"relatively"}),
        ("workflow/scripts/_step.py", {"listen", "mix"}),
        ("workflow/scripts/mix.py", {"mix"}),
        ("workflow/scripts/nothing.py", {"nothing"}),
    ],
)
def test_an_edit_changes_exactly_the_scripts_that_use_the_file(
    tmp_path: Path, before: dict[str, str], edited: str, rerun: set[str]
) -> None:
    after = digests(tmp_path / "after", PROJECT | {edited: PROJECT[edited] + "NEW = 1\n"})
    assert {name for name in before if before[name] != after[name]} == rerun


AUDIO = PROJECT["weakseg/audio.py"]


@pytest.mark.parametrize(
    "same",
    [
        AUDIO + "# a comment\n",
        '"""A docstring."""\n' + AUDIO,
        AUDIO.replace("def read():\n", 'def read():\n    """A docstring."""\n'),
        AUDIO.replace("\n", "\r\n"),
        AUDIO.replace("\n\n\n", "\n\n\n\n\n"),
        AUDIO.replace("zeros(3)", "zeros(  # three\n        3,\n    )"),
        AUDIO.replace("numpy.zeros(3)", "(numpy.zeros(3))"),
        "# -*- coding: utf-8 -*-\n" + AUDIO,
        "\ufeff" + AUDIO,
    ],
)
def test_comments_docstrings_and_formatting_change_nothing(
    tmp_path: Path, before: dict[str, str], same: str
) -> None:
    assert digests(tmp_path / "after", PROJECT | {"weakseg/audio.py": same}) == before


@pytest.mark.parametrize(
    "other",
    [
        AUDIO.replace("3", "4"),
        AUDIO.replace("3", "3.0"),
        AUDIO.replace("def read", "async def read"),
        AUDIO.replace("def read():", "def read(mono=True):"),
        AUDIO.replace("    return", "    'no docstring: it comes second' and None\n    return"),
        AUDIO.replace("import numpy", "import scipy as numpy"),
        AUDIO.replace("numpy.zeros(3)", '"""a\n b"""'),
    ],
)
def test_code_and_text_that_is_used_change_the_digest(
    tmp_path: Path, before: dict[str, str], other: str
) -> None:
    after = digests(tmp_path / "after", PROJECT | {"weakseg/audio.py": other})
    assert after["mix"] != before["mix"]


def test_docstrings_of_classes_and_of_coroutines_change_nothing(tmp_path: Path) -> None:
    bare = "class A:\n    x = 1\n\n    async def f(self):\n        return 1\n"
    documented = bare.replace("A:\n", 'A:\n    "A."\n').replace("):\n", '):\n        "F."\n')
    one = digests(tmp_path / "one", {"workflow/scripts/a.py": bare})
    assert digests(tmp_path / "two", {"workflow/scripts/a.py": documented}) == one


def test_an_edit_in_place_is_seen_and_undone(tmp_path: Path) -> None:
    files = dict(PROJECT)
    first = digests(tmp_path, files)
    second = digests(tmp_path, files | {"weakseg/audio.py": AUDIO + "NEW = 1\n"})
    assert second["mix"] != first["mix"]
    assert digests(tmp_path, files) == first


def test_time_place_and_links_change_nothing(tmp_path: Path, before: dict[str, str]) -> None:
    moved = tmp_path / "a" / "moved"
    shutil.copytree(tmp_path / "before", moved)
    for path in moved.rglob("*.py"):
        os.utime(path, (0, 0))
    # a link beside the scripts, through which they find the library when they are run
    (moved / "workflow/scripts/weakseg").symlink_to("../../weakseg")
    (tmp_path / "link").symlink_to(moved)
    assert digests(moved, PROJECT) == before
    assert digests(tmp_path / "link", PROJECT) == before


def test_modules_that_swap_their_code_are_not_the_same(tmp_path: Path) -> None:
    files = {"weakseg/a.py": "X = 1\n", "weakseg/b.py": "X = 2\n"}
    script = {"workflow/scripts/s.py": "import weakseg.a, weakseg.b\n"}
    swapped = {"weakseg/a.py": "X = 2\n", "weakseg/b.py": "X = 1\n"}
    assert digests(tmp_path / "1", files | script) != digests(tmp_path / "2", swapped | script)


def test_a_module_wins_over_one_of_the_same_name_under_the_root(tmp_path: Path) -> None:
    files = {
        "workflow/scripts/s.py": "import near\n",
        "workflow/scripts/near.py": "",
        "near.py": "",
    }
    first = digests(tmp_path / "1", files)["s"]
    assert digests(tmp_path / "2", files | {"near.py": "X = 1\n"})["s"] == first
    assert digests(tmp_path / "3", files | {"workflow/scripts/near.py": "X = 1\n"})["s"] != first


@pytest.mark.parametrize("broken", ["def f(:\n", "x = 1\n  y = 2\n", "\x00"])
def test_a_broken_file_is_named_in_one_line(tmp_path: Path, broken: str) -> None:
    with pytest.raises(ValueError, match=r"^weakseg/audio.py, line .*: no Python code") as error:
        digests(tmp_path, PROJECT | {"weakseg/audio.py": broken})
    assert len(str(error.value).splitlines()) == 1


def test_files_are_listed_with_their_digests(tmp_path: Path, before: dict[str, str]) -> None:
    after = digests(tmp_path / "after", PROJECT | {"weakseg/audio.py": AUDIO + "NEW = 1\n"})
    old, new = (dict(pair.split("=") for pair in one["mix"].split()) for one in (before, after))
    used = ["weakseg/__init__.py", "weakseg/audio.py", "weakseg/mixing.py"]
    assert list(old) == [*used, "workflow/scripts/_step.py", "workflow/scripts/mix.py"]
    assert [name for name in old if old[name] != new[name]] == ["weakseg/audio.py"]


def test_two_processes_agree_on_the_scripts_of_the_workflow(tmp_path: Path) -> None:
    scripts = sorted((ROOT / "workflow/scripts").glob("[!_]*.py"))
    code = (
        "import sys; from pathlib import Path; from workflow.code_digest import code_digest\n"
        "for script in sys.argv[2:]: print(code_digest(Path(script), Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(ROOT), *map(str, reversed(scripts))]
    runs = [
        subprocess.run(
            command,
            cwd=tmp_path,  # where nothing is kept
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == len(scripts)


def test_a_folder_changes_with_the_names_and_contents_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.css").write_text("a")
    (tmp_path / "inner" / "b.js").write_text("b")
    seen = [folder_digest(tmp_path)]
    os.utime(tmp_path / "a.css", (0, 0))
    assert folder_digest(tmp_path) == seen[0]
    (tmp_path / "inner" / "b.js").write_text("c")
    seen.append(folder_digest(tmp_path))
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    seen.append(folder_digest(tmp_path))
    assert len(set(seen)) == 3
