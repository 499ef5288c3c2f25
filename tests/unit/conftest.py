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


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """The file of a small model with a foreground, whose scores follow what it hears."""
    return save_tiny_model(tmp_path_factory.mktemp("tiny"), foreground=True)


@pytest.fixture(scope="session")
def plain_model(tmp_path_factory) -> Path:
    """The file of a small model as published, without a foreground."""
    return save_tiny_model(tmp_path_factory.mktemp("plain"), foreground=False)


@pytest.fixture(scope="session")
def learnt_model(tmp_path_factory) -> Path:
    """The file of one like the first, with a map of the foreground of its own."""
    return save_tiny_model(tmp_path_factory.mktemp("learnt"), foreground=True, learnt=True)


def save_tiny_model(directory: Path, foreground: bool, learnt: bool = False) -> Path:
    import torch

    from weakseg.model import SegmentationModel, save_model

    torch.manual_seed(5 if learnt else 3)  # by which all classes hear something
    settings = Spectral(8000, 512, 256, 16, 50.0, 4000.0).settings()
    network = {"type": "encoder_decoder", "widths": [4, 4, 4], "context": 4, "dilations": [1, 2]}
    if not foreground:
        network = {"type": "published", "widths": [4, 4]}
    pooling = {"type": "linear_softmax"} if foreground else {"type": "gwrp", "decay": 0.99}
    cut = {"above": 1.5, "steepness": 3.0, "cells": 2.0, "learnt": learnt} if foreground else None
    model = SegmentationModel(
        network, pooling, ["bark", "bell / ring", "rain"], settings, 16, cut, clip_frames=60
    )
    model.standardise_with(torch.full((16,), -4.0), torch.full((16,), 1.5))
    last = model.network.maps.last if foreground else model.network.final_conv
    torch.nn.init.normal_(last.weight, std=1.0)
    torch.nn.init.zeros_(last.bias)
    save_model(model, directory / "model.pt")
    return directory / "model.pt"
