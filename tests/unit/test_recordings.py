from pathlib import Path

import numpy as np
import pytest

from weakseg.collection import Collection, DataError
from weakseg.recordings import (
    class_names,
    has_sources,
    index_events,
    index_scenes,
    read_index,
)

FSD = ["fname", "label", "manually_verified", "freesound_id"]
TUT = ["filename", "scene_label", "identifier", "source_label"]


def collect(*paths: Path) -> Collection:
    return Collection(paths, paths[0].parent)


@pytest.fixture
def published(pack, wav, noise, as_csv) -> Path:
    """The archives of both sets in one directory, as published."""
    audio = {
        f"FSDKaggle2018.audio_train/{name}.wav": wav(noise(0.5, 44100), 44100) for name in "abcd"
    }
    pack("FSDKaggle2018.audio_train.zip", audio)
    table = [
        FSD,
        ["a.wav", "Bark", 1, 7],
        ["b.wav", "Bark", 0, 7],
        ["c.wav", "Flute", 1, 8],
        ["x.wav", "Flute", 1, 9],
    ]
    scored = [["fname", "label", "usage"], ["t.wav", "Bark", "Public"]]
    pack(
        "FSDKaggle2018.meta.zip",
        {
            "FSDKaggle2018.meta/train_post_competition.csv": as_csv(*table),
            "FSDKaggle2018.meta/test_post_competition_scoring_clips.csv": as_csv(*scored),
        },
    )
    pack(
        "TUT.audio.1.zip",
        {"TUT/audio/park-1-0-a.wav": wav(np.stack([noise(1.0, 48000)] * 2, 1), 48000)},
    )
    meta = as_csv(TUT, ["audio/park-1-0-a.wav", "park", "park-1", "a"], delimiter="\t")
    return pack("TUT.meta.zip", {"TUT/meta.csv": meta}).parent


def test_published_layout(published):
    with collect(*published.glob("*.zip")) as files:
        events, scenes = index_events(files), index_scenes(files)
    assert list(events["name"]) == ["a.wav", "b.wav", "c.wav", "x.wav", "d.wav"]
    assert list(events.usable) == [True, True, True, False, False]
    assert list(events.why_not[3:]) == [
        "listed in train_post_competition.csv but not there",
        "no label: not listed in train_post_competition.csv",
    ]
    assert list(events.verified[:3]) == [True, False, True]
    assert list(events["source"][:3]) == ["7", "7", "8"]
    assert class_names(events) == ["Bark", "Flute"]
    assert has_sources(events)
    assert scenes[["name", "label", "source", "seconds", "channels"]].values.tolist() == [
        ["park-1-0-a.wav", "park", "park-1", 1.0, 2]
    ]


def test_index_survives_its_file(published, tmp_path):
    with collect(*published.glob("*.zip")) as files:
        events = index_events(files)
    events.to_csv(tmp_path / "events.csv", index=False)
    assert read_index(tmp_path / "events.csv").equals(events)


def test_challenge_edition_has_its_table_beside_the_archive(pack, wav, noise, as_csv, tmp_path):
    zipped = pack("audio_train.zip", {"audio_train/a.wav": wav(noise(0.3))})
    table = tmp_path / "train.csv"
    table.write_bytes(as_csv(["fname", "label", "manually_verified"], ["a.wav", "Bark", 1]))
    with collect(zipped, table) as files:
        events = index_events(files)
    assert events.usable.all() and not has_sources(events)


@pytest.mark.parametrize("with_table", [True, False])
def test_folders(tmp_path, wav, noise, as_csv, with_table):
    for label in ("Bark", "Mew"):
        (tmp_path / label).mkdir()
        (tmp_path / label / ("1.wav" if not with_table else f"{label}.wav")).write_bytes(
            wav(noise(0.3))
        )
    if with_table:
        rows = [["fname", "label"], ["Bark.wav", "Bark"], ["Mew.wav", "Mew"]]
        (tmp_path / "mine.csv").write_bytes(as_csv(*rows))
    with Collection([p for p in tmp_path.rglob("*") if p.is_file()], tmp_path) as files:
        events = index_events(files)
        audio = [files.read_mono(row.archive, row.member, 32000) for row in events.itertuples()]
    assert sorted(events.label) == ["Bark", "Mew"] and events.usable.all()
    assert [len(one) for one in audio] == [9600, 9600]


def test_folders_below_those_of_the_classes_are_sources(tmp_path, wav, noise):
    names = ("dog/rex/1.wav", "dog/rex/2.wav", "dog/3.wav", "cat/tom/1.wav", "4.wav")
    for seed, name in enumerate(names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(wav(noise(0.3, seed=seed)))
    with Collection([tmp_path / name for name in names], tmp_path) as files:
        events = index_events(files).set_index("member").loc[list(names)]
    assert list(events.label) == ["dog", "dog", "dog", "cat", ""]
    assert list(events["source"][:4]) == ["dog/rex", "dog/rex", "3.wav", "cat/tom"]
    assert events.why_not["4.wav"] == "no label: it lies in no sub-folder"


def test_scenes_without_a_table_are_their_own_locations(tmp_path, wav, noise):
    for name in ("a.wav", "b.flac"):
        (tmp_path / name).write_bytes(wav(noise(0.3), format="FLAC" if "flac" in name else "WAV"))
    with Collection(list(tmp_path.iterdir()), tmp_path) as files:
        scenes = index_scenes(files)
    assert list(scenes["source"]) == ["a.wav", "b.flac"] and scenes.usable.all()


def test_unusable_recordings_are_indexed_with_the_reason(pack, wav, noise, as_csv):
    broken = noise(0.3)
    broken[5] = np.inf
    members = {
        "good.wav": wav(noise(0.3)),
        "unreadable.wav": b"no audio",
        "empty.wav": wav(np.zeros(0)),
        "silent.wav": wav(np.zeros(5000)),
        "nan.wav": wav(broken, subtype="FLOAT"),
        "nolabel.wav": wav(noise(0.3)),
        "click.wav": wav(noise(0.001)),
        "one/twice.wav": wav(noise(0.3)),
        "two/twice.wav": wav(noise(0.3)),
        "unverified.wav": wav(noise(0.3)),
    }
    labels = {"nolabel.wav": " ", "unverified.wav": "Other"}
    names = sorted({Path(member).name for member in members})
    rows = [[n, labels.get(n, "Bark"), int(n != "unverified.wav")] for n in names]
    zipped = pack("all.zip", members | {"train.csv": as_csv(FSD[:3], *rows)})
    with collect(zipped) as files:
        events = index_events(files).set_index("name")
    reasons = {
        "unreadable.wav": "unreadable",
        "empty.wav": "empty",
        "silent.wav": "silent",
        "nan.wav": "NaN",
        "nolabel.wav": "no label",
        "click.wav": "0.0010 s",
        "twice.wav": "2 files",
        "unverified.wav": "no verified recording",
    }
    assert list(events.index[events.usable]) == ["good.wav"]
    for name, reason in reasons.items():
        assert reason in events.why_not[name]


def test_damaged_archives_and_members_are_named(pack, wav, noise, tmp_path):
    (tmp_path / "half.zip").write_bytes(b"PK\x03\x04 half of it")
    with pytest.raises(DataError, match=r"half\.zip: not a readable zip"):
        collect(tmp_path / "half.zip")
    with collect(pack("a.zip", {"a.wav": b"no audio"})) as files:
        with pytest.raises(DataError, match=r"a\.zip: a\.wav: unreadable"):
            files.read_mono("a.zip", "a.wav", 32000)
        with pytest.raises(DataError, match=r"no usable recording among the scenes: unreadable"):
            index_scenes(files)


def test_a_wrong_checksum_in_an_archive_is_found(pack, wav, noise):
    path = pack("a.zip", {"a.wav": wav(noise(1.0))})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with collect(path) as files, pytest.raises(DataError, match=r"a\.zip: a\.wav"):
        files.read_mono("a.zip", "a.wav", 32000)


def test_manually_verified_must_be_a_flag(pack, wav, noise, as_csv):
    table = as_csv(FSD[:3], ["a.wav", "Bark", "maybe"])
    with (
        collect(pack("a.zip", {"a.wav": wav(noise(0.1)), "t.csv": table})) as files,
        pytest.raises(DataError, match=r"a\.wav: manually_verified is 'maybe', expected 0 or 1"),
    ):
        index_events(files)


def test_the_same_content_has_the_same_version(pack, wav, noise):
    with collect(pack("a.zip", {"a.wav": wav(noise(0.1))})) as files:
        first = files.members[0].version
    with collect(pack("a.zip", {"a.wav": wav(noise(0.1))})) as files:
        assert files.members[0].version == first
    with collect(pack("a.zip", {"a.wav": wav(noise(0.1, seed=1))})) as files:
        assert files.members[0].version != first


def test_a_listed_path_tells_files_of_one_name_apart(pack, wav, noise, as_csv):
    members = {f"all/{label}/1.wav": wav(noise(0.3, seed=i)) for i, label in enumerate("ab")}
    table = as_csv(["fname", "label"], ["a/1.wav", "Bark"], ["b/1.wav", "Mew"])
    with collect(pack("x.zip", members | {"t.csv": table})) as files:
        events = index_events(files)
    assert list(events["name"]) == ["a/1.wav", "b/1.wav"] and events.usable.all()
    assert list(events.member) == ["all/a/1.wav", "all/b/1.wav"]
    assert not has_sources(events)


def test_channels_that_cancel_out_are_silent(pack, wav, noise, as_csv):
    sound = noise(0.3)
    data = {"a.wav": wav(np.stack([sound, -sound], axis=1)), "b.wav": wav(sound)}
    table = as_csv(["fname", "label"], ["a.wav", "Bark"], ["b.wav", "Bark"])
    with collect(pack("x.zip", data | {"t.csv": table})) as files:
        assert list(index_events(files).why_not) == ["silent", ""]


@pytest.mark.parametrize("place", [0.02, 0.3, 0.6, 0.9])
def test_damage_in_a_compressed_member_is_an_error_of_one_line(pack, wav, place, capfd):
    rng = np.random.default_rng(0)
    path = pack(
        "a.zip", {"a.wav": wav(0.1 * np.sin(np.arange(90000) / 30) + 1e-3 * rng.normal(size=90000))}
    )
    data = bytearray(path.read_bytes())
    start = int(len(data) * place)
    data[start : start + 40] = rng.bytes(40)
    path.write_bytes(data)
    with collect(path) as files:
        index_scenes_or_none(files)
        with pytest.raises(DataError, match=r"a\.zip: a\.wav: ") as caught:
            files.read_mono("a.zip", "a.wav", 32000)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in capfd.readouterr().err


def index_scenes_or_none(files):
    try:
        return index_scenes(files)
    except DataError as error:
        assert "damaged" in str(error) or "unreadable" in str(error)


def test_a_list_finds_files_by_their_paths(tmp_path, wav, noise):
    """Beside it, below it, elsewhere, absolute, twice, missing."""
    lists = tmp_path / "lists"
    for number, name in enumerate(("lists/1.wav", "lists/a/1.wav", "b/1.wav", "c/2.wav", "b/3.WV")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(wav(noise(0.3, seed=number)))
    rows = [
        "Label;Source;FILE;remark",
        "Bark;dog 1;1.wav;beside",
        "Bark;dog 1;./a/1.wav;below",
        "Mew;;../b/1.wav;elsewhere",
        f"Mew;;{tmp_path}/c/2.wav;absolute",
        "Mew;;../b/3.WV;another ending",
        "Bark;dog 1;1.wav;twice",
        "Bark;;z/1.wav;missing",
    ]
    (lists / "mine.csv").write_bytes("\ufeff".encode() + "\r\n".join(rows).encode())
    files = [lists / "mine.csv", lists / "1.wav", lists / "./a/1.wav", lists / "../b/1.wav"]
    files += [tmp_path / "c/2.wav", lists / "../b/3.WV"]
    with Collection(files, lists) as collection:
        events = index_events(collection)
        for row in events[events.usable].itertuples():
            assert len(collection.read_mono(row.archive, row.member, 32000)) == 9600
    assert list(events.usable) == [True] * 5 + [False] * 2
    assert list(events.why_not[5:]) == ["listed twice", "listed in mine.csv but not there"]
    assert list(events.label[:5]) == ["Bark", "Bark", "Mew", "Mew", "Mew"]
    assert list(events["source"][:5]) == ["dog 1", "dog 1", "../b/1.wav", "2.wav", "3.WV"]


def test_scenes_may_be_listed_with_their_locations(tmp_path, wav, noise):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(wav(noise(0.3)))
    (tmp_path / "mine.csv").write_text("file,source\na.wav,garden\nb.wav,garden\n")
    with Collection(sorted(tmp_path.iterdir()), tmp_path) as files:
        scenes = index_scenes(files)
    assert list(scenes["source"]) == ["garden"] * 2 and list(scenes.label) == ["scene"] * 2


@pytest.mark.parametrize("place", [0.2, 0.9])
def test_a_damaged_member_that_is_mixed_is_named_as_such(pack, wav, noise, place):
    archive = pack("audio.zip", {"a.wav": wav(noise(3.0), 44100)})
    data = bytearray(archive.read_bytes())
    data[int(place * len(data))] ^= 0xFF
    archive.write_bytes(data)
    with collect(archive) as files, pytest.raises(DataError, match="damaged in its archive"):
        files.read_mono("audio.zip", "a.wav", 32000)


def test_the_rest_of_a_member_is_read_at_once(pack, wav, noise):
    data = wav(noise(1.0))
    with (
        collect(pack("audio.zip", {"a.wav": data})) as files,
        files.open("audio.zip", "a.wav") as file,
    ):
        assert file.read(100) == data[:100]
        assert file.read() == data[100:] and file.read() == b""
