"""Changes that are none of a key rerun what they touch: the table `changes` of reruns.yaml.

Files that a test changes are those of a copy of the smoke run, or of the project, and are put back.
"""

import ast
import random
import re
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.workflow.variants import configured
from workflow.configuration import over_config_yaml
from workflow.reruns import expected_jobs, read_table

pytestmark = pytest.mark.workflow

TABLE = read_table()
PARTS = ("Snakefile", "workflow", "weakseg", "envs", "profiles", "config.yaml", "experiments")


def jobs(*cascades, rules=(), **more):
    """Jobs of the smoke run of these cascades, and of these rules."""
    return expected_jobs(TABLE, {"reruns": cascades, "rules": rules} | more)


@contextmanager
def changed(path, content):
    """A file that has another content for a while, or none (None: it is gone)."""
    kept = path.with_name("kept")
    there = path.exists()
    if there:
        path.rename(kept)
    try:
        if content is not None:
            path.write_bytes(content)
        yield
    finally:
        path.unlink(missing_ok=True)
        if there:
            kept.rename(path)


@pytest.fixture(scope="module")
def copy(quick, tmp_path_factory):
    """A copy of the finished run, with new times, in which files may change."""
    directory = tmp_path_factory.mktemp("copy") / "run"
    shutil.copytree(quick.directory, directory, copy_function=shutil.copyfile)
    return replace(quick, directory=directory)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project."""
    root = tmp_path_factory.mktemp("project")
    for name in PARTS:
        source = Path(__file__).parents[2] / name
        if source.is_dir():
            skip = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, root / name, symlinks=True, ignore=skip)
        else:
            shutil.copy(source, root / name)
    return root


@pytest.fixture(scope="module")
def edited(copy, project, forks):
    """The finished run, of the copy of the project."""
    return replace(copy, snakefile=project / "Snakefile", forked=forks(project))


def outputs_of(output):
    """Of each job of a dry run, the files that it makes."""
    return re.findall(r"^    output: (.*)$", output, re.M)


# ---------------------------------------------------------------- the configuration


def test_keys_in_another_order_rerun_nothing(quick, tmp_path):
    def turned(value):
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return value

    whole = over_config_yaml(yaml.safe_load(quick.configfiles[0].read_text()))
    path = tmp_path / "turned.yaml"
    path.write_text(yaml.safe_dump(turned(whole), sort_keys=False))
    assert list(yaml.safe_load(path.read_text())) == [*reversed(whole)]
    assert replace(quick, configfiles=(path,)).would_run() == {}


def test_a_renamed_experiment_leaves_the_old_one_complete(quick, tmp_path):
    other = configured(quick, tmp_path, {"experiment": "other"})
    output = other.must_run("--dry-run")
    made = outputs_of(output)
    assert len(made) == sum(jobs("archives").values())
    assert all(line.startswith("results/other/") for line in made)
    assert quick.would_run() == {}


# ---------------------------------------------------------------- code


def edit(source):
    return source + b"\n\ndef edit():\n    return 1\n"


@pytest.mark.parametrize(
    "file,expected",
    [
        ("weakseg/detection.py", jobs("detection", "tuning", "references", rules=[
            "draw_mixtures"])),
        ("weakseg/thresholds.py", jobs("tuning", "references")),
        ("weakseg/separation.py", jobs("metrics", "references", rules=[
            "separate", "draw_clips", "draw_method", "draw_mixtures"])),
        ("weakseg/networks.py", jobs("training")),
        ("weakseg/download.py", {}),
        ("weakseg/gallery/sounds.py", jobs("run", rules=["gallery"])),
        ("workflow/scripts/train.py", jobs("training")),
        ("workflow/scripts/_step.py", jobs("archives")),
    ],
)  # fmt: skip
def test_an_edited_module_reruns_the_rules_that_import_it(edited, project, file, expected):
    path = project / file
    with changed(path, edit(path.read_bytes())):
        assert edited.would_run() == expected


def test_comments_and_formatting_rerun_nothing(edited, project):
    files = [*project.glob("weakseg/*.py"), *project.glob("workflow/scripts/*.py")]
    sources = {path: path.read_bytes() for path in files}
    for path, source in sources.items():
        path.write_text("# comment\n" + ast.unparse(ast.parse(source)))
    for path in [project / "Snakefile", *project.glob("workflow/rules/*.smk")]:
        sources[path] = path.read_bytes()
        path.write_bytes(b"# comment\n" + sources[path])
    try:
        assert edited.would_run() == {}
    finally:
        for path, source in sources.items():
            path.write_bytes(source)


def test_the_files_of_the_page_touch_its_rules(edited, project, variant):
    run = variant("predict")
    asked = replace(edited, directory=run.directory, configfiles=run.configfiles)
    for path in (project / "weakseg" / "gallery" / "page").glob("*.css"):
        with changed(path, path.read_bytes() + b"/* more */"):
            assert edited.would_run() == jobs("run", rules=["gallery"])
            assert asked.would_run("predict") == {"predict": 1}


# ---------------------------------------------------------------- environments


def test_an_edited_environment_reruns_the_rules_that_use_it(
    edited, project, forks, double, tmp_path_factory
):
    base = tmp_path_factory.mktemp("conda")
    path = f"{double.install(base, empty=True)}:/usr/bin:/bin"
    conda = replace(edited, forked=forks(project, PATH=path))
    finished = tmp_path_factory.mktemp("conda run") / "run"
    shutil.copytree(edited.directory, finished)
    conda.directory = finished
    assert conda.would_run("--sdm", "conda") == jobs("archives")
    conda.must_run("--touch", "--sdm", "conda")
    assert conda.would_run("--sdm", "conda") == {}
    assert conda.would_run() == jobs("archives")
    expected = {
        "audio": jobs("archives"),
        "learning": jobs("training"),
        "evaluation": jobs("tuning", "references"),
        "report": jobs("run", rules=[
            "draw_clips", "draw_method", "draw_mixtures", "draw_training", "draw_models",
            "gallery"]),
        "predict": {},
        "download": {},
    }  # fmt: skip
    assert expected.keys() == {path.stem for path in (project / "envs").glob("*.yaml")}
    for name, rules in expected.items():
        file = project / "envs" / f"{name}.yaml"
        with changed(file, file.read_bytes() + b"  - zlib=1.3.1\n"):
            assert conda.would_run("--sdm", "conda") == rules, name
            assert edited.would_run() == {}


# ---------------------------------------------------------------- files


def test_new_times_rerun_nothing(copy):
    assert copy.would_run() == {}
    files = [path for path in copy.results.rglob("*") if path.is_file()]
    random.Random(0).shuffle(files)
    for path in files:
        path.touch()
    assert copy.would_run() == {}


def test_the_same_archive_reruns_nothing(variant):
    run = variant("archives")
    path = next(run.directory.glob("own/FSD*train.zip"))
    with changed(path, path.read_bytes()):
        assert run.would_run() == {}


@pytest.mark.parametrize("set_of", ["FSD*train", "TUT*audio.1", "FSD*meta"])
def test_another_archive_reruns_all_after_it(variant, set_of):
    run = variant("archives")
    (path,) = run.directory.glob(f"own/{set_of}*.zip")
    with changed(path, path.read_bytes()[:-1] + b"x"):
        assert run.would_run() == jobs("recordings")


def test_a_recording_more_reruns_all_after_it(variant):
    run = variant("folders")
    for new in ("quiet/b.wav", "loud/dog/b.flac"):
        with changed(run.directory / new, b"a recording"):
            assert run.would_run() == jobs("recordings")
    assert run.would_run() == {}


def test_an_own_recording_more_reruns_predict(variant):
    run = variant("predict")
    with changed(run.directory / "voices" / "b.wav", b"a recording"):
        assert run.would_run("predict") == {"predict": 1}
        assert run.would_run() == {}


def test_a_file_that_is_no_recording_reruns_nothing(variant):
    run = variant("folders")
    with changed(run.directory / "loud" / "dog" / "notes.txt", b"a note"):
        assert run.would_run() == {}
    run = variant("predict")
    with changed(run.directory / "voices" / "notes.txt", b"a note"):
        assert run.would_run("predict") == {}


def one(*cascades, rules=()):
    return jobs(*cascades, rules=rules, of=["tiny_gmp"])


SHARD = {"render_mixtures": 1, "extract_features": 1}
DELETED = {
    "recordings/scenes.csv": jobs("recordings"),
    "mixtures.yaml": jobs("plan"),
    "material/fold2.h5": jobs("material", "training", of=["tiny_fresh"]),
    # a shard of the holdout fold, which no model has been trained on
    "mixtures/snr0/fold1-part1/manifest.csv": jobs("segmentation", "references", rules=[
        "render_mixtures", "extract_features", "draw_mixtures"],
        but=["segment_training", "tune_thresholds"], counts=SHARD),
    "features/snr0/fold2-part2.h5": jobs("training", rules=["extract_features"], counts={
        "extract_features": 1}, but=["segment"]) | {"segment": 3},
    "models/snr0/tiny_gmp/holdout1/history.csv": one("training"),
    "predictions/snr0/tiny_gmp/holdout1.h5": one("detection", "metrics", rules=[
        "segment", "separate", "detect_tuned_events"]),
    "predictions/snr0/tiny_gmp/holdout1-training.h5": one("tuning", rules=["segment_training"]),
    "thresholds/snr0/tiny_gmp/holdout1.yaml": one("tuning"),
    "events/snr0/tiny_gmp/holdout1.tsv": one("detection"),
    "separated/snr0/tiny_gmp/holdout1/manifest.csv": one("run", rules=["separate"]),
    "metrics/snr0/tiny_gmp/holdout1-tuned-draws.npz": one("metrics"),
    "metrics/snr0/references/holdout1.csv": jobs("references"),
    "tables/models.csv": jobs("tables", rules=["describe_models"]),
    "tables/summary.csv": jobs("tables"),
    "figures/snr0/tiny_gmp/holdout1/clip1-masks.svg": one("run", rules=["draw_clips"]),
    "figures/method.png": jobs("run", rules=["draw_method"]),
    "gallery/index.html": jobs("run", rules=["gallery"]),
    "run.html": jobs("run"),
}  # fmt: skip


@pytest.mark.parametrize("file,expected", DELETED.items(), ids=list(DELETED))
def test_a_deleted_file_is_made_again_with_what_follows(copy, file, expected):
    path = copy.results / file
    assert path.is_file()
    with changed(path, None):
        assert copy.would_run() == expected


def test_every_file_of_a_run_is_asked_for(quick, tmp_path):
    empty = replace(quick, directory=tmp_path)
    output = empty.must_run("--dry-run")
    asked = re.findall(r"^(?:local)?rule all:\n    input: (.*)$", output, re.M)[0].split(", ")
    made = [file for line in outputs_of(output) for file in line.split(", ")]
    assert sorted(asked) == sorted(made)
