"""Fresh mixtures: training clips that are drawn anew for each step.

Conventions
-----------
- A clip is half the sum of a scene and of its events, scaled so that the largest sample of any of
  them is 1, and comes as log-mel with its weak label; where its events lie is told to nobody.
- It may come a second time, its scene softer, scaled by what is loudest then: for a teacher, and to
  say how much of each cell is of its events, whichever they are.
- All is a function of the seed, the iteration and the clip's place in the batch, so a training
  that goes on from iteration N draws what it would have drawn.
- Each event's class is drawn first, so that classes with few recordings are heard as often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from weakseg.background import SILENT
from weakseg.crossfade import FADE_SECONDS, crossfade, repeated
from weakseg.equaliser import equalised
from weakseg.levels import largest, rms
from weakseg.machine_code import in_machine_code
from weakseg.material import Material, Place, part_of
from weakseg.spectral import Spectral, log_of_mel

Waveform = NDArray[np.float32]

QUIET = 0.25  # of a recording's rms: a part that is quieter hardly holds the event
TRIES = 4  # to find a part that is loud enough


@dataclass(frozen=True)
class Recipe:
    """How a clip is drawn.

    seconds: its length; event_seconds: at most this much of an event is heard.
    events: the fewest and the most events; 0 is a scene alone.
    level_db: the least and the most that an event's level lies above `snr_db` (over the scene's).
    speed: an event is played at most this share faster or slower, pitch and all.
    crop: probability that an event begins anywhere in its recording, not with its first sound.
    filter_db: each of three filters (low, middle, high) makes its part of an event's spectrum at
    most so much louder or softer (`equaliser`); 0 for none.
    """

    seconds: float
    event_seconds: float
    snr_db: float
    events: tuple[int, int]
    level_db: tuple[float, float]
    speed: float
    crop: float
    filter_db: float = 0.0

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Recipe:
        """From plain values, with lists for ranges."""
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in settings.items()
        }
        return cls(**plain)


class FreshClip(NamedTuple):
    """Name (what it was mixed from), log-mel (frames, mels) float32, labels (classes,) bool.

    softer: log-mel of the same events over a softer scene, likewise, or None; foreground: with it,
    the share of all events together in each cell's magnitude, 0..1, likewise.
    """

    name: str
    logmel: NDArray[np.float32]
    labels: NDArray[np.bool_]
    softer: NDArray[np.float32] | None = None
    foreground: NDArray[np.float32] | None = None


class FreshMixtures:
    """Draws clips from the recordings of the training folds.

    softer_db: by how much softer the scene of `FreshClip.softer` is; None: there is none.
    """

    def __init__(
        self,
        material: Material,
        spectral: Spectral,
        recipe: Recipe,
        seed: int,
        softer_db: float | None = None,
    ):
        self._material, self._spectral, self._recipe = material, spectral, recipe
        self._seed, self._softer_db = seed, softer_db
        self._window = torch.from_numpy(spectral.hamming.astype(np.float32))
        self._labels = [label for label, events in enumerate(material.events) if events]

    def clip(self, iteration: int, number: int) -> FreshClip:
        """The clip `number` of an iteration's batch, both counted from 0."""
        rng = np.random.default_rng([self._seed, iteration, number])
        scene = self._material.scenes[rng.integers(len(self._material.scenes))]
        background = self._scene(scene, rng)
        mixture = background if self._softer_db is None else background.copy()
        names, labels = [scene[1].name], np.zeros(len(self._material.classes), bool)
        fewest, most = self._recipe.events
        peaks = [largest(background)]
        for _ in range(rng.integers(fewest, most + 1)):
            label = self._labels[rng.integers(len(self._labels))]
            event = self._material.events[label][rng.integers(len(self._material.events[label]))]
            peaks.append(self._add(event, mixture, rng))
            names.append(event[1].name)
            labels[label] = True
        twice = self._twice(mixture, background, peaks)
        return FreshClip(" + ".join(names), twice[0], labels, *twice[1:])

    def _twice(
        self, mixture: Waveform, background: Waveform, peaks: Sequence[float]
    ) -> tuple[NDArray[np.float32], ...]:
        """Log-mel of the mixture and, if it is wanted, over a softer scene, and what share of each
        cell is not the scene's; peaks: the scene's first."""
        if self._softer_db is None:
            return (self._logmel(mixture * _scale(peaks)),)
        left = 10 ** (-self._softer_db / 20)
        softer_peaks = [left * peaks[0], *peaks[1:]]
        over_softer = (mixture - (1 - left) * background) * _scale(softer_peaks)
        logmel, softer = self._logmel(mixture * _scale(peaks)), self._logmel(over_softer)
        louder = np.log(_scale(softer_peaks) / _scale(peaks))
        return logmel, softer, share_of_events(logmel, softer - louder, left)

    def _logmel(self, audio: Waveform) -> NDArray[np.float32]:
        """As `Spectral.logmel`, but for rounding, with torch's Fourier transform.

        SciPy's takes three times as long, but needs no torch, whose import other steps would feel.
        """
        frames = torch.from_numpy(audio).unfold(0, self._spectral.window, self._spectral.hop)
        spectrum = torch.fft.rfft(frames * self._window).numpy()
        return log_of_mel(self._spectral.mel(spectrum))

    def _samples(self, seconds: float) -> int:
        return round(seconds * self._spectral.sample_rate)

    def _scene(self, scene: Place, rng: np.random.Generator) -> Waveform:
        """A scene from a random point on, begun again with a cross-fade, its rms 1."""
        wanted = self._samples(self._recipe.seconds)
        audio = part_of(scene, int(rng.integers(scene[1].length)), wanted)
        if len(audio) < wanted:
            longest_fade = min(self._samples(FADE_SECONDS), scene[1].length // 2)
            fade = min(longest_fade, len(audio))
            missing = wanted - len(audio) + fade
            again = repeated(part_of(scene, 0, missing), missing, longest_fade)
            audio = crossfade(audio, again, fade)
        audio /= max(rms(audio), 1.0)
        return audio

    def _add(self, event: Place, mixture: Waveform, rng: np.random.Generator) -> float:
        """Add a part of an event somewhere; returns its largest absolute value."""
        low, high = self._recipe.level_db
        level_db = self._recipe.snr_db + rng.uniform(low, high)
        speed = 1 + self._recipe.speed * rng.uniform(-1, 1)
        heard = at_speed(self._part(event, speed, rng), speed)
        heard = heard[: self._samples(self._recipe.event_seconds)]
        if self._recipe.filter_db:
            heard = equalised(heard, self._recipe.filter_db, self._spectral.sample_rate, rng)
        heard *= 10 ** (level_db / 20) / max(rms(heard), 1e-9)
        onset = rng.integers(len(mixture) - len(heard) + 1)
        mixture[onset : onset + len(heard)] += heard
        return largest(heard)

    def _part(self, event: Place, speed: float, rng: np.random.Generator) -> Waveform:
        """As much of an event as is heard, from its first sound or from a place loud enough."""
        needed = int(self._samples(self._recipe.event_seconds) * speed) + 2
        if rng.random() < self._recipe.crop:
            for _ in range(TRIES):
                first = int(rng.integers(max(1, event[1].length - needed // 2)))
                part = part_of(event, first, needed)
                if rms(part) > QUIET * event[1].rms:
                    return part
        return part_of(event, 0, needed)


def _scale(peaks: Sequence[float]) -> np.float32:
    """What a mixture is multiplied by, from the peaks of its scene and events."""
    return np.float32(0.5 / (max(peaks) or 1.0))  # a silent part of a scene alone


def share_of_events(
    logmel: NDArray[np.float32], softer: NDArray[np.float32], left: float
) -> NDArray[np.float32]:
    """How much of each cell's magnitude (frames, mels) all events together are, in 0..1.

    From log-mel of the mixture, and of the same with so much of its scene `left`: its magnitude is
    then `left` of what it was where there is nothing else, and as it was where there is no scene.
    A clip whose scene is left as it is says nothing of that: 1.  Digital silence has no event: 0.
    """
    if left == 1:
        return np.ones_like(logmel)
    kept = np.exp(np.minimum(softer - logmel, 0))
    share = np.clip((kept - left) / (1 - left), 0, 1)
    return np.where(logmel < SILENT, 0, share).astype(np.float32)


@in_machine_code
def at_speed(audio: Waveform, speed: float) -> Waveform:
    """Audio played faster (speed > 1) or slower, by linear interpolation between samples."""
    played = np.empty(int(np.ceil(max(len(audio) - 1, 0) / speed)), np.float32)
    for sample in range(len(played)):
        place = sample * speed
        before = int(place)
        share = np.float32(place - before)
        after = min(before + 1, len(audio) - 1)
        played[sample] = audio[before] * (np.float32(1) - share) + audio[after] * share
    return played
