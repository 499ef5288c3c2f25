"""make plan: true words about a run, and not a trace of it."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workflow.configuration import leaves, schema
from workflow.setting_names import key_of

pytestmark = pytest.mark.workflow


@pytest.fixture
def plan(root):
    """The plan of a run in a workflow's directory: plan(workflow, *arguments, checkout=...)."""

    def make(workflow, *arguments: str, checkout: Path = root, returncode: int = 0) -> str:
        options = workflow.command("--cores", "2", *arguments)[3:]
        options[options.index("--snakefile") + 1] = str(checkout / "Snakefile")
        command = [sys.executable, "-m", "workflow.preview", *options]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=120)
        assert done.returncode == returncode, done.stderr[-3000:]
        return done.stderr if returncode else re.sub(r"\n {11}", " ", done.stdout)

    return make


def tree(directory: Path) -> dict[str, tuple[int, int]]:
    """Size and time of everything below a directory, and of itself."""
    found = [directory, *directory.rglob("*")]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def test_a_change_is_told_in_words_and_nothing_is_touched(plan, smoke):
    before = tree(smoke.directory)
    changes = ("training={iterations: 12}", "grid={snr_db: [0, 10]}", "gallery={max_mb: 5}")
    text = plan(smoke, "--config", *changes)
    assert tree(smoke.directory) == before
    for expected in (
        r"training\.iterations: 6 -> 12: train \(3\)\s",
        r"grid\.snr_db: 10 is new: render_mixtures \(4\), extract_features \(4\)",
        r"what follows: .*\bsegment \(3\)",
        r"also changed \(reruns nothing else\): gallery\.max_mb: 25\.0 -> 5\.0",
        r"time +about [\d.]+ (s|min) on 2 cores \(.*\btrain [\d.]+ s",
        r"disk +about [\d.]+ MB are made .* in place of [\d.]+ MB; [\d.]+ GB free",
        r"replaces 3 trained models, [\d.]+ s of training: .*tiny_gmp \(SNR 0, fold 1\) [\d.]+ s",
    ):
        assert re.search(expected, text), text


def test_without_a_change_it_is_one_line(plan, smoke):
    text = plan(smoke, "--config", "training={tensorboard: true}")
    assert text == "results/smoke: nothing to do, all of it is there and up to date\n"


def test_an_edited_module_is_named(plan, smoke, root, tmp_path):
    checkout = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for folder in ("weakseg", "workflow", "envs", "profiles", "experiments"):
        shutil.copytree(root / folder, checkout / folder, symlinks=True, ignore=ignored)
    for name in ("Snakefile", "config.yaml", "pyproject.toml"):
        shutil.copy(root / name, checkout / name)
    module = checkout / "weakseg" / "detection.py"
    module.write_text(module.read_text() + "\nEDITED = 1\n")
    text = plan(smoke, checkout=checkout)
    assert re.search(r"why +code of weakseg/detection\.py has changed: .*detect_events \(3\)", text)
    assert "tune_thresholds (3)" in text and "train (" not in text


def test_a_model_less_and_a_missing_file(plan, copy_of_smoke):
    less = copy_of_smoke("less")
    (less.results / "events" / "snr0" / "tiny_gwrp" / "holdout1.tsv").unlink()
    text = plan(less, "--config", "grid={models: [tiny_gwrp, tiny_fresh]}")
    assert "events/snr0/tiny_gwrp/holdout1.tsv is missing: detect_events" in text
    assert "grid.models: tiny_gmp is left out: " in text
    assert "replaces only what is quick to make" in text


def test_all_is_to_do_in_an_empty_directory(plan, fresh):
    text = plan(fresh)
    assert "why      not made yet: make_demo_archives, index_recordings" in text
    assert "time     not known, as nothing of the kind has run yet" in text
    assert re.search(r"disk +about [\d.]+ MB \(.*\) in results/smoke, 0 MB there", text)
    assert "replaces nothing" in text
    assert list(fresh.directory.iterdir()) == []


def test_a_mistake_ends_it_as_it_would_end_the_run(plan, fresh):
    change = ("--config", "training={iterationz: 12}")
    text = plan(fresh, *change, returncode=1)
    said = fresh.run("--dry-run", *change).stderr
    assert text.startswith("configuration: training.iterationz: no such key")
    assert text.count("\n") == 1 and text in said


def test_a_lock_that_was_left_is_told(plan, copy_of_smoke):
    killed = copy_of_smoke("killed")
    locks = killed.directory / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("results/smoke/summary.json\n")
    before = tree(killed.directory)
    text = plan(killed, "--config", "gallery={max_mb: 5}")
    assert "gallery.max_mb: 25.0 -> 5.0: gallery what follows: describe_run\n" in text
    assert "a run was killed and has left its lock: start with `make resume`" in text
    assert tree(killed.directory) == before


def test_every_setting_of_a_rule_has_its_key(smoke):
    """Read from Snakemake's records of a whole run, so that a new setting needs a name."""
    keys = {key for key, _ in leaves(schema())}
    known = keys | {key.rpartition(".")[0] for key in keys}  # groups stand for all below them
    unknown = []
    for rule, path in recorded(smoke.directory):
        key = key_of(rule, path, "NAME", {})
        named = None if key is None else re.sub(r"^models\.tiny_\w+", "models.NAME", key)
        if named is not None and named not in known:
            unknown.append((rule, path, key))
    assert not unknown


def recorded(directory: Path):
    """The rule and the path of each setting that Snakemake has recorded."""
    for record in (directory / ".snakemake" / "metadata").rglob("*"):
        job = json.loads(record.read_text())
        for text in job["params"]:
            yield from ((job["rule"], path) for path in paths(ast.literal_eval(text)))


def paths(value, above=()):
    """The paths of the leaves of a mapping; of anything else, none."""
    for name, below in value.items() if isinstance(value, dict) else ():
        yield from list(paths(below, (*above, name))) or [(*above, name)]
