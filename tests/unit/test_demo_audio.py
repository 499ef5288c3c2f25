"""The demo's archives: their bytes, their layout, and that their sounds are worth learning."""

import ast
import csv
import hashlib
import io
import math
import os
import re
import subprocess
import sys
import wave
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weakseg import demo_audio

SCENE_META, SCENES_1, SCENES_2, EVENT_META, EVENTS = demo_audio.archive_names()
FULL_SHA256 = {
    SCENE_META: "72dac0be9ed2b69d3391e3b8b0d69c1af5658677c9cd6f67f75c18784b37dc47",
    SCENES_1: "544bce07f281c0c7ad835b8da835f894eccf3939d50a9b2d8774d527552e4237",
    SCENES_2: "96517f3da8fc0b59e31bafc8f89eace35bdce199af99a33eded67f5dd69a5b6a",
    EVENT_META: "55c2dafaf019c2ff4192d3d684ae9872ee3756c62326bd2cf12fbc5613ef3ad8",
    EVENTS: "5e60016a16572f361a019fdc1ccdf20068cbc049346084438ae42b2c29f469c3",
}
SMALL_SHA256 = {
    SCENE_META: "ba6d32da993126aef221a84c77aeed857c86094ca4e70db783ee2854990eedc0",
    SCENES_1: "03b9c4583d3d9dbd68b82ae35c6b0264bb8eeb8380eff6232120fa36c4b801d2",
    SCENES_2: "02b93c1d4674c31e6f953d1294d1146381c3845951d24ae566615e010c2013b7",
    EVENT_META: "22687ca0c8cf07823a8fbcae39d87decdccc2d53b447478e1df2ee2526d8ea3e",
    EVENTS: "0b0b274b86b83be6c20c87d426d8f18ea5870800ffa8a01465cc35d7a18376c1",
}
EXACT = {  # NumPy functions that select, move or round in the one way of IEEE 754
    "PCG64", "abs", "arange", "concatenate", "float64", "floor", "int16", "maximum", "minimum",
    "ndarray", "random", "roll", "stack", "uint64", "zeros", "zeros_like",
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """A row of the events' table with its samples."""

    label: str
    verified: int
    source: int
    samples: NDArray[np.float64]


def sha256(folder: Path) -> dict[str, str]:
    """The digest of each file in a folder."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def table(path: Path, member: str, delimiter: str) -> list[dict[str, str]]:
    """The rows of a table in an archive."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(member).decode()
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def audio(path: Path) -> dict[str, tuple[NDArray[np.float64], int]]:
    """The samples and the rate of each member of an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: soundfile.read(io.BytesIO(archive.read(name))) for name in archive.namelist()}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full") / "made"
    demo_audio.write_demo_archives(folder)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    demo_audio.write_demo_archives(folder, 3, recordings_per_scene=1)
    return folder


@pytest.fixture(scope="module")
def event_rows(full: Path) -> list[dict[str, str]]:
    return table(full / EVENT_META, "FSDKaggle2018.meta/train_post_competition.csv", ",")


@pytest.fixture(scope="module")
def events(full: Path, event_rows: list[dict[str, str]]) -> list[Event]:
    wavs = audio(full / EVENTS)
    return [
        Event(
            row["label"],
            int(row["manually_verified"]),
            int(row["freesound_id"]),
            wavs[f"FSDKaggle2018.audio_train/{row['fname']}"][0],
        )
        for row in event_rows
    ]


@pytest.fixture(scope="module")
def scenes(full: Path) -> dict[str, tuple[NDArray[np.float64], int]]:
    return audio(full / SCENES_1) | audio(full / SCENES_2)


@pytest.fixture(scope="module")
def spectra(events: list[Event]) -> NDArray[np.float64]:
    """Mean log-mel spectrum in dB of each event at rms 1: (events, 64)."""
    mel = librosa.filters.mel(sr=demo_audio.EVENT_RATE, n_fft=2048, n_mels=64, fmin=50, fmax=16000)
    means = []
    for event in events:
        levelled = event.samples / np.sqrt(np.mean(event.samples**2))
        frames = np.lib.stride_tricks.sliding_window_view(levelled, 2048)[::1024]
        magnitude = np.abs(np.fft.rfft(frames * np.hamming(2048)))
        means.append(20 * np.log10(magnitude @ mel.T + 1e-2).mean(axis=0))
    return np.array(means)


# The bytes.


def test_the_archives_keep_their_bytes(full: Path, small: Path) -> None:
    assert sha256(small) == SMALL_SHA256
    assert sha256(full) == FULL_SHA256


def test_the_bytes_do_not_depend_on_the_processor(small: Path, tmp_path: Path) -> None:
    # NumPy's vector code for newer processors off, as on an old one
    features = " ".join(np._core._multiarray_umath.__cpu_dispatch__)  # type: ignore[attr-defined]
    code = (
        "import sys; from pathlib import Path; from weakseg import demo_audio;"
        "demo_audio.write_demo_archives(Path(sys.argv[1]), 3, recordings_per_scene=1)"
    )
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": features}
    root = Path(demo_audio.__file__).parents[1]
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path)],
        env=environment, cwd=root, check=True,
    )  # fmt: skip
    assert sha256(tmp_path) == sha256(small)


def test_only_functions_that_round_in_one_way_are_used() -> None:
    tree = ast.parse(Path(demo_audio.__file__).read_text())
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    of_numpy = {a.attr for a in attributes if isinstance(a.value, ast.Name) and a.value.id == "np"}
    called = {
        c.func.id
        for c in ast.walk(tree)
        if isinstance(c, ast.Call) and isinstance(c.func, ast.Name)
    }
    assert of_numpy <= EXACT
    assert not {a.attr for a in attributes} & {"sum", "mean", "std", "dot", "cumsum", "prod"}
    assert not called & {"sum", "pow", "hash", "set", "round"}
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.MatMult)]


def test_another_seed_gives_other_sounds(small: Path, tmp_path: Path) -> None:
    demo_audio.write_event_archives(tmp_path, 1, seed=1)
    first, other = audio(small / EVENTS), audio(tmp_path / EVENTS)
    assert set(other) < set(first)
    assert all(not np.array_equal(first[name][0], other[name][0]) for name in other)


def test_a_take_is_the_same_whatever_the_number_of_takes(small: Path, full: Path) -> None:
    few, many = (
        audio(folder / SCENES_1) | audio(folder / SCENES_2) | audio(folder / EVENTS)
        for folder in (small, full)
    )
    assert set(few) < set(many)
    assert all(np.array_equal(few[name][0], many[name][0]) for name in few)


# The layout.


def test_the_archives_are_the_named_ones_and_nothing_is_left_over(full: Path) -> None:
    assert sorted(p.name for p in full.iterdir()) == sorted(demo_audio.archive_names())
    assert sum(p.stat().st_size for p in full.iterdir()) < 110e6


def test_members_are_stored_with_a_fixed_date_and_mode(small: Path) -> None:
    for name in demo_audio.archive_names():
        with zipfile.ZipFile(small / name) as archive:
            assert archive.testzip() is None
            for info in archive.infolist():
                assert info.compress_type == zipfile.ZIP_STORED
                assert (info.date_time, info.create_system) == ((2018, 4, 13, 0, 0, 0), 3)
                assert info.external_attr == 0o644 << 16


def test_the_table_of_scenes_names_every_recording(
    full: Path, scenes: dict[str, tuple[NDArray[np.float64], int]]
) -> None:
    folder = "TUT-urban-acoustic-scenes-2018-development"
    rows = table(full / SCENE_META, f"{folder}/meta.csv", "\t")
    assert list(rows[0]) == ["filename", "scene_label", "identifier", "source_label"]
    assert sorted(f"{folder}/{row['filename']}" for row in rows) == sorted(scenes)
    locations = defaultdict(set)
    for row in rows:
        found = re.fullmatch(r"audio/([a-z_]+)-demo-(\d+)-\d+-a\.wav", row["filename"])
        assert found
        assert found[1] == row["scene_label"]
        assert row["identifier"] == f"{found[1]}-{found[2]}"
        assert row["source_label"] == "a"
        locations[row["scene_label"]].add(row["identifier"])
    assert len(rows) == 24
    assert {label: len(places) for label, places in locations.items()} == {
        "metro_station": 4, "park": 4, "public_square": 4, "street_traffic": 4,
    }  # fmt: skip


def test_the_table_of_events_names_every_take(full: Path, event_rows: list[dict[str, str]]) -> None:
    columns = ["fname", "label", "manually_verified", "freesound_id", "license"]
    assert list(event_rows[0]) == columns
    names = [row["fname"] for row in event_rows]
    assert names == sorted(set(names))
    assert all(re.fullmatch(r"[0-9a-f]{8}\.wav", name) for name in names)
    with zipfile.ZipFile(full / EVENTS) as archive:
        assert archive.namelist() == [f"FSDKaggle2018.audio_train/{name}" for name in names]


def test_each_class_has_forty_takes_of_which_some_share_a_source(events: list[Event]) -> None:
    assert {event.label for event in events} == set(demo_audio.EVENTS)
    classes_of_source = defaultdict(set)
    for event in events:
        classes_of_source[event.source].add(event.label)
    assert all(len(labels) == 1 for labels in classes_of_source.values())
    for label in demo_audio.EVENTS:
        takes = [event for event in events if event.label == label]
        of_source = [sum(t.source == s for t in takes) for s in {t.source for t in takes}]
        assert len(takes) == 40
        assert sum(not take.verified for take in takes) == 5
        assert len(of_source) == 21
        assert set(of_source) == {1, 2, 3}


# The sounds.


def test_events_are_audible_unclipped_and_of_varied_length_and_level(events: list[Event]) -> None:
    seconds = np.array([len(event.samples) for event in events]) / demo_audio.EVENT_RATE
    peaks = np.array([np.abs(event.samples).max() for event in events])
    rms = np.array([np.sqrt(np.mean(event.samples**2)) for event in events])
    assert (seconds >= 0.3).all()
    assert (seconds <= 3.0).all()
    assert np.quantile(seconds, 0.9) > 4 * np.quantile(seconds, 0.1)
    assert (peaks >= 0.14).all()
    assert (peaks <= 0.96).all()
    assert (rms > 0.01).all()
    assert np.ptp(20 * np.log10(rms)) > 20


def test_no_two_events_are_alike(events: list[Event]) -> None:
    assert len({event.samples.tobytes() for event in events}) == len(events)


def test_takes_of_one_source_resemble_each_other_and_sources_differ(
    events: list[Event], spectra: NDArray[np.float64]
) -> None:
    labels = np.array([event.label for event in events])
    sources = np.array([event.source for event in events])
    distance = np.sqrt(((spectra[:, None] - spectra[None]) ** 2).mean(axis=2))
    one_source = (sources[:, None] == sources) & ~np.eye(len(events), dtype=bool)
    one_class = (labels[:, None] == labels) & (sources[:, None] != sources)
    for label in demo_audio.EVENTS:
        rows = labels == label
        within = np.median(distance[rows][one_class[rows]])
        assert within > 3.0, label  # dB
        assert np.median(distance[rows][one_source[rows]]) < within, label
    other_class = labels[:, None] != labels
    assert np.median(distance[other_class]) > 1.5 * np.median(distance[one_class])


def test_classes_can_be_told_apart_in_unheard_sources_but_not_without_error(
    events: list[Event], spectra: NDArray[np.float64]
) -> None:
    labels = [event.label for event in events]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    accuracy = cross_val_score(
        model, spectra, labels, groups=[event.source for event in events], cv=GroupKFold(4)
    ).mean()
    assert 0.75 < accuracy < 0.97  # chance is 0.1


def test_scenes_are_steady_stereo_of_ten_seconds_with_most_energy_low(
    scenes: dict[str, tuple[NDArray[np.float64], int]],
) -> None:
    for name, (samples, rate) in scenes.items():
        assert (samples.shape, rate) == ((480_000, 2), 48_000)
        assert 0.29 < np.abs(samples).max() < 0.81
        assert 0.5 < np.corrcoef(samples[:, 0], samples[:, 1]).min() < 0.95
        mono = samples.mean(axis=1)
        level = 10 * np.log10((mono.reshape(20, -1) ** 2).mean(axis=1))
        assert np.ptp(level) < 6.0, name  # dB, over half seconds
        assert abs(mono.mean()) < 0.01
        power = np.abs(np.fft.rfft(mono)) ** 2  # bins of 0.1 Hz
        assert power[:10_000].sum() > 0.8 * power.sum(), name
        assert power[:500].sum() < 0.5 * power.sum(), name


def test_a_scene_differs_from_the_next_recording_of_its_location() -> None:
    first, next_one = (demo_audio.scene_signal("park", 0, segment, 2018) for segment in (0, 4))
    assert not np.array_equal(first, next_one)


# The parts.


def test_cosine_is_the_cosine() -> None:
    turns = np.concatenate([np.linspace(-3, 3, 12_001), [1e4 + 0.125]])
    expected = [math.cos(2 * math.pi * float(turn)) for turn in turns]
    np.testing.assert_allclose(demo_audio.cosine(turns), expected, atol=2e-6)


def test_decay_falls_from_one_by_38_db() -> None:
    level = demo_audio.decay(np.array([0.0, 0.5, 0.75, 9.0]), 0.5)
    assert level[0] == 1.0
    assert 20 * math.log10(level[1]) == pytest.approx(-38.2, abs=0.1)
    assert level[2] == level[3] == 0.0


def test_wav_bytes_are_16_bit_rounded_to_the_nearest() -> None:
    signal = np.array([[0.0, 0.5], [-0.5, 0.95], [0.4 / 32767, 0.6 / 32767]])
    with wave.open(io.BytesIO(demo_audio.wav_bytes(signal, 48_000))) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, 48_000)
        samples = np.frombuffer(wav.readframes(3), dtype="<i2")
    assert samples.tolist() == [0, 16384, -16383, 31129, 0, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"takes_per_class": 0}, "takes_per_class is 0: give a whole number of at least 1"),
        (
            {"recordings_per_scene": 0},
            "recordings_per_scene is 0: give a whole number of at least 1",
        ),
        ({"seed": -1}, "seed is -1: give a whole number of at least 0"),
    ],
)
def test_a_senseless_number_is_refused_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        demo_audio.write_demo_archives(tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_a_failure_leaves_the_old_archive_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    demo_audio.write_zip(path, [("a", b"old")])
    old = path.read_bytes()

    def failing() -> Iterator[tuple[str, bytes]]:
        yield "a", b"new"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        demo_audio.write_zip(path, failing())
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]
