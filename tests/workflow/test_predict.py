"""The target predict: a model of the run, or the file of one, on recordings of one's own."""

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

pytestmark = pytest.mark.workflow

ODD = "x $(touch y) <b> {z}.wav"


@pytest.fixture
def audio(tmp_path):
    """A folder of two recordings, of which one has an odd name, and a file that is none."""
    (tmp_path / "my audio" / "sub").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, rate in ((f"sub/{ODD}", 44100), ("a.flac", 16000)):
        soundfile.write(tmp_path / "my audio" / name, rng.normal(0, 0.1, (rate, 2)), rate)
    (tmp_path / "my audio" / "text.wav").write_text("no audio")
    (tmp_path / "my audio" / "voice.m4a").touch()
    return tmp_path / "my audio"


def test_a_model_of_the_run_and_the_file_of_one(copy_of_smoke, audio):
    run = copy_of_smoke("copy")
    named = f"predict={{audio: {audio}, model: tiny_fresh}}"
    assert run.would_run("predict", "--config", named) == {"predict": 1}
    output = run.must_run("predict", "--config", named)
    assert f"{audio}/text.wav: not used: unreadable" in output
    assert "warning: predict.audio: files of formats that are not read are passed over" in output
    results = run.results / "predict" / "own"
    table = pd.read_csv(results / "predictions.csv").set_index("file")
    assert table.usable.to_dict() == {"a.flac": True, f"sub/{ODD}": True, "text.wav": False}
    for name in table.index[table.usable]:
        assert {"tags.csv", "events.tsv", "labels.txt", "picture.png", "residual.flac"} <= {
            path.name for path in (results / name).iterdir()
        }
    assert "a.flac" in (results / "gallery.html").read_text()
    how = yaml.safe_load((results / "predict.yaml").read_text())
    assert [how["model"]["path"], how["thresholds"]["path"]] == [
        f"results/{path}/snr0/tiny_fresh/holdout1{end}"
        for path, end in (("smoke/models", "/model.pt"), ("smoke/thresholds", ".yaml"))
    ]
    assert run.would_run("predict", "--config", named) == {}
    assert run.would_run() == {}

    model = run.results / "models/snr0/tiny_fresh/holdout1/model.pt"
    thresholds = run.results / "thresholds/snr0/tiny_fresh/holdout1.yaml"
    by_file = f"predict={{audio: {audio}, model: {model}, thresholds: {thresholds}, name: file}}"
    run.must_run("predict", "--config", by_file)
    other = run.results / "predict" / "file"
    assert (other / "predictions.csv").read_bytes() == (results / "predictions.csv").read_bytes()
    configured = f"predict={{audio: {audio}/a.flac, model: {model}, name: file, stems: false}}"
    run.must_run("predict", "--config", configured, "detection={clip_threshold: 1}")
    assert not len(pd.read_csv(other / "a.flac" / "events.tsv", sep="\t"))
    how = yaml.safe_load((other / "predict.yaml").read_text())
    assert how["thresholds"]["clip_threshold"] == 1 and how["stems"] is False
    assert {path.parent.name for path in other.rglob("tags.csv")} == {"a.flac"}  # asked for now

    soundfile.write(audio / "a.flac", np.ones(800) / 9, 16000)
    assert run.would_run("predict", "--config", named) == {"predict": 1}
    other_way = named.replace("}", ", thresholds: configured, gain_db: 6}")
    assert run.would_run("predict", "--config", other_way) == {"predict": 1}


@pytest.mark.parametrize(
    "given,said",
    [
        ("", "predict.audio: null is no recording"),
        ("audio: /nowhere", "predict.audio: /nowhere: no such file or folder"),
        ("audio: {audio}/none", "predict.audio: {audio}/none: holds no recording"),
        ("audio: {audio}, model: nobody", "predict.model: 'nobody' is not defined in models"),
        ("audio: {audio}, model: no.pt", "predict.model: no.pt: no such file"),
        ("audio: {audio}, thresholds: no.yaml", "predict.thresholds: no.yaml: no such file"),
        ("audio: {audio}, holdout_fold: 9", "predict.holdout_fold: 9 is not a fold"),
    ],
)
def test_what_is_missing_is_said_in_one_line(fresh, audio, given, said):
    (audio / "none").mkdir()
    given, said = given.format(audio=audio), said.format(audio=audio)
    done = fresh.run("predict", "--config", f"predict={{{given}}}")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("configuration: ")]
    assert len(lines) == 1 and said in lines[0]


def test_a_model_that_is_not_trained_is_trained_first(fresh, audio):
    jobs = fresh.would_run("predict", "--config", f"predict={{audio: {audio}, model: tiny_gmp}}")
    assert jobs["train"] == jobs["tune_thresholds"] == jobs["predict"] == 1
    assert "evaluate" not in jobs
