"""Render planned mixtures, as weakseg.rendered has them.

Conventions
-----------
- `snr_db` is the level of each event over the scene's, whose rms is 1 before the
  common scaling (Kong et al., arXiv 1804.04715, section V-A).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg.audio import (
    AudioError,
    Waveform,
    loop,
    to_level,
    to_pcm16,
)
from weakseg.crossfade import FADE_SECONDS
from weakseg.files import keep_only
from weakseg.flac_encoder import write_flac
from weakseg.levels import largest, rms
from weakseg.plan import PlannedEvent, PlannedMixture
from weakseg.rendered import ManifestRow, crc32

MARGIN_SECONDS = 0.1
KEPT_BYTES = 1 << 28  # of recordings that may be heard again

Reader = Callable[[str], Waveform]
Announcer = Callable[[str], None]


class Recording(NamedTuple):
    """As much of a recording as can be heard, (samples,) float32, and the rms of all of it.

    It errs by 6e-8 of a sample, far less than the 16 bits that are written.
    """

    audio: NDArray[np.float32]
    rms: float

    @classmethod
    def of(cls, waveform: Waveform, n_samples: int | None = None) -> Recording:
        """A recording of which at most `n_samples` are heard."""
        return cls(waveform[:n_samples].astype(np.float32), rms(waveform))


def render(
    mixture: PlannedMixture,
    read_scene: Reader,
    read_event: Callable[[str], Recording],
    *,
    snr_db: float,
    sample_rate: int,
    seconds: float,
    level_over: str,
) -> NDArray[np.int16]:
    """Render a mixture, (samples, events + 1) int16.

    read_scene, read_event: give a recording at `sample_rate` by its name.
    level_over: "heard" sets the level of the part of the event that is heard, from its first sound;
    "file" sets it over the whole recording and then cuts, as published, so the heard level differs.
    """
    n_samples = round(seconds * sample_rate)
    heard = []
    for event in mixture["events"]:
        recording = read_event(event["event_audio_name"])
        with naming(event["event_audio_name"]):
            heard.append(_heard(recording, event, n_samples, snr_db, sample_rate, level_over))
    scene = read_scene(mixture["scene_audio_name"])
    with naming(mixture["scene_audio_name"]):
        scene = loop(scene, n_samples, round(FADE_SECONDS * sample_rate))
        heard.append(Heard(0, to_level(scene, 0.0)))
    peak = _peak(heard, n_samples)
    stems = np.zeros((n_samples, len(heard)), np.int16)
    for channel, part in enumerate(heard):
        stems[part.span, channel] = to_pcm16(part.audio / peak)
    return stems


@contextmanager
def naming(recording: str) -> Iterator[None]:
    """Put the recording's name into an AudioError."""
    try:
        yield
    except AudioError as error:
        raise AudioError(f"{recording}: {error}") from error


class Heard(NamedTuple):
    """What of a recording is heard, (samples,), and at which sample of the mixture it begins."""

    first: int
    audio: Waveform

    @property
    def span(self) -> slice:
        return slice(self.first, self.first + len(self.audio))


def _heard(
    recording: Recording,
    event: PlannedEvent,
    n_samples: int,
    snr_db: float,
    sample_rate: int,
    level_over: str,
) -> Heard:
    first = int(event["onset"] * sample_rate)
    length = min(int(event["offset"] * sample_rate), n_samples) - first
    audio = recording.audio[:length].astype(np.float64)
    return Heard(first, to_level(audio, snr_db, recording.rms if level_over == "file" else None))


def _peak(heard: Sequence[Heard], n_samples: int) -> float:
    """Largest absolute value of the scene, any event, and the sum of events (published scale)."""
    events = np.zeros(n_samples)
    for part in heard[:-1]:
        events[part.span] += part.audio
    return max(largest(audio) for audio in (events, *(part.audio for part in heard)))


def reader_of(
    index: pd.DataFrame,
    read: Callable[..., Waveform],
    sample_rate: int,
    seconds: float | None,
    skip_lead: bool,
) -> Reader:
    """A reader by name for an index of recordings, of `seconds` each, or of all of it (None).

    skip_lead drops what lies before the first sound.  `read` is `Collection.read_mono`.
    """
    usable = index[index.usable]
    places = zip(usable["archive"], usable["member"], usable["starts"], strict=True)
    where = dict(zip(usable["name"], places, strict=True))

    def read_recording(name: str) -> Waveform:
        archive, member, starts = where[name]
        lead = starts if skip_lead else 0.0
        # the margin holds the resampler's edge
        needed = None if seconds is None else lead + seconds + MARGIN_SECONDS
        audio = read(archive, member, sample_rate, needed)
        audio = audio[round(lead * sample_rate) :]
        return audio if seconds is None else audio[: math.ceil(seconds * sample_rate)]

    return read_recording


def announcer_of(index: pd.DataFrame, prefetch: Callable[[str, str], None]) -> Announcer:
    """Has the system read a recording, by its name, from the disk; each once, as most are kept.

    `prefetch` is `Collection.prefetch`.
    """
    places = zip(index["archive"], index["member"], strict=True)
    where = dict(zip(index["name"], places, strict=True))

    @cache
    def announce(name: str) -> None:
        prefetch(*where[name])

    return announce


def announcing(scene: Announcer, event: Announcer) -> Callable[[PlannedMixture], None]:
    """Announces the recordings of a mixture."""

    def announce(mixture: PlannedMixture) -> None:
        scene(mixture["scene_audio_name"])
        for planned in mixture["events"]:
            event(planned["event_audio_name"])

    return announce


def kept(read: Reader, n_samples: int) -> Callable[[str], Recording]:
    """Recordings by name, of which at most `n_samples` are heard.

    The last ones, as many as KEPT_BYTES hold, are not read again: a fold has fewer recordings than
    its mixtures have events.
    """

    @lru_cache(max(1, KEPT_BYTES // (np.float32().nbytes * n_samples)))
    def recording(name: str) -> Recording:
        return Recording.of(read(name), n_samples)

    return recording


def write_shard(
    directory: Path,
    mixtures: Iterable[PlannedMixture],
    render_one: Callable[[PlannedMixture], NDArray[np.int16]],
    sample_rate: int,
) -> pd.DataFrame:
    """Render mixtures into `directory` as FLAC; the manifest (a row a mixture) is returned.

    Its CRC-32, in eight hexadecimal digits, covers the samples, so that a manifest changes when
    what is heard does; a SHA-256 would take a tenth of the time of features.
    """
    directory.mkdir(parents=True, exist_ok=True)
    rows = []
    for mixture in mixtures:
        with naming(f"mixture {mixture['mixture_name']}"):
            stems = render_one(mixture)
        name = Path(mixture["mixture_name"]).with_suffix(".flac").name
        write_flac(directory / name, stems, sample_rate)
        rows.append(ManifestRow(mixture["mixture_name"], name, crc32(stems)))
    keep_only(directory, "*.flac", {row.file for row in rows})
    return pd.DataFrame(rows, columns=ManifestRow._fields)
