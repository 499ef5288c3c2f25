"""What one SNR takes on disk: mixtures and features."""

from __future__ import annotations

from pathlib import Path

from benchmarks.inputs import SNR_DB, Inputs, chosen_mixtures, make_features
from benchmarks.plain import mixtures as plain
from benchmarks.recordings import where_of
from benchmarks.rows import Row

PLAIN_CLIPS = 5


def measure(inputs: Inputs) -> list[Row]:
    make_features(inputs)
    folders = [inputs.path("mixtures"), inputs.path("features")]
    size = sum(map(size_of, folders)) / inputs.n_rendered * inputs.n_mixtures / 1e9
    plain_size = plain_bytes(inputs) / PLAIN_CLIPS * inputs.n_mixtures / 1e9
    unit = f"GB of {inputs.n_mixtures} mixtures and features at {SNR_DB:g} dB"
    scaled = f"scaled from {inputs.n_rendered}, plain from {PLAIN_CLIPS}"
    return [Row("disk_gb_per_snr", size, f"{unit}, {scaled}", plain_size)]


def size_of(folder: Path) -> int:
    """Bytes of the files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def plain_bytes(inputs: Inputs) -> int:
    """Bytes that the plain implementation keeps of PLAIN_CLIPS mixtures."""
    settings, mixtures = inputs.config["mixtures"], chosen_mixtures(inputs)[:PLAIN_CLIPS]
    audio, kept = inputs.path("plain/disk/mixtures"), inputs.path("plain/disk/features")
    where, rate = where_of(inputs.work), settings["sample_rate"]
    plain.render(mixtures, where, audio, rate, settings["seconds"], SNR_DB)
    plain.features(mixtures, audio, inputs.spectral, kept)
    return size_of(audio) + size_of(kept)
