"""The whole graph, from generated archives to tables and pictures."""

import importlib
import json
import re
from itertools import chain, combinations
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import snakemake
import soundfile
import yaml

from weakseg.detection import read_events
from weakseg.figures.from_stores import load_mixture, stems_of
from weakseg.material import Material
from weakseg.plan import read_plan
from weakseg.references import REFERENCES
from weakseg.rendered import mixture_of
from weakseg.separation import Separator
from weakseg.spectral import Spectral
from weakseg.store import FeatureStore, PredictionStore, decode_masks
from weakseg.tables import DIFFERENCE_COLUMNS, SUMMARY_COLUMNS
from weakseg.thresholds import read_thresholds
from weakseg.tuned_events import detect_tuned
from workflow.configuration import complete

pytestmark = pytest.mark.workflow

MODELS = ["tiny_gmp", "tiny_gwrp", "tiny_fresh"]


def test_summary_has_every_task_of_every_model(smoke):
    table = pd.read_csv(smoke.results / "tables" / "summary.csv")
    assert list(table.columns) == SUMMARY_COLUMNS
    assert list(dict.fromkeys(table.model)) == MODELS + REFERENCES
    assert set(table.holdout_fold.astype(str)) == {"1", "mean"}
    tasks = table[table.model == "tiny_gwrp"].groupby("task").metric.unique()
    binary = {"precision", "recall", "f1", "auc", "average_precision"}
    for task in ("tagging", "frames", "masks"):
        assert binary <= set(tasks[task])
    assert {"f1", "error_rate"} <= set(tasks["events"])
    assert {"si_sdr_db", "si_sdr_improvement_db"} <= set(tasks["separation"])
    shares = table[table.metric.isin(binary)].value.dropna()
    assert len(shares) and shares.between(0, 1).all()


def test_references_stand_below_the_models_and_bound_them(smoke):
    page = (smoke.results / "tables" / "summary.md").read_text()
    assert page.index("| tiny_gwrp |") < page.index("| oracle_activity |")
    assert "Of the way from `floor_ones` to `oracle_mel_ibm`, in percent:" in page
    table = pd.read_csv(smoke.results / "tables" / "summary.csv")
    chosen = table[
        (table.task == "masks") & (table.metric == "f1") & (table.holdout_fold == "mean")
    ]
    value = chosen.set_index("model").value
    assert value["oracle_mel_ibm"] == 1.0 > value["tiny_gwrp"] and value["floor_ones"] < 0.5


def test_intervals_hold_and_differences_are_paired(smoke):
    table = pd.read_csv(smoke.results / "tables" / "summary.csv")
    without = {"psds1", "psds2"}
    known = table[~table.metric.isin(without)].dropna(subset="value")
    assert (known.ci_low <= known.ci_high).mean() > 0.9
    assert table[table.metric.isin(without)].ci_low.isna().all()
    apart = pd.read_csv(smoke.results / "tables" / "differences.csv")
    assert list(apart.columns) == DIFFERENCE_COLUMNS
    assert set(zip(apart.model, apart.other, strict=True)) == set(combinations(MODELS, 2))


def test_tuned_tables_stand_beside_the_others(smoke):
    table, tuned = (
        pd.read_csv(smoke.results / "tables" / f"summary{end}.csv") for end in ("", "_tuned")
    )
    keys = [column for column in SUMMARY_COLUMNS if column not in ("value", "ci_low", "ci_high")]
    assert list(tuned.columns) == SUMMARY_COLUMNS
    pd.testing.assert_frame_equal(tuned[keys], table[keys])
    free = ~table.model.isin(MODELS) | (
        (table.task.isin(["tagging", "masks"])) & table.metric.isin(["auc", "average_precision"])
    )  # references, and what needs no threshold
    pd.testing.assert_frame_equal(tuned[free], table[free])
    assert not tuned.value.equals(table.value)
    apart = pd.read_csv(smoke.results / "tables" / "differences_tuned.csv")
    assert list(apart.columns) == DIFFERENCE_COLUMNS
    page = (smoke.results / "tables" / "summary.md").read_text()
    assert page.index("## Events, 0 dB") < page.index("## Tuned thresholds")
    for section in page.split("\n## Models")[1].split("\n#")[1:]:  # none has both tracks
        assert ("| tiny_gmp |" in section) + ("| tiny_fresh |" in section) < 2
    assert page.index("## Tuned thresholds") < page.index("### Events, 0 dB")


def test_thresholds_are_tuned_on_training_folds_only(smoke):
    plan = {one["mixture_name"]: one["fold"] for one in read_plan(smoke.results / "mixtures.yaml")}
    events = 0
    for model in MODELS:
        predictions = smoke.results / "predictions" / "snr0" / model / "holdout1-training.h5"
        with PredictionStore(predictions) as store:
            assert [plan[name] for name in store.names] == [2] * 4
            classes = store.classes
        file = smoke.results / "thresholds" / "snr0" / model / "holdout1.yaml"
        tuned = read_thresholds(file, classes)
        assert len(tuned) == len(classes)
        assert file.read_text().startswith("source: '4 mixtures of the training folds: ")
        found = read_events(smoke.results / "events_tuned" / "snr0" / model / "holdout1.tsv")
        with PredictionStore(smoke.results / "predictions/snr0" / model / "holdout1.h5") as store:
            expected = detect_tuned(store, tuned, "auto")
        pd.testing.assert_frame_equal(found, expected.reset_index(drop=True).round(3))
        events += len(found)
    assert events


def test_fresh_mixtures_know_no_holdout_recording(smoke):
    assert sorted(smoke.files("material/*")) == ["material/fold2.h5"]
    material = Material([smoke.results / "material" / "fold2.h5"])
    places = [*material.scenes, *chain.from_iterable(material.events)]
    gathered = {entry.name for _, entry in places}
    held_out = {
        name
        for mixture in read_plan(smoke.results / "mixtures.yaml")
        if mixture["fold"] == 1
        for name in (
            mixture["scene_audio_name"],
            *(event["event_audio_name"] for event in mixture["events"]),
        )
    }
    assert gathered and held_out and not gathered & held_out


def test_mean_is_the_mean_of_the_folds_and_of_the_classes(smoke):
    table = pd.read_csv(smoke.results / "tables" / "summary.csv")
    classes = pd.read_csv(smoke.results / "tables" / "per_class.csv")
    row = {"model": "tiny_gmp", "task": "tagging", "metric": "auc"}

    def values(frame, **more):
        return frame[
            np.all([frame[k].astype(str) == v for k, v in (row | more).items()], axis=0)
        ].value

    one, mean = values(table, holdout_fold="1"), values(table, holdout_fold="mean")
    assert one.item() == mean.item()
    assert values(classes, holdout_fold="1").mean() == pytest.approx(one.item())


def test_stems_sum_to_the_mixture_and_lengths_are_exact(smoke):
    audio = sorted(smoke.results.glob("mixtures/snr0/*/*.flac"))
    assert len(audio) == 12
    for path in audio:
        stems, rate = soundfile.read(path, dtype="int16", always_2d=True)
        assert (stems.shape, rate) == ((4 * 32000, 3), 32000)
    with h5py.File(next(smoke.results.glob("features/snr0/*.h5"))) as store:
        assert store["logmel"].shape[1:] == (124, 64)


def test_pictures_and_audio_are_there(smoke):
    figures = smoke.files("figures/**/*.png")
    assert all(data.startswith(b"\x89PNG") and len(data) > 5000 for data in figures.values())
    assert {
        "figures/models.png",
        "figures/method.png",
        "figures/snr0/training-holdout1.png",
    } <= set(figures)
    for model in MODELS:
        assert f"figures/snr0/{model}/holdout1/clip1.png" in figures
        directory = smoke.results / "separated" / "snr0" / model / "holdout1"
        listed = pd.read_csv(directory / "manifest.csv")
        for name in listed.file:
            assert soundfile.info(directory / name).frames == 4 * 32000


def test_separated_audio_is_cut_to_a_learnt_foreground(smoke, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "workflow" / "scripts")
    separate = importlib.import_module("separate").separate
    predictions = smoke.results / "predictions/snr0/tiny_fresh/holdout1.h5"
    manifests = sorted(smoke.results.glob("mixtures/snr0/fold1-part*/manifest.csv"))
    cut, plan = {"above": 1.5, "steepness": 3.0}, str(smoke.results / "mixtures.yaml")
    output = str(tmp_path / "manifest.csv")
    separate(str(predictions), plan, list(map(str, manifests)), output, 1, "true", 0.1, cut)
    [name, label, file, in_truth] = pd.read_csv(output).iloc[0]
    with PredictionStore(predictions) as store:
        masks, learnt = decode_masks(store.mask_codes(0)), store.learnt_foreground(0)
        separator = Separator(
            mixture_of(stems_of(name, manifests)), Spectral.from_settings(store.settings)
        )
        options = (
            [store.classes.index(label)],
            cut,
            np.flatnonzero(store.clip_probabilities()[0] > 0.1),
        )
    with_map, without = (
        separator.separate_classes(masks, *options, one)[0] for one in (learnt, None)
    )
    written, _ = soundfile.read(tmp_path / file, dtype="float32")
    assert in_truth and np.abs(written - with_map).max() <= 1 / 32767
    assert np.abs(written - without).max() > 10 / 32767


def test_the_gallery_shows_clips_of_every_model_and_all_metrics(smoke):
    page = (smoke.results / "gallery" / "index.html").read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    reasons = [why for clip in data["clips"] for why in clip["why"]]
    for model in MODELS:
        for rank in ("best", "median", "worst"):
            assert any(why.startswith(f"{rank} clip of {model}: ") for why in reasons)
    plan = {one["mixture_name"]: one for one in read_plan(smoke.results / "mixtures.yaml")}
    for clip in data["clips"]:
        truth, *models = clip["rows"]
        assert [row["name"] for row in models] == MODELS
        planned = sorted((e["onset"], e["event_label"]) for e in plan[clip["title"]]["events"])
        assert [(on, clip["classes"][place]) for place, on, _ in truth["events"]] == planned
        true = [cell for cell in truth["cells"] if cell["present"]]
        assert all(cell["sound"] and cell["mask"] for cell in true)
        found = [cell for row in models for cell in row["cells"] if cell["present"]]
        assert all(cell["sound"] for cell in found)
    table = pd.read_csv(smoke.results / "tables" / "summary.csv")
    means = table[(table.holdout_fold.astype(str) == "mean") & table.value.notna()]
    shown = {
        (row["model"], metric): value
        for one in data["tables"]
        for row in one["rows"]
        for metric, (value, _, _) in row["values"].items()
        if one["title"].startswith("Masks") and value is not None
    }
    masks = means[means.task == "masks"]
    expected = zip(masks.model, masks.metric, masks.value, strict=True)
    assert shown == {(model, metric): round(value, 6) for model, metric, value in expected}


def test_events_have_the_dcase_columns(smoke):
    for model in MODELS:
        table = pd.read_csv(smoke.results / "events" / "snr0" / model / "holdout1.tsv", sep="\t")
        assert list(table.columns) == ["filename", "onset", "offset", "event_label"]


def test_nothing_runs_twice(smoke):
    assert smoke.would_run() == {}


CATEGORIES = {"Overview", "Tables", "Classes", "Thresholds", "Training", "Clips", "Run"}
MOST_MB = 30


def items_of(page):
    """The categories of a report, and what it shows: path -> caption and labels."""
    text = page.read_text(encoding="utf-8")
    categories, items = (
        json.loads(re.search(rf"^ *var {name} = (\{{.+\}});$", text, re.M)[1])
        for name in ("categories", "results")
    )
    return categories, items


def test_report(smoke, tmp_path):
    page = tmp_path / "report.html"
    smoke.must_run("--report", str(page))
    assert page.stat().st_size < MOST_MB * 2**20
    categories, items = items_of(page)
    assert set(categories) >= CATEGORIES
    shown = {str(Path(name).relative_to("results/smoke")) for name in items}
    there = smoke.files("figures/**/*.png", "tables/*.csv", "tables/*.html", "run.html")
    assert shown - {"config.yaml"} == set(there)
    for name, item in items.items():
        assert item["caption"].startswith("<p>") and "{{" not in item["caption"], name
        assert item["labels"], name
    words = " ".join(
        re.sub("<[^>]+>", " ", items["results/smoke/tables/summary.csv"]["caption"]).split()
    )
    table = pd.read_csv(smoke.results / "tables" / "summary.csv")
    rows = table[table.model.isin(MODELS) & (table.holdout_fold == "mean") & (table.metric == "f1")]
    assert f"F1 of masks, 0 dB: {rows[rows.task == 'masks'].value.max():.3f}" in words
    text = page.read_text(encoding="utf-8")
    assert "3 models (tiny_gmp, tiny_gwrp, tiny_fresh) were trained" in " ".join(text.split())


def test_the_configuration_of_the_run_makes_it_again(smoke, smoke_on):
    config = yaml.safe_load((smoke.results / "config.yaml").read_text(encoding="utf-8"))
    assert complete(config) == config and config["experiment"] == "smoke"
    assert smoke_on(smoke.directory, (smoke.results / "config.yaml",)).would_run() == {}


def test_costs_are_of_every_step(smoke):
    costs = pd.read_csv(smoke.results / "tables" / "costs.csv").set_index("rule")
    folder = smoke.results / "benchmarks"
    jobs = [path for path in folder.rglob("*.tsv") if path.stem != "describe_run"]
    assert costs.jobs["all"] == len(jobs) and costs.jobs["train"] == 3
    assert set(costs.index) >= {"make_demo_archives", "draw_models", "describe_models"}
    train = sum(pd.read_csv(path, sep="\t").s.item() for path in folder.glob("train/*.tsv"))
    assert costs.seconds["train"] == pytest.approx(train, abs=0.06)
    page = (smoke.results / "tables" / "costs.md").read_text()
    assert page.startswith("| rule | jobs | seconds |") and f"| all | {len(jobs)} |" in page


def test_programs_find_all_results_in_one_file(smoke):
    content = json.loads((smoke.results / "summary.json").read_text(encoding="utf-8"))
    path = smoke.results / "tables" / "summary.csv"
    table = pd.read_csv(path, float_precision="round_trip")
    assert [row["value"] for row in content["results"]] == [
        None if pd.isna(value) else value for value in table.value
    ]
    assert [model["model"] for model in content["models"]] == MODELS
    assert content["run"] == {
        "source": "demo",
        "snr_db": [0.0],
        "models": MODELS,
        "holdout_folds": [1],
    }
    assert content["versions"]["snakemake"] == snakemake.__version__
    assert len(content["results_tuned"]) == len(table)


def test_latex_and_markdown_carry_the_numbers_of_the_table(smoke):
    tex = (smoke.results / "tables" / "summary.tex").read_text(encoding="utf-8")
    page = (smoke.results / "tables" / "summary.md").read_text(encoding="utf-8")
    table = pd.read_csv(smoke.results / "tables" / "summary.csv")
    rows = table[(table.holdout_fold == "mean") & (table.task == "masks")]
    binary = ["precision", "recall", "f1", "auc", "average_precision"]
    for model, of_model in rows.groupby("model"):
        values = of_model.set_index("metric").value[binary]
        cells = ["n/a" if pd.isna(value) else f"{value:.3f}" for value in values]
        assert f"| {model} | {' | '.join(cells)} |" in page
        name = model.replace("_", "\\_")
        assert f"{name} & {' & '.join(cells)} \\\\" in tex


def test_ideal_ratio_masks_are_shares_of_the_mixture(smoke):
    plan = read_plan(smoke.results / "mixtures.yaml")
    parts = sorted((smoke.results / "features" / "snr0").glob("fold1-*.h5"))
    manifests = sorted((smoke.results / "mixtures" / "snr0").glob("fold1-*/manifest.csv"))
    with FeatureStore(parts) as truth:
        mixture = load_mixture(0, truth, plan, manifests)
        binary = truth.mask_truth(0)
        names = list(truth.classes)
    assert list(mixture.ratio_masks) == ["Bark", "Violin_or_fiddle"]  # by onset
    for label, mask in mixture.ratio_masks.items():
        assert mask.min() >= 0 and mask.max() <= 1 and mask.shape == mixture.logmel.shape
        within = binary[names.index(label)]
        assert mask[within].mean() > 0.5 > mask[~within].mean()
    assert len(mixture.waveform) == 4 * 32000


def test_pictures_are_pngs_and_svgs_with_text(smoke):
    pngs = smoke.files("figures/**/*.png")
    svgs = smoke.files("figures/**/*.svg")
    assert {name[:-4] for name in pngs} == {name[:-4] for name in svgs}
    for kind in ("", "-masks", "-decisions", "-colours"):
        assert f"figures/snr0/tiny_fresh/holdout1/clip1{kind}.svg" in svgs
    assert b"tiny_fresh" in svgs["figures/snr0/classes.svg"]
    assert b"Ideal ratio mask" in svgs["figures/snr0/mixtures-holdout1/clip1.svg"]
    assert b"<dc:date>" not in b"".join(svgs.values())


def test_fewer_pictures_are_other_pictures(copy_of_smoke):
    """Clips are spread evenly: the second of two is another one than the second of three."""
    run = copy_of_smoke("pictures")
    folder = "results/smoke/figures/snr0/mixtures-holdout1"
    run.must_run("--config", "evaluation={figure_clips: 3}", "--", f"{folder}/clip3.png")
    drawn = run.files("figures/snr0/mixtures-holdout1/*")
    assert {Path(name).stem for name in drawn} == {"clip1", "clip2", "clip3"}
    run.must_run("--config", "evaluation={figure_clips: 2}", "--", f"{folder}/clip1.png")
    fewer = run.files("figures/snr0/mixtures-holdout1/*")
    assert {Path(name).stem for name in fewer} == {"clip1", "clip2"}
    second = "figures/snr0/mixtures-holdout1/clip2.png"
    assert fewer[second] != drawn[second]
