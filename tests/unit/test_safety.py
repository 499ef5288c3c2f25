"""No code comes out of data: what is called nowhere, and what hostile archives and models get.

Names that want to be HTML are in gallery/ (in a browser too) and test_page.py, those that want to
be paths in test_separation.py and test_published.py, those that want to be commands in
../workflow/test_own_data.py; fetched archives are compared with their checksums in
test_download.py.
"""

from __future__ import annotations

import ast
import hashlib
import io
import os
import pickle
import re
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml

from weakseg.collection import Collection
from weakseg.files import replacing
from weakseg.model import FORMAT, load_model
from weakseg.recordings import index_events, list_events
from weakseg.state import TrainingState

ROOT = Path(__file__).parents[2]
SOURCES = [
    path for room in ("weakseg", "workflow", "benchmarks") for path in (ROOT / room).rglob("*.py")
]
SNAKEFILES = [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]

# ---------------------------------------------------------------- what the code must not do

FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput",
    "subprocess.getstatusoutput", "tempfile.mktemp", "pd.read_pickle", "pandas.read_pickle",
    "pd.read_hdf", "pandas.read_hdf", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all",
    "yaml.unsafe_load_all", "yaml.full_load_all", "shutil.unpack_archive", "os.execvp",
    "torch.hub.load", "torch.jit.load", "requests.get", "urllib.request.urlopen",
}  # fmt: skip
METHODS = {"extractall", "read_pickle"}  # of whatever object; `extract` is checked by hand
SUBPROCESS = {"run", "Popen", "call", "check_call", "check_output"}


def faults(source: str) -> list[str]:
    """What a Python file does that could run what data say, a line each."""
    return [
        f"line {node.lineno}: {fault}"
        for node in ast.walk(ast.parse(source))
        for fault in _faults(node)
    ]


def _faults(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in FORBIDDEN_MODULES)
    elif isinstance(node, ast.ImportFrom) and node.module in FORBIDDEN_MODULES:
        yield from (node.module for alias in node.names if alias.name != "UnpicklingError")
    elif isinstance(node, ast.Call):
        yield from _faults_of_call(node, ast.unparse(node.func))


def _faults_of_call(node: ast.Call, name: str) -> Iterator[str]:
    given = {word.arg: ast.unparse(word.value) for word in node.keywords}
    if name in FORBIDDEN_CALLS or name.rpartition(".")[2] in METHODS:
        yield name
    if name == "torch.load" and given.get("weights_only") != "True":
        yield "torch.load without weights_only=True"
    if name in ("np.load", "numpy.load") and given.get("allow_pickle") != "False":
        yield "np.load without allow_pickle=False"
    if name == "yaml.load" and given.get("Loader") not in ("yaml.BaseLoader", "yaml.SafeLoader"):
        yield "yaml.load with an unsafe loader"
    if given.get("shell", "False") != "False":
        yield "shell=True"
    if given.get("verify", "True") != "True":
        yield "verify=False"
    if name.startswith("subprocess.") and name.rpartition(".")[2] in SUBPROCESS:
        yield from _text_as_command(node)


def _text_as_command(node: ast.Call) -> Iterator[str]:
    """A command is a list; text is split by a shell or by nobody."""
    command = node.args[0] if node.args else None
    if isinstance(command, ast.Constant | ast.JoinedStr | ast.BinOp):
        yield "a command that is text"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_code_runs_what_data_say(path: Path) -> None:
    assert not faults(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "line",
    [
        "import pickle", "from pickle import loads", "eval(x)", "os.system(x)", "tempfile.mktemp()",
        "torch.load(x)", "torch.load(x, weights_only=False)", "np.load(x)", "yaml.load(x)",
        "np.load(x, allow_pickle=True)", "yaml.load(x, Loader=yaml.Loader)", "yaml.unsafe_load(x)",
        "subprocess.run(x, shell=True)", "subprocess.run(f'ls {x}')", "subprocess.Popen('ls')",
        "archive.extractall(x)", "session.get(x, verify=False)", "pd.read_pickle(x)",
    ],
)  # fmt: skip
def test_each_fault_would_be_seen(line: str) -> None:
    assert len(faults(line)) == 1


@pytest.mark.parametrize("path", SNAKEFILES, ids=lambda path: path.name)
def test_no_rule_is_a_line_of_shell(path: Path) -> None:
    """A rule's work is a Python script that gets names as values."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(shell|run|notebook|wrapper|cwl|shadow)\s*:", text, re.M)
    assert not re.search(r"\b(shell|eval|exec|os\.system)\(", text)


def test_the_pages_own_script_makes_no_html_or_code_of_text() -> None:
    for path in (ROOT / "weakseg" / "gallery" / "page").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text
        )
        assert not re.search(r"new Function|srcdoc|DOMParser|fetch\(|XMLHttpRequest", text)


# ---------------------------------------------------------------- models and states


class Harmful:
    """Pickled, it makes a folder when it is loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def harmful_files(folder: Path) -> dict[str, bytes]:
    """Files named model.pt that would run code: a bare pickle, and torch's own kinds of file."""
    content = {"format": FORMAT, "weights": Harmful(folder)}
    found = {"pickle": pickle.dumps(content, protocol=2)}
    for name, zipped in (("zip", True), ("legacy", False)):
        buffer = io.BytesIO()
        torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
        found[name] = buffer.getvalue()
    return found


@pytest.mark.parametrize("kind", ["pickle", "zip", "legacy"])
def test_a_model_that_would_run_code_is_refused_with_one_line(tmp_path: Path, kind: str) -> None:
    made, model = tmp_path / "made", tmp_path / "model.pt"
    model.write_bytes(harmful_files(made)[kind])
    with pytest.raises(ValueError, match="damaged or not a weakseg model") as caught:
        load_model(model)
    assert str(caught.value).startswith(str(model)) and "\n" not in str(caught.value)
    assert not made.exists()


def test_a_state_that_would_run_code_is_passed_over(tmp_path: Path) -> None:
    made = tmp_path / "made"
    payload = harmful_files(made)["zip"]
    (tmp_path / "newest.state").write_bytes(hashlib.sha256(payload).digest() + payload)
    with TrainingState(tmp_path) as state:
        assert state.load() is None and state.fell_back
    assert not made.exists()


def test_yaml_makes_plain_values_only() -> None:
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load("!!python/object/apply:os.mkdir [made]")


# ---------------------------------------------------------------- archives


def hostile_archive(path: Path, audio: bytes) -> Path:
    """Members that want to be elsewhere, each with sound, and links to a file outside."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("Bark/1.wav", "../Bark/up.wav", "/Bark/root.wav", "Bark/../../up2.wav",
                     "C:\\Bark\\drive.wav", "Bark/..\\back.wav"):  # fmt: skip
            archive.writestr(name, audio)
        for name, target in (("Bark/link.wav", "../secret.wav"), ("Bark/far.wav", "/etc/passwd")):
            link = zipfile.ZipInfo(name)
            link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, target)
    return path


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_members_of_an_archive_never_leave_it(tmp_path: Path, wav, noise) -> None:
    inside = tmp_path / "deep" / "inside"
    inside.mkdir(parents=True)
    (inside.parent / "secret.wav").write_bytes(wav(noise(1.0, seed=7)))
    path = hostile_archive(inside / "events.zip", wav(noise(0.5)))
    before = files_below(tmp_path)
    with Collection([path], inside) as files:
        index = index_events(files)
        for row in index[index.usable].itertuples():
            heard = files.read_mono(row.archive, row.member, 16000)
            assert heard.shape == (8000,)  # what the archive holds, not what lies outside
    links = index[index.name.isin(["link.wav", "far.wav"])]
    assert not links.usable.any() and (links.why_not == "a link, which is not followed").all()
    assert index.usable.sum() >= 1
    assert files_below(tmp_path) == before
    assert not Path("/Bark").exists()


@pytest.mark.parametrize("listed", ["../secret.wav", "/etc/secret.wav", "ABSOLUTE"])
def test_a_table_in_an_archive_cannot_name_files_outside(
    tmp_path: Path, wav, noise, as_csv, listed: str
) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav(noise(1.0)))
    path = tmp_path / "set" / "events.zip"
    path.parent.mkdir()
    wanted = str(secret) if listed == "ABSOLUTE" else listed
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.wav", wav(noise(0.5)))
        archive.writestr("events.csv", as_csv(["fname", "label"], ["a.wav", "x"], [wanted, "y"]))
    with Collection([path], path.parent) as files:
        index = list_events(files).set_index("label")
    assert index.usable["x"] and not index.usable["y"]
    assert index.why_not["y"] == "listed in events.csv but not there" and index.member["y"] == ""


# ---------------------------------------------------------------- temporary files


def test_files_that_grow_lie_beside_their_place_and_vanish(tmp_path: Path) -> None:
    temporaries = set(Path(tempfile.gettempdir()).iterdir())
    with replacing(tmp_path / "a.csv") as temporary:
        temporary.write_text("half")
        assert temporary.parent == tmp_path and not (tmp_path / "a.csv").exists()
        mine = set(Path(tempfile.gettempdir()).iterdir()) - temporaries
        assert not [path for path in mine if "a.csv" in path.name]
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_name_in_a_shared_folder_can_be_guessed(path: Path) -> None:
    """cards.py has one, in a folder that it has found to be the user's alone (test_cards.py)."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"[\"'](/tmp|/var/tmp|/dev/shm)\b", text)
    assert path.name == "cards.py" or "gettempdir" not in text
