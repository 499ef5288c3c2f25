"""Recordings of one's own to files, through the library and through the command."""

import hashlib
import logging
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

import weakseg
from weakseg.__main__ import main
from weakseg.audio import AudioError
from weakseg.audio_paths import list_audio
from weakseg.detection import PUBLISHED, read_events
from weakseg.gallery import from_predictions
from weakseg.gallery.from_predictions import clip_of, write_page
from weakseg.predict_files import Predictor, forget_others

CLASSES = ["bark", "bell / ring", "rain"]
ODD = "x $(touch y) <b> 'ü' {z}.ogg"


@pytest.fixture
def model(tiny_model):
    return weakseg.load_model(tiny_model, threads=1)


@pytest.fixture
def recordings(tmp_path):
    """A folder with usable and unusable files, two of one name, and an odd name."""
    folder = tmp_path / "audio"
    (folder / "sub").mkdir(parents=True)
    rng, time = np.random.default_rng(2), np.arange(6 * 8000) / 8000
    tone = np.sin(2 * np.pi * 700 * time) * (time > 2) * (time < 3)
    sound = rng.normal(0, 0.02, len(time)) + 0.2 * tone
    soundfile.write(folder / "a.wav", np.stack([sound, sound], axis=1), 8000)
    soundfile.write(folder / "sub" / "a.wav", sound[::-1], 8000, subtype="FLOAT")
    soundfile.write(folder / ODD, sound[:16000], 16000)
    soundfile.write(folder / "short.flac", sound[:800], 8000)
    soundfile.write(folder / "nan.wav", np.r_[sound, np.nan], 8000, subtype="FLOAT")
    soundfile.write(folder / "empty.wav", np.zeros(0), 8000)
    (folder / "text.wav").write_text("no audio")
    return folder


def predict(model, folder, output, **options):
    predictor = Predictor(model, [PUBLISHED] * 3, output, "tiny", **options)
    return {one.name: one for one in predictor.predict_all(list_audio([folder]))}


def test_each_usable_file_has_a_folder_and_each_file_a_row(model, recordings, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        found = predict(model, recordings, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "predictions.csv", keep_default_na=False)
    assert set(found) == {"a.wav", "sub/a.wav", ODD, "short.flac"}
    assert set(table.file[table.usable]) == set(found)
    why = dict(zip(table.file, table.why_not, strict=True))
    assert why["nan.wav"] == "holds NaN or infinite samples" and why["empty.wav"] == "empty"
    assert why["text.wav"].startswith("unreadable")
    assert {line.split(": not used: ")[0] for line in caplog.messages} == {
        str(recordings / name) for name in ("nan.wav", "empty.wav", "text.wav")
    }
    folders = {path.parent for path in (tmp_path / "out").rglob("tags.csv")}
    assert folders == {tmp_path / "out" / name for name in found}
    assert table.path.tolist() == [str(recordings / name) for name in table.file]
    row = table[table.file == "a.wav"].iloc[0]
    assert (float(row.seconds), row.sample_rate, row.channels) == (6.0, "8000", "2")
    assert float(row["probability of rain"]) == pytest.approx(
        found["a.wav"].probabilities[2], abs=1e-4
    )


def test_names_that_are_no_utf8_are_heard_and_told_of(tiny_model, recordings, tmp_path, capsys):
    """Of files that can be used and not, of one whose name is too long as text, of the model."""

    def odd(name):
        return Path(os.fsdecode(bytes(tmp_path) + b"/" + name))

    (tmp_path / "own").mkdir()
    odd(b"mod\xff").mkdir()
    model = odd(b"mod\xff/model.pt")
    model.write_bytes(Path(tiny_model).read_bytes())
    (recordings / "a.wav").rename(odd(b"own/a\xff.wav"))
    (recordings / "short.flac").rename(odd(b"own/" + b"\xe1" * 100 + b".flac"))
    odd(b"own/text\xff.wav").write_text("no audio")
    out = tmp_path / "out"
    command = ["predict", str(model), str(tmp_path / "own"), "--output", str(out)]
    assert main(command) == 1
    assert "own/text\ufffd.wav: not used: unreadable" in capsys.readouterr().err
    table = pd.read_csv(out / "predictions.csv")
    assert table.file.tolist() == ["a\ufffd.wav", "text\ufffd.wav", "_" * 100 + ".flac"]
    assert table.path[1] == f"{tmp_path}/own/text\ufffd.wav"
    assert all((out / name / "tags.csv").is_file() for name in table.file[table.usable])
    how = yaml.safe_load((out / "predict.yaml").read_text(encoding="utf-8"))
    assert how["model"]["path"].endswith("/mod\ufffd/model.pt")
    page = (out / "gallery.html").read_text(encoding="utf-8")
    assert r"/mod\ufffd/model.pt" in page


def test_recordings_of_an_earlier_run_can_be_forgotten(model, recordings, tmp_path):
    output = tmp_path / "out"
    predict(model, recordings, output)
    mine = output / "notes"
    mine.mkdir()
    (mine / "tags.csv").write_text("mine")
    (output / "sub" / "a.wav" / "mine.txt").write_text("mine")
    forget_others(output, {"a.wav", "none.wav"})
    assert {path.parent.name for path in output.rglob("tags.csv")} == {"a.wav", "notes"}
    assert [path.name for path in (output / "sub" / "a.wav").iterdir()] == ["mine.txt"]
    assert (output / "a.wav" / "residual.flac").is_file() and not (output / ODD).exists()


def test_the_files_say_what_the_library_says(model, recordings, tmp_path):
    found = predict(model, recordings, tmp_path / "out")["a.wav"]
    samples, rate = soundfile.read(recordings / "a.wav", always_2d=True)
    expected = model.segment(samples, rate)
    folder = tmp_path / "out" / "a.wav"
    tags = pd.read_csv(folder / "tags.csv").set_index("class").probability
    assert tags.is_monotonic_decreasing
    np.testing.assert_allclose(tags[CLASSES], expected.probabilities, atol=1e-6)
    events = read_events(folder / "events.tsv")
    assert len(events) and (events.filename == "a.wav").all()
    pd.testing.assert_frame_equal(events.drop(columns="filename"), expected.events, atol=1e-3)
    labels = pd.read_csv(folder / "labels.txt", sep="\t", header=None)
    np.testing.assert_allclose(labels[[0, 1]], events[["onset", "offset"]], atol=1e-3)
    assert labels[2].tolist() == events.event_label.tolist()
    assert {CLASSES[index] for index in found.stems} == set(expected.stems)
    for index, path in found.stems.items():
        stem, rate = soundfile.read(path)
        assert rate == 8000
        np.testing.assert_allclose(stem, expected.stems[CLASSES[index]], atol=1e-4)
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_stems_and_residual_sum_to_the_mixture_exactly(model, recordings, tmp_path):
    found = predict(model, recordings, tmp_path / "out")["sub/a.wav"]
    assert found.stems
    parts = [*found.stems.values(), found.residual]
    total = sum(soundfile.read(path, dtype="int16")[0].astype(int) for path in parts)
    mixture = soundfile.read(recordings / "sub" / "a.wav")[0].astype(np.float32)
    np.testing.assert_array_equal(total, np.rint(mixture * 32767))


def test_what_a_page_needs_is_there_at_a_bounded_size(model, recordings, tmp_path):
    samples = np.tile(soundfile.read(recordings / "a.wav")[0][:, 0], 50)  # 300 s
    soundfile.write(tmp_path / "long.wav", samples, 8000)
    found = predict(model, tmp_path / "long.wav", tmp_path / "out")["long.wav"]
    overview, excerpt = found.overview, found.excerpt
    assert found.seconds == overview.seconds == 300
    assert len(overview.logmel) <= 3000 < model.spectral.n_frames(len(samples))
    assert overview.frame_edges[-1] == pytest.approx(300, abs=1)
    np.testing.assert_array_equal(overview.clip_probabilities, found.probabilities)
    assert overview.waveform.max() == pytest.approx(samples.max(), abs=1e-4)
    n_frames = len(excerpt.frame_scores)
    assert n_frames == round(30 * 8000 / 256) and excerpt.masks.shape == (3, n_frames, 16)
    first = round(excerpt.starts * 8000)
    np.testing.assert_allclose(excerpt.mixture, samples[first : first + n_frames * 256], atol=1e-4)
    assert set(excerpt.stems) == set(found.found)
    assert all(stem.shape == excerpt.mixture.shape for stem in excerpt.stems.values())
    assert excerpt.events.offset.max() <= n_frames * 256 / 8000 + 1e-6


def test_a_gain_is_what_the_model_hears_and_not_what_is_written(model, recordings, tmp_path):
    loud, rate = soundfile.read(recordings / "sub" / "a.wav")
    soundfile.write(tmp_path / "soft.wav", loud / 16, rate, subtype="FLOAT")
    expected = predict(model, recordings / "sub", tmp_path / "out")["a.wav"]
    gain = 20 * np.log10(16)
    found = predict(model, tmp_path / "soft.wav", tmp_path / "out", gain_db=gain)["soft.wav"]
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-4)
    assert found.overview.waveform.max() == pytest.approx(loud.max() / 16, rel=1e-3)
    parts = [*found.stems.values(), found.residual]
    total = sum(soundfile.read(path)[0] for path in parts)
    np.testing.assert_allclose(total, loud / 16, atol=1e-4)


def test_without_stems_no_audio_is_left(model, recordings, tmp_path):
    predict(model, recordings / "a.wav", tmp_path / "out")
    assert list((tmp_path / "out").rglob("*.flac"))
    again = predict(model, recordings / "a.wav", tmp_path / "out", stems=False)["a.wav"]
    assert not list((tmp_path / "out").rglob("*.flac"))
    assert again.residual is None and not again.stems


def test_what_cannot_be_used_any_more_has_no_folder(model, recordings, tmp_path):
    output = tmp_path / "out"
    predict(model, recordings, output)
    (output / "short.flac" / "mine.txt").write_text("notes")
    for name in ("a.wav", "short.flac"):
        (recordings / name).write_text("no audio")
    predict(model, recordings, output)
    assert not (output / "a.wav").exists() and (output / "sub" / "a.wav").is_dir()
    assert [path.name for path in (output / "short.flac").iterdir()] == ["mine.txt"]


def test_a_set_of_which_nothing_can_be_used_is_an_error(model, recordings, tmp_path):
    with pytest.raises(AudioError, match=r"none of 1 recordings.*text\.wav: unreadable"):
        predict(model, recordings / "text.wav", tmp_path / "out")
    assert len(pd.read_csv(tmp_path / "out" / "predictions.csv")) == 1


def test_the_command_writes_the_same_bytes(model, tiny_model, recordings, tmp_path):
    predict(model, recordings, tmp_path / "out")
    command = ["predict", str(tiny_model), str(recordings), "--output", str(tmp_path / "by")]
    assert main([*command, "--threads", "1"]) == 1  # some cannot be used
    expected = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(expected) > 20
    for path in expected:
        other = tmp_path / "by" / path.relative_to(tmp_path / "out")
        if path.name not in ("picture.png", "predict.yaml"):  # have the model's name
            assert other.read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(
    "arguments,said",
    [
        (["nowhere.pt", "{audio}/a.wav"], "error: nowhere.pt: no such model file"),
        (["{audio}/a.wav", "{audio}/a.wav"], "a.wav: damaged or not a weakseg model"),
        (["{model}", "nowhere.wav"], "error: nowhere.wav: no such file or folder"),
        (["{model}", "{audio}/text.wav"], "none of 1 recordings can be used"),
        (["{model}", "{audio}/a.wav", "--thresholds", "no.yaml"], "no.yaml: no such file"),
        (["{model}", "{audio}/a.wav", "--threads", "0"], "0 is not a whole number above 0"),
        (["{model}", "{audio}/a.wav", "--gain-db", "nan"], "nan is not from -120 to 120"),
        (["{model}", "{audio}/a.wav", "--smooth-frames", "4"], "4 is not odd"),
        (["{model}"], "FILE"),
    ],
)
def test_an_error_of_the_command_is_one_line_and_status_2(
    arguments, said, tiny_model, recordings, tmp_path, capsys
):
    filled = [one.format(model=tiny_model, audio=recordings) for one in arguments]
    try:
        status = main(["predict", *filled, "--output", str(tmp_path / "out")])
    except SystemExit as stopped:
        status = stopped.code
    assert status == 2
    lines = capsys.readouterr().err.splitlines()
    assert said in lines[-1] and "Traceback" not in "".join(lines)


def test_the_page_of_a_set_shows_what_was_heard(model, recordings, tmp_path, monkeypatch):
    """The excerpt's sound is there with and without separated audio."""
    monkeypatch.setattr(from_predictions, "MOST_FILES", 2)
    for stems in (True, False):
        predictor = Predictor(model, [PUBLISHED] * 3, tmp_path, "tiny", stems=stems)
        predictions = list(predictor.predict_all(list_audio([recordings])))
        clip = clip_of(predictions[0], model.spectral, model.classes, "tiny")
        assert len(clip.waveform) == pytest.approx(6 * model.sample_rate, abs=2 * 2048)
        assert set(clip.models[0].stems) == (set(predictions[0].found) if stems else set())
        shown = (predictions, model.spectral, model.classes, "tiny")
        assert write_page(tmp_path, *shown) == 4
        page = (tmp_path / "gallery.html").read_text()
        assert "2 of 4 recordings" in page and "$(touch y) <b>" not in page


def test_of_many_recordings_those_with_sounds_are_shown(model, recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(from_predictions, "MOST_FILES", 3)
    (one,) = Predictor(model, [PUBLISHED] * 3, tmp_path, "tiny").predict_all(
        list_audio([recordings / "a.wav"])
    )
    event = pd.DataFrame({"onset": [0.1], "offset": [0.2], "event_label": ["bark"]})

    def heard(name, probability, events):
        events = event if events else event[:0]
        excerpt = replace(one.excerpt, events=events)
        probabilities = np.array([0.0, probability, 0.0], np.float32)
        return replace(one, name=name, probabilities=probabilities, events=events, excerpt=excerpt)

    kinds = {"a": (0.9, 0), "b": (0.2, 1), "c": (0.5, 0), "d": (0.9, 0), "e": (0.1, 1)}
    files = [heard(f"{name}.wav", *kind) for name, kind in kinds.items()]
    assert write_page(tmp_path, files, model.spectral, model.classes, "tiny") == 5
    page = (tmp_path / "gallery.html").read_text()
    assert re.findall(r'"title":"(\w)\.wav"', page) == ["a", "b", "e"]


def test_no_page_is_left_of_an_earlier_set(model, tmp_path):
    (tmp_path / "gallery.html").write_text("of another set")
    assert write_page(tmp_path, [], model.spectral, model.classes, "tiny") == 0
    assert not list(tmp_path.iterdir())


def test_the_command_says_what_one_would_not_see(tiny_model, recordings, tmp_path, capsys):
    (recordings / "sub" / "b.M4A").touch()
    soundfile.write(recordings / "slow.wav", np.ones(4000) / 9, 4000)
    command = ["predict", str(tiny_model), "--no-stems", "--output", str(tmp_path / "out")]

    def said(*more):
        main([*command, *map(str, more)])
        return capsys.readouterr().err

    first = said(recordings / "sub")
    assert "warning: files of formats that are not read are passed over (1 .m4a); conv" in first
    assert "thresholds: the published ones; tuned ones of the model: --thresholds" in first
    assert "lower sample rate" not in first and "other recordings" not in first
    second = said(recordings / "slow.wav", recordings / "short.flac")
    assert "1 of 2 recordings have a lower sample rate than the model's 8000 Hz, the low" in second
    assert f"warning: {tmp_path}/out has results of 1 other recordings, which stay" in second
    (recordings / "m").mkdir()
    (recordings / "m" / "a.wma").touch()
    assert "holds no recording; files of formats that are not read" in said(recordings / "m")


def test_the_settings_of_a_set_lie_beside_it(tiny_model, recordings, tmp_path):
    command = ["predict", str(tiny_model), str(recordings / "a.wav"), "--output", str(tmp_path)]
    assert main([*command, "--gain-db", "3", "--shifts", "1", "--no-stems"]) == 0
    digest = hashlib.sha256(Path(tiny_model).read_bytes()).hexdigest()
    expected = {
        "model": {"path": str(tiny_model), "sha256": digest}, "thresholds": "published",
        "stems": False, "gain_db": 3.0, "resolution": "stft", "precision": "fp32", "shifts": 1,
        "smooth_frames": 17, "nearby_frames": 63,
    }  # fmt: skip
    assert yaml.safe_load((tmp_path / "predict.yaml").read_text()) == expected


def test_the_command_hears_as_many_shifts_as_it_is_told(tiny_model, recordings, tmp_path):
    command = ["predict", str(tiny_model), str(recordings / "a.wav"), "--no-stems"]
    tables = []
    for name, shifts in (("default", []), ("three", ["--shifts", "3"]), ("one", ["--shifts", "1"])):
        assert main([*command, *shifts, "--output", str(tmp_path / name)]) == 0
        tables.append((tmp_path / name / "predictions.csv").read_text())
    assert tables[0] == tables[1] != tables[2]


def test_a_recording_is_never_written_over(tiny_model, recordings, capsys):
    before = (recordings / "a.wav").read_bytes()
    assert main(["predict", str(tiny_model), str(recordings), "--output", str(recordings)]) == 2
    assert "a.wav: a file is in the way; give another output" in capsys.readouterr().err
    assert (recordings / "a.wav").read_bytes() == before


PEAK = """
import resource, sys
from pathlib import Path
import weakseg
from weakseg.detection import PUBLISHED
from weakseg.audio_paths import list_audio
from weakseg.predict_files import Predictor
segmenter = weakseg.load_model(sys.argv[1], threads=1)
predictor = Predictor(segmenter, [PUBLISHED] * 3, Path(sys.argv[3]), "tiny")
assert list(predictor.predict_all(list_audio([sys.argv[2]])))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_memory_hardly_grows_with_the_length(tiny_model, tmp_path):
    """Half an hour more is 57 MB of samples as float32, as much a stem, and 11 MB of masks."""
    rng, peaks = np.random.default_rng(0), []
    for minutes in (5, 35):
        with soundfile.SoundFile(tmp_path / "long.flac", "w", 8000, 1) as file:
            for _ in range(minutes):
                file.write(rng.normal(0, 0.05, 60 * 8000))
        command = [sys.executable, "-c", PEAK, tiny_model, tmp_path / "long.flac", tmp_path / "out"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
        )
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 40, peaks
