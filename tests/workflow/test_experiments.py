"""The experiments that are shipped, and what the smoke run leaves out."""

import re

import pandas as pd
import pytest
import yaml

from weakseg.material import Material
from weakseg.plan import read_plan

pytestmark = pytest.mark.workflow

NO_ARCHIVE = b"PK\x05\x06" + bytes(18)  # an empty zip, enough for a dry run


EXPERIMENTS = [
    (["esc10"], 60),
    (["esc10-best"], 120),
    (["esc10-ablation"], 120),
    (["dcase2018"], 1500),
    (["dcase2018", "dcase2018-best"], 1500),
]


@pytest.mark.parametrize("names,most_jobs", EXPERIMENTS, ids=lambda value: str(value))
def test_an_experiment_is_planned(fresh, root, tmp_path, names, most_jobs):
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / "all.zip").write_bytes(NO_ARCHIVE)
    fresh.configfiles = tuple(root / "experiments" / f"{name}.yaml" for name in names)
    data = f"data={{scenes: {tmp_path}/archives, events: {tmp_path}/archives}}"
    jobs = fresh.would_run("--config", data)
    grid = yaml.safe_load(fresh.configfiles[-1].read_text())["grid"]
    folds, snrs = grid.get("holdout_folds", [1]), grid.get("snr_db", [0])
    assert jobs["train"] == len(grid["models"]) * len(folds) * len(snrs)
    assert sum(jobs.values()) <= most_jobs


@pytest.mark.parametrize("name", ["demo", "dcase2018"])
def test_short_steps_share_jobs_on_a_cluster_as_documented(fresh, root, tmp_path, name):
    (tmp_path / "all.zip").write_bytes(NO_ARCHIVE)
    data = f"data={{source: archives, scenes: {tmp_path}, events: {tmp_path}}}"
    given = [] if name == "demo" else ["--config", data]
    fresh.configfiles = (root / ("config.yaml" if name == "demo" else f"experiments/{name}.yaml"),)
    profile = ("--workflow-profile", str(root / "profiles" / "slurm"))
    output = fresh.must_run("--dry-run", *profile, *given)
    shared = re.findall(r"^\[.*\] Group job (\w+)", output, re.M)
    alone = [rule for rule in re.findall(r"^rule (\w+):", output, re.M) if rule != "all"]
    assert set(alone) == {"train", "segment", "segment_training"}
    page = (root / "docs" / "clusters.md").read_text()
    (documented,) = re.findall(rf"\| {name} \| (\d+) \| (\d+):", page)
    steps = int(re.findall(r"^total +(\d+)$", output, re.M)[0]) - 1  # without `all`
    assert documented == (str(steps), str(len(shared) + len(alone)))


def check_fresh_scenes(run):
    """The published plan has scenes in no fold, yet a model must not hear its holdout fold's."""
    files = {fold: run.results / "material" / f"fold{fold}.h5" for fold in (1, 2)}
    run.must_run(*(str(path.relative_to(run.directory)) for path in files.values()))
    plan = read_plan(run.results / "mixtures.yaml")
    for fold, path in files.items():
        planned = {mixture["scene_audio_name"] for mixture in plan if mixture["fold"] == fold}
        assert {entry.name for _, entry in Material([path]).scenes} == planned


def test_published_preset_two_folds_and_a_model_without_masks(fresh, tmp_path):
    overlay = tmp_path / "more.yaml"
    more = {
        "data": {"demo_scenes": 2},  # the published plan uses each scene once
        "mixtures": {"preset": "published", "onsets": [0.2, 2.0], "per_fold": 4},
        "models": {"dnn": {"network": {"type": "dnn", "widths": [8]}, "pooling": {"type": "gap"}}},
        "grid": {"models": ["tiny_gwrp", "dnn"], "holdout_folds": [1, 2]},
        "separation": {"clips": 0},
    }
    overlay.write_text(yaml.safe_dump(more))
    fresh.configfiles = (*fresh.configfiles, overlay)
    fresh.must_run()
    summary = pd.read_csv(fresh.results / "tables" / "summary.csv")
    assert set(summary.holdout_fold) == {"1", "2", "mean"}
    tasks = summary.groupby("model").task.unique()
    assert {"masks", "separation"} <= set(tasks["tiny_gwrp"])
    assert set(tasks["dnn"]) == {"tagging", "frames", "events"}
    assert not list(fresh.results.glob("separated/**/*.flac"))
    check_fresh_scenes(fresh)
    keys = ["task", "metric"]
    own = summary[(summary.model == "dnn") & (summary.holdout_fold != "mean")]
    mean = summary[(summary.model == "dnn") & (summary.holdout_fold == "mean")].set_index(keys)
    expected = own.groupby(keys).value.mean()
    pd.testing.assert_series_equal(mean.value.sort_index(), expected.sort_index())
