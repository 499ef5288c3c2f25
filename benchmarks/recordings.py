"""Synthetic recordings of the number, lengths and formats of DCASE 2018, Task 1 and Task 2.

Conventions
-----------
- Scenes: 8640 of 10 s, 48 kHz, 24-bit, stereo, in ten archives: noise that falls by 6 dB an octave.
- Events: 9473 of 41 classes, 3710 of them verified, of 0.3 to 30 s, 44.1 kHz, 16-bit, mono, in one
  archive: bursts of a few partials and a band of noise, the same for each recording of a class.
- The indices list all of them; an archive holds those that were asked for.  All follows from the
  recording's number.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray

from weakseg.files import replacing
from weakseg.names import EVENT_SET, SCENE_SET
from weakseg.recordings import COLUMNS, read_index

N_SCENES, SCENE_RATE, SCENE_SECONDS, N_LOCATIONS, SCENE_ARCHIVES = 8640, 48_000, 10.0, 288, 10
N_EVENTS, N_VERIFIED, EVENT_RATE, EVENT_SECONDS = 9473, 3710, 44_100, (0.3, 30.0)
N_CLASSES, N_NOISES = 41, 16
COMPRESSION = 1  # noise hardly compresses: more effort would make reading it no slower
EVENT_ARCHIVE = f"{EVENT_SET}.audio_train.zip"

Signal = NDArray[np.float64]


def scene_index() -> pd.DataFrame:
    """The index of all scenes, as the step `index_recordings` writes it."""
    numbers = np.arange(N_SCENES)
    names = [f"scene-{number:04d}.wav" for number in numbers]
    part = numbers * SCENE_ARCHIVES // N_SCENES + 1
    table = {
        "archive": [f"{SCENE_SET}.audio.{one}.zip" for one in part],
        "member": [f"{SCENE_SET}/audio/{name}" for name in names],
        "name": names,
        "label": [f"scene_class{number % 10}" for number in numbers],
        "seconds": SCENE_SECONDS,
        "sample_rate": SCENE_RATE,
        "channels": 2,
        "source": [f"location{number % N_LOCATIONS:03d}" for number in numbers],
        "verified": True,
    }
    return _index(table)


def event_index() -> pd.DataFrame:
    """The index of all events; lengths are log-uniform, with a mean of about 6.5 s."""
    numbers = np.arange(N_EVENTS)
    shares = np.random.default_rng(1).permutation(N_EVENTS) / (N_EVENTS - 1)
    shortest, longest = EVENT_SECONDS
    frames = np.round(shortest * (longest / shortest) ** shares * EVENT_RATE)
    names = [f"{number:08x}.wav" for number in numbers]
    table = {
        "archive": EVENT_ARCHIVE,
        "member": [f"{EVENT_SET}.audio_train/{name}" for name in names],
        "name": names,
        "label": [f"class{number % N_CLASSES:02d}" for number in numbers],
        "seconds": frames / EVENT_RATE,
        "sample_rate": EVENT_RATE,
        "channels": 1,
        "source": [str(number // 2) for number in numbers],
        "verified": np.random.default_rng(2).permutation(N_EVENTS) < N_VERIFIED,
    }
    return _index(table)


def _index(table: dict[str, object]) -> pd.DataFrame:
    rest = {"starts": 0.0, "version": "", "usable": True, "why_not": ""}
    return pd.DataFrame(table).assign(**rest)[COLUMNS]


@cache
def noises() -> list[Signal]:
    """Noises of a scene's length, peak about 0.25, from which scenes are cut."""
    n_samples = round(SCENE_SECONDS * SCENE_RATE)
    fall = 1 / np.maximum(np.fft.rfftfreq(n_samples, 1 / SCENE_RATE), 60)
    rng = np.random.default_rng(3)
    made = [np.fft.irfft(fall * np.fft.rfft(rng.normal(size=n_samples))) for _ in range(N_NOISES)]
    return [0.25 * noise / np.abs(noise).max() for noise in made]


def scene(number: int) -> bytes:
    """A scene as a WAV file: another noise, and another start of it, in each channel."""
    rng = np.random.default_rng([4, number])
    channels = [
        np.roll(noises()[which], rng.integers(480_000)) * rng.uniform(0.3, 1)
        for which in rng.choice(N_NOISES, 2, replace=False)
    ]
    return _wav(np.stack(channels, axis=1), SCENE_RATE, "PCM_24")


def event(number: int, seconds: float) -> bytes:
    """An event as a WAV file: half-second bursts of its class's partials and noise."""
    of_class, rng = (
        np.random.default_rng([5, number % N_CLASSES]),
        np.random.default_rng([6, number]),
    )
    t = np.arange(round(seconds * EVENT_RATE)) / EVENT_RATE
    pitch = of_class.uniform(150, 2500) * rng.uniform(0.95, 1.05)
    tones = sum(of_class.uniform(0.2, 1) * np.sin(2 * np.pi * pitch * k * t) for k in range(1, 5))
    hiss = rng.normal(size=len(t)) * np.sin(2 * np.pi * of_class.uniform(1e3, 8e3) * t)
    sound = (tones + of_class.uniform(0.1, 1) * hiss) * np.exp(-6 * (t % 0.5))
    return _wav(rng.uniform(0.2, 0.9) * sound / np.abs(sound).max(), EVENT_RATE, "PCM_16")


def _wav(audio: Signal, rate: int, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, audio, rate, subtype=subtype, format="WAV")
    return file.getvalue()


def write_archives(
    folder: Path, index: pd.DataFrame, wanted: Iterable[str], make: Callable[[pd.Series], bytes]
) -> list[Path]:
    """Write the archives of an index, with its recordings of the wanted names in them."""
    rows = index[index["name"].isin(set(wanted))]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in sorted(index["archive"].unique())]
    for path in paths:
        with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for _, row in rows[rows["archive"] == path.name].iterrows():
                info = zipfile.ZipInfo(row["member"])  # its date is not today's: same bytes
                archive.writestr(info, make(row), zipfile.ZIP_DEFLATED, COMPRESSION)
    return paths


def make_scene(row: pd.Series) -> bytes:
    """The scene of an index's row."""
    return scene(int(row.name))


def make_event(row: pd.Series) -> bytes:
    """The event of an index's row."""
    return event(int(row.name), float(row["seconds"]))


def where_of(folder: Path) -> dict[str, tuple[str, str]]:
    """The archive and the member of each recording by its name, by the indices in `folder`."""
    return {
        row["name"]: (str(folder / role / row["archive"]), row["member"])
        for role in ("scenes", "events")
        for row in read_index(folder / f"{role}.csv").to_dict("records")
    }
