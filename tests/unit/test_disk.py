"""The estimate of what a run takes on disk."""

import pytest
import yaml

from weakseg.demo_audio import EVENTS, SCENES
from workflow import disk
from workflow.configuration import ROOT, complete, over_config_yaml


def configuration(**changes):
    smoke = yaml.safe_load((ROOT / "experiments" / "smoke.yaml").read_text())
    return complete(over_config_yaml(smoke | changes))


def test_the_demo_has_as_many_classes_and_scenes_as_the_estimate_takes():
    assert (len(EVENTS), len(SCENES)) == (disk.DEMO_CLASSES, disk.DEMO_KINDS)


def test_it_grows_with_clips_snrs_and_models():
    one = disk.estimate(configuration(), 10, 0)
    two = disk.estimate(configuration(grid={"snr_db": [0, 10], "models": ["tiny_gmp"]}), 10, 0)
    assert two["mixtures"] == 2 * one["mixtures"] and two["features"] == 2 * one["features"]
    assert two["material"] == 0 < one["material"]  # no fresh mixtures
    # of the three models, the last of which has a map beside the masks of ten classes
    each = disk.MASKS, disk.MASKS, disk.CUT_MASKS + disk.MASKS / 10
    assert two["predictions"] == pytest.approx(one["predictions"] * 2 * each[0] / sum(each))


def test_the_paper_s_experiment_keeps_to_its_budgets():
    text = (ROOT / "experiments" / "dcase2018.yaml").read_text()
    config = complete(over_config_yaml(yaml.safe_load(text) | {"data": {"source": "demo"}}))
    made = disk.estimate(config, 41, 25_000_000_000)
    assert (made["mixtures"] + made["features"]) / 3 == pytest.approx(5.5e9, rel=0.1)
    assert made["predictions"] / (3 * 3 * 4) == pytest.approx(0.9e9, rel=0.1)


def test_classes_come_from_the_index_or_the_folders(tmp_path):
    config = configuration(results=str(tmp_path))
    assert disk.number_of_classes(config, []) == 10
    config["data"]["source"] = "folders"
    files = [f"events/{name}/1.wav" for name in ("bark", "chirp", "chirp")]
    assert disk.number_of_classes(config, files) == 2
    assert disk.number_of_classes(config, ["all.zip"]) == disk.MANY_CLASSES
    index = tmp_path / "smoke" / "recordings" / "events.csv"
    index.parent.mkdir(parents=True)
    rows = ["a,True,True", "b,True,True", "c,True,False", "b,True,True"]
    index.write_text("label,usable,verified\n" + "\n".join(rows))
    assert disk.number_of_classes(config, files) == 2


def test_what_is_there_is_counted_and_a_full_disk_is_a_warning(tmp_path, monkeypatch):
    config = configuration(results=str(tmp_path))
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke" / "file").write_bytes(bytes(3_000_000))
    monkeypatch.setattr(disk, "free_bytes", lambda directory: 900_000_000)
    (line,) = disk.report(config, {"scenes": [], "events": []}, {})
    assert line.startswith("disk: about ") and "3 MB there; 900 MB free" in line
    assert f"in {tmp_path / 'smoke'}" in line and "archives 15" in line
    monkeypatch.setattr(disk, "free_bytes", lambda directory: 1_000_000)
    (line,) = disk.report(config, {"scenes": [], "events": []}, {})
    assert line.startswith("warning: disk: about ") and "1 MB free: make room, or name" in line


def test_archives_that_are_fetched_have_a_line_a_directory(tmp_path):
    config = configuration(results=str(tmp_path / "results"))
    archives = {f"{tmp_path}/data/one.zip": 2_000_000_000, f"{tmp_path}/data/two.zip": 500_000_000}
    _, line = disk.report(config, {"scenes": [], "events": []}, archives)
    assert "about 2.5 GB of archives" in line and f"in {tmp_path / 'data'}" in line


def test_free_space_of_a_directory_that_is_not_there(tmp_path):
    assert disk.free_bytes(tmp_path / "not" / "yet") > 0


def test_what_is_made_of_own_recordings_is_said_where_it_goes(tmp_path):
    config = configuration(results=str(tmp_path), predict={"audio": "a.wav", "name": "mine"})
    wav, mp3 = tmp_path / "a.WAV", tmp_path / "a.mp3"
    wav.write_bytes(bytes(20_000_000))
    mp3.write_bytes(bytes(2_000_000))
    _, line = disk.report(config, {"scenes": [], "events": []}, {}, [wav, mp3])
    where = tmp_path / "smoke" / "predict" / "mine"
    assert f"about 21.6 MB of 2 own recordings in {where}, 0 MB there" in line
    config["predict"]["stems"] = False
    assert disk.estimate_own(config, [wav, mp3]) == pytest.approx(1.6e6)
