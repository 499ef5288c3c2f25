"""What several unit tests share: the golden values of the published method, and small data sets."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from weakseg.spectral import Spectral

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.fixture
def golden() -> Path:
    return GOLDEN


@pytest.fixture
def published_spectral() -> Spectral:
    return Spectral(sample_rate=32000, window=2048, hop=1024, mels=64, fmin=50.0, fmax=16000.0)


@pytest.fixture
def golden_recordings() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The golden data set's indices of scenes and events."""
    mixing = GOLDEN / "mixing"
    listed = pd.read_csv(mixing / "train.csv")
    lengths = pd.read_csv(mixing / "event_durations.csv", float_precision="round_trip")
    events = listed.merge(lengths).rename(columns={"fname": "name"})
    events = events.assign(
        verified=events.manually_verified == 1, usable=True, source=events["name"], starts=0.0
    )
    listed = pd.read_csv(mixing / "meta.csv", sep="\t")
    scenes = pd.DataFrame(
        {
            "name": listed.filename.str.removeprefix("audio/"),
            "label": listed.scene_label,
            "source": listed.identifier,
            "usable": True,
        }
    )
    return scenes, events


@pytest.fixture
def wav():
    """Makes the bytes of a sound file: wav(samples, rate, subtype=..., format=...)."""

    def make(samples, rate=32000, **options) -> bytes:
        buffer = io.BytesIO()
        soundfile.write(buffer, samples, rate, **({"format": "WAV"} | options))
        return buffer.getvalue()

    return make


@pytest.fixture
def noise():
    """Makes quiet noise of so many seconds, (samples,), the same each time."""

    def make(seconds: float, rate: int = 32000, seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).uniform(-0.1, 0.1, round(seconds * rate))

    return make


@pytest.fixture
def pack(tmp_path):
    """Writes a zip archive: pack("name.zip", {member: bytes})."""

    def write(name: str, members: dict[str, bytes]) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        return tmp_path / name

    return write


@pytest.fixture
def as_csv():
    """Makes the bytes of a table: as_csv(header, *rows, delimiter=...)."""

    def make(*rows: list, delimiter: str = ",") -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerows(rows)
        return text.getvalue().encode()

    return make
