"""Recordings: which are used, and which are left out of the index with a reason.

A recording that cannot be used does not stop a run that has others.  Each case is a file among the
events, with a good one of the same class and one of another beside it.
"""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from weakseg.collection import Collection

pytestmark = pytest.mark.workflow

RATE = 32000
NOISE = np.random.default_rng(1).uniform(-0.2, 0.2, 12800)  # 0.4 s


def encoded(samples: Any, rate: int = RATE, **options: Any) -> bytes:
    """The bytes of a sound file with the samples, of 16-bit WAV unless `options` say otherwise."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.asarray(samples), rate, **({"format": "WAV"} | options))
    return buffer.getvalue()


def sound(rate: int = RATE, channels: int = 1, **options: Any) -> bytes:
    """0.4 s of quiet noise, the same in each channel."""
    noise = np.random.default_rng(1).uniform(-0.2, 0.2, round(0.4 * rate))
    return encoded(np.repeat(noise[:, None], channels, axis=1), rate, **options)


def holding(value: float, **options: Any) -> bytes:
    """The same noise with one other sample."""
    noise = NOISE.copy()
    noise[9000] = value
    return encoded(noise, **({"subtype": "FLOAT"} | options))


def header(offset: int, value: int, kind: str = "<I") -> bytes:
    """A WAV whose header has another number: 24 the rate, 40 the bytes of samples, 22 channels."""
    data = bytearray(sound())
    struct.pack_into(kind, data, offset, value)
    return bytes(data)


def flac_of_no_length() -> bytes:
    """A FLAC whose header promises 2^36 - 1 samples."""
    data = bytearray(sound(format="FLAC"))
    data[21] |= 0x0F
    data[22:26] = b"\xff" * 4
    return bytes(data)


# name -> file name, content, why it is left out
LEFT_OUT: dict[str, tuple[str, bytes, str]] = {
    "no bytes": ("odd.wav", b"", "unreadable"),
    "a header alone": ("odd.wav", encoded([]), "empty"),
    "a header that promises samples": ("odd.wav", sound()[:44], "it ends at 0.0 s of 0.4 s"),
    "a header of more bytes": ("odd.wav", header(40, 999_999), "it ends at 0.4 s of 15.6 s"),
    "a WAV that ends early": ("odd.wav", sound()[:13000], "damaged: it ends at 0.2 s of 0.4 s"),
    "half a header": ("odd.wav", sound()[:20], "unreadable"),
    "text": ("odd.wav", b"no sound at all\n" * 100, "unreadable"),
    "a picture": ("odd.flac", b"\x89PNG\r\n\x1a\n" + bytes(500), "unreadable"),
    "an M4A that is called WAV": (
        "odd.wav",
        struct.pack(">I", 24) + b"ftypM4A \0\0\0\0M4A mp42" + bytes(900),
        "unreadable",
    ),
    "silence": ("odd.wav", encoded(np.zeros(12800)), "silent"),
    "silence in floats": ("odd.wav", encoded(np.zeros(12800), subtype="DOUBLE"), "silent"),
    "hiss of one bit": ("odd.wav", encoded(np.tile([0, 3e-5], 6400)), "silent"),
    "channels that cancel out": ("odd.wav", encoded(np.stack([NOISE, -NOISE], 1)), "silent"),
    "a constant": ("odd.wav", encoded(np.full(12800, 0.5)), "silent"),
    "a constant in floats": ("odd.wav", encoded(np.full(12800, -1.0), subtype="FLOAT"), "silent"),
    "a single sample": ("odd.wav", encoded([0.5]), "only 0.0000 s are heard"),
    "a click": ("odd.wav", encoded(NOISE[:200]), "only 0.0063 s are heard"),
    "a click at the end": (
        "odd.wav",
        encoded(np.r_[np.zeros(12800), NOISE[:100]]),
        "only 0.0031 s are heard",
    ),
    "NaN": ("odd.wav", holding(np.nan), "holds NaN or infinite samples"),
    "infinity": ("odd.wav", holding(np.inf), "holds NaN or infinite samples"),
    "infinity in 64 bits": ("odd.wav", holding(-np.inf, subtype="DOUBLE"), "holds NaN or infinite"),
    "a number beyond all": (
        "odd.wav",
        holding(1e200, subtype="DOUBLE"),
        "holds a sample of 1e+200",
    ),
    "a rate of 1 Hz": ("odd.wav", header(24, 1), "its sample rate is 1 Hz, less than 100"),
    "a rate of 2 GHz": (
        "odd.wav",
        header(24, 2**31 - 1),
        "its sample rate is 2147483647 Hz, more than",
    ),
    "no rate": ("odd.wav", header(24, 0), "unreadable"),
    "no channels": ("odd.wav", header(22, 0, "<H"), "unreadable"),
    "2000 channels": ("odd.wav", header(22, 2000, "<H"), "unreadable"),
    "a FLAC that ends early": ("odd.flac", sound(format="FLAC")[:6000], "unreadable"),
    "a FLAC that promises weeks": ("odd.flac", flac_of_no_length(), "unreadable"),
    "a FLAC that is cut in its header": ("odd.flac", sound(format="FLAC")[:40], "unreadable"),
}

# name -> file name, content, seconds that are heard of it
USED: dict[str, tuple[str, bytes, float]] = {
    **{
        f"{rate} Hz": ("odd.wav", sound(rate), 0.4)
        for rate in (8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000)
    },
    **{f"{n} channels": ("odd.wav", sound(channels=n), 0.4) for n in range(2, 9)},
    **{
        f"WAV of {subtype}": ("odd.wav", sound(subtype=subtype), 0.4)
        for subtype in ("PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM")
    },
    **{
        f"{form} of {subtype}": (f"odd.{form.lower()}", sound(format=form, subtype=subtype), 0.4)
        for form, subtype in (
            ("FLAC", "PCM_S8"),
            ("AIFF", "PCM_24"),
            ("AU", "DOUBLE"),
            ("CAF", "ALAC_16"),
            ("OGG", "VORBIS"),
            ("W64", "PCM_16"),
            ("RF64", "PCM_16"),
        )
    },
    "192 kHz, 8 channels, 64 bits": ("odd.wav", sound(192000, 8, subtype="DOUBLE"), 0.4),
    "clipped": ("odd.wav", encoded(np.clip(20 * NOISE, -1, 1)), 0.4),
    "far above full scale": ("odd.wav", encoded(30000 * NOISE, subtype="FLOAT"), 0.4),
    "an offset below the sound": ("odd.wav", encoded(0.5 + NOISE), 0.4),
    "an offset before the sound": ("odd.wav", encoded(np.r_[np.full(65536, 0.5), NOISE]), 0.4),
    "a header of fewer bytes": ("odd.wav", header(40, 16000), 0.25),
    "a header of no known length": ("odd.wav", header(40, 2**32 - 1), 0.4),
    "an odd byte at the end": ("odd.wav", sound() + b"\0", 0.4),
    "half a sample at the end": ("odd.wav", sound()[:-1], 0.4),
    "an MP3 that is called WAV": ("odd.wav", sound(format="MP3", subtype="MPEG_LAYER_III"), 0.4),
    "a FLAC that is called MP3": ("odd.mp3", sound(format="FLAC"), 0.4),
    "a WAV that is called FLAC": ("odd.flac", sound(), 0.4),
    "a name with spaces and Unicode": ("\u00f6dd one (2).wav", sound(), 0.4),
    "a name of the shell": ("$(touch x);'\".wav", sound(), 0.4),
    "a name of 250 letters": ("o" * 246 + ".wav", sound(), 0.4),
}


@pytest.fixture
def folders(tmp_path) -> Path:
    """Folders of events and scenes, each good; the class Bark has room for an odd one."""
    for name in ("scenes/park.wav", "events/Bark/good.wav", "events/Flute/good.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(sound())
    return tmp_path / "events"


def test_what_is_left_out(folders, index_sets, events):
    """All of them in one folder: none stops the run, or hides another."""
    for number, (name, content, _) in enumerate(LEFT_OUT.values()):
        (folders / "Bark" / f"{number}-{name}").write_bytes(content)
    ended = index_sets("folders")
    assert ended.status == 0 and "Traceback" not in ended.errors
    index = events()
    wrong = {}
    for number, (case, (name, _, why_not)) in enumerate(LEFT_OUT.items()):
        row = index.loc[f"{number}-{name}"]
        if row.usable or why_not not in row.why_not or f"not used: {row.why_not}" not in ended.log:
            wrong[case] = row.why_not
    assert wrong == {}
    assert sorted(index[index.usable].member) == ["Bark/good.wav", "Flute/good.wav"]


def test_what_is_used(folders, index_sets, events):
    for number, (name, content, _) in enumerate(USED.values()):
        (folders / "Bark" / str(number)).mkdir()
        (folders / "Bark" / str(number) / name).write_bytes(content)
    ended = index_sets("folders")
    assert ended.status == 0, ended.errors
    index = events().set_index("member")
    files = Collection(list(folders.rglob("*.*")), folders)
    wrong = {}
    for number, (case, (name, _, seconds)) in enumerate(USED.items()):
        row = index.loc[f"Bark/{number}/{name}"]
        audio = files.read_mono("", row.name, RATE)[round(row.starts * RATE) :]
        heard, level = len(audio) / RATE, float(np.std(audio)) if len(audio) else 0.0
        if not (row.usable and abs(heard - seconds) < 0.06 and 0.01 < level < 1e5):
            wrong[case] = (row.usable, row.why_not, heard, level)
    assert wrong == {}


def test_alone_they_stop_the_run_in_one_line(folders, index_sets):
    for name in ("Bark", "Flute"):
        (folders / name / "good.wav").write_bytes(encoded(np.zeros(12800)))
    index_sets("folders").require_line("among the events", "silent", "good.wav", "data.events")


# what only reading to the end shows: name -> content, words
LONG = np.random.default_rng(2).uniform(-0.2, 0.2, 4 * RATE)
MP3 = encoded(LONG, format="MP3", subtype="MPEG_LAYER_III")
ON_THE_WAY: dict[str, tuple[bytes, str]] = {
    "a FLAC that ends early": (encoded(LONG, format="FLAC")[:190_000], "unreadable"),
    "an MP3 that ends early": (MP3[: len(MP3) // 2], "damaged: it ends at"),
}


@pytest.mark.parametrize("level_over", ["heard", "file"])
@pytest.mark.parametrize(("content", "why"), ON_THE_WAY.values(), ids=ON_THE_WAY)
def test_what_shows_when_it_is_mixed(content, why, level_over, folders, index_sets, run_step):
    (folders / "Bark" / "odd.flac").write_bytes(content)
    assert index_sets("folders").status == 0
    root = folders.parent
    event = {"event_audio_name": "odd.flac", "event_label": "Bark", "onset": 0.0, "offset": 3.9}
    mixture = {"mixture_name": "00000.wav", "fold": 1, "scene_audio_name": "park.wav"}
    (root / "plan.yaml").write_text(f"- {json.dumps(mixture | {'events': [event]})}\n")
    inputs = {
        "plan": root / "plan.yaml",
        "scenes": root / "scenes.csv",
        "events": root / "events.csv",
    }
    settings = {
        "scenes_directory": str(root / "scenes"), "events_directory": str(folders), "shard": 1,
        "sample_rate": RATE, "seconds": 4.0, "event_seconds": 3.9, "level_over": level_over,
    }  # fmt: skip
    ended = run_step(
        "render_mixtures",
        input={name: str(path) for name, path in inputs.items()},
        output={"manifest": str(root / "mixtures" / "manifest.csv")},
        params={"archives": {"scenes": [], "events": []}, "settings": settings},
        wildcards={"fold": "1", "part": "1", "snr": "0"},
    )
    ended.require_line("events: Bark/odd.flac: ", why, "exclude or replace it")
    assert list((root / "mixtures").iterdir()) == []


NOT_HEARD = ("silent", "are heard")  # reasons that concern training alone: two of them are enough


def test_a_model_passes_over_what_it_cannot_read(tmp_path, tiny_model, run_predict):
    """Silence and clicks have no events; all else that is left out of training is left out here."""
    files = {}
    for number, (case, (name, content, why_not)) in enumerate(LEFT_OUT.items()):
        if why_not.endswith(NOT_HEARD) and case not in ("silence", "a click"):
            continue
        path = tmp_path / "own" / f"{number}-{name}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        files[path.name] = "" if why_not.endswith(NOT_HEARD) else why_not
    ended = run_predict(tiny_model, tmp_path / "own")
    assert ended.status == 0 and "Traceback" not in ended.errors, ended.errors
    rows = pd.read_csv(tmp_path / "out" / "predictions.csv", keep_default_na=False).set_index(
        "file"
    )
    for name, why_not in files.items():
        assert bool(rows.usable[name]) == (not why_not), rows.why_not[name]
        assert why_not in rows.why_not[name]
        assert ended.log.count(f"/{name}: not used: {rows.why_not[name]}") == bool(why_not)
        assert (tmp_path / "out" / name).exists() == (not why_not)


def test_a_model_that_can_read_nothing_says_so_once(tmp_path, tiny_model, run_predict):
    (tmp_path / "own").mkdir()
    for name in ("1.wav", "2.raw"):
        (tmp_path / "own" / name).write_bytes(b"no sound")
    run_predict(tiny_model, tmp_path / "own" / "1.wav", tmp_path / "own" / "2.raw").require_line(
        "none of 2 recordings can be used", "1.wav", "unreadable"
    )


@pytest.mark.soak
def test_recordings_in_a_run(folders, fresh):
    """All of them, by the check of a data set and by the index."""
    both = [*LEFT_OUT.values(), *USED.values()]
    for number, (name, content, _) in enumerate(both):
        (folders / "Bark" / str(number)).mkdir()
        (folders / "Bark" / str(number) / name).write_bytes(content)
    sets = f"data={{source: folders, scenes: {folders.parent / 'scenes'}, events: {folders}}}"
    for target in (["check_data"], ["--until", "index_recordings"]):
        assert "Traceback" not in fresh.must_run(*target, "--config", sets)
    index = pd.read_csv(fresh.results / "recordings" / "events.csv")
    assert index.usable.sum() == len(USED) + 2 and len(index) == len(both) + 2
    page = (fresh.results / "check_data.md").read_text()
    assert all(why_not in page for _, _, why_not in LEFT_OUT.values() if "s are heard" in why_not)
