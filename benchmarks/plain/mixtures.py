"""Rendering and features, a clip at a time, with librosa: what most would write first.

The arithmetic is that of the paper, what is kept is what a script would keep: float32 waveforms
of every stem, and the spectra that masks are made of.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import soundfile

from weakseg.plan import PlannedMixture


def render(
    mixtures: Sequence[PlannedMixture],
    where: Mapping[str, tuple[str, str]],
    folder: Path,
    sample_rate: int,
    seconds: float,
    snr_db: float,
) -> None:
    """Write a WAV file of each mixture, its scene and its events.

    where: a recording's archive and member.
    """
    folder.mkdir(parents=True, exist_ok=True)
    n_samples = round(seconds * sample_rate)
    for mixture in mixtures:
        scene = load(*where[mixture["scene_audio_name"]], sample_rate)[:n_samples]
        scene = scene / np.sqrt(np.mean(scene**2))
        stems = [scene]
        for event in mixture["events"]:
            sound = load(*where[event["event_audio_name"]], sample_rate)
            sound = sound / np.sqrt(np.mean(sound**2)) * 10 ** (snr_db / 20)
            first, last = (round(event[end] * sample_rate) for end in ("onset", "offset"))
            stem = np.zeros(n_samples, np.float32)
            stem[first:last] = sound[: last - first]
            stems.append(stem)
        peak = max(np.abs(stem).max() for stem in stems)
        name = Path(mixture["mixture_name"]).stem
        for part, audio in [("mixture", np.sum(stems, axis=0) / 2), *enumerate(stems)]:
            path = folder / f"{name}.{part}.wav"
            soundfile.write(path, audio / peak, sample_rate, subtype="FLOAT")


def load(archive: str, member: str, sample_rate: int) -> np.ndarray[Any, Any]:
    """A recording of an archive at a sample rate, (samples,)."""
    with zipfile.ZipFile(archive) as opened:
        audio, _ = librosa.load(io.BytesIO(opened.read(member)), sr=sample_rate)
    return audio


def features(
    mixtures: Sequence[PlannedMixture], folder: Path, spectral: Mapping[str, Any], kept: Path
) -> None:
    """Keep log-mel and the spectra of mixture, events and scene of each mixture."""
    kept.mkdir(parents=True, exist_ok=True)
    for mixture in mixtures:
        name = Path(mixture["mixture_name"]).stem
        parts = ["mixture", *range(len(mixture["events"]) + 1)]
        audio = {part: soundfile.read(folder / f"{name}.{part}.wav")[0] for part in parts}
        events = np.sum([audio[part] for part in parts[2:]], axis=0)
        whole, scene, heard = (
            np.abs(
                librosa.stft(
                    one,
                    n_fft=spectral["window"],
                    hop_length=spectral["hop"],
                    window="hamming",
                    center=False,
                )
            ).astype(np.float32)
            for one in (audio["mixture"], audio[0], events)
        )
        bands = librosa.feature.melspectrogram(
            S=whole,
            sr=spectral["sample_rate"],
            n_mels=spectral["mels"],
            fmin=spectral["fmin"],
            fmax=spectral["fmax"],
        )
        np.savez(kept / f"{name}.npz", np.log(bands + 1e-8), whole, scene, heard)
