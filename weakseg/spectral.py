"""STFT, mel, inverse mel, log-mel and ideal masks.

Conventions
-----------
- Frames of `window` samples every `hop` samples, no padding: frame t covers
  samples t*hop to t*hop + window.  Symmetric Hamming window w.
- STFT values are divided by sqrt(sum w^2), so that the magnitude does not
  depend on the window's length; arrays are (frames, bins).
- Mel filters are Slaney's (`mel`), applied to magnitudes.
- All as in Kong et al., arXiv 1804.04715, section V-B, and its implementation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.fft
import scipy.sparse
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from weakseg.mel import mel_filters

Spectrum = NDArray[np.complexfloating[Any, Any]]
Magnitude = NDArray[np.floating[Any]]

LARGEST = 1_000_000  # sample rate, window, hop, number of mels
EPSILON = 1e-8  # added before a logarithm or a division, as published


@dataclass(frozen=True)
class Spectral:
    """The settings of the time-frequency representation, and what follows from them.

    sample_rate, fmin, fmax in Hz; window and hop in samples.
    """

    sample_rate: int
    window: int
    hop: int
    mels: int
    fmin: float
    fmax: float

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Spectral:
        """From the settings that stores and models carry (other keys are left aside).

        ValueError if one is missing or no setting.
        """
        missing = [name for name in cls.__dataclass_fields__ if name not in settings]
        if missing:
            raise ValueError(f"feature settings without {missing[0]}")
        given = cls(**{name: settings[name] for name in cls.__dataclass_fields__})
        for name in ("sample_rate", "window", "hop", "mels"):
            value = getattr(given, name)
            if not isinstance(value, int) or not 1 <= value <= LARGEST:
                raise ValueError(f"feature settings: {name} is {value!r}, not from 1 to {LARGEST}")
        if not 0 <= given.fmin < given.fmax <= given.sample_rate / 2:
            raise ValueError(f"feature settings: from {given.fmin!r} to {given.fmax!r} Hz")
        return given

    def settings(self) -> dict[str, Any]:
        """The settings as plain values, for stores and models."""
        return asdict(self)

    @property
    def frames_per_second(self) -> float:
        return self.sample_rate / self.hop

    def n_frames(self, n_samples: int) -> int:
        """Number of whole frames in `n_samples`."""
        return max(0, (n_samples - self.window) // self.hop + 1)

    @cached_property
    def hamming(self) -> NDArray[np.float64]:
        """The window, (window,), divided by sqrt(sum w^2)."""
        window = np.hamming(self.window)
        return window / np.sqrt((window**2).sum())

    @cached_property
    def filterbank(self) -> NDArray[np.float32]:
        """Mel filters, (bins, mels)."""
        return mel_filters(self.sample_rate, self.window, self.mels, self.fmin, self.fmax)

    @cached_property
    def _sparse_filters(self) -> scipy.sparse.csr_array:
        return scipy.sparse.csr_array(self.filterbank.T)

    @cached_property
    def inverse_filterbank(self) -> NDArray[np.float32]:
        """A bin's share in each band, (mels, bins), as published.

        It is the filters / (their sum over bands + 1e-8).
        """
        filters = self.filterbank.astype(np.float64)
        return (filters / (filters.sum(axis=1, keepdims=True) + EPSILON)).T.astype(np.float32)

    def stft(self, audio: NDArray[np.floating[Any]]) -> Spectrum:
        """Spectrum (frames, bins) of a waveform (samples,), in the waveform's precision."""
        frames = sliding_window_view(audio, self.window)[:: self.hop]
        return scipy.fft.rfft(frames * self.hamming.astype(audio.dtype), axis=1)

    def mel(self, spectrum: Spectrum) -> Magnitude:
        """Mel magnitudes (frames, mels) of a spectrum (frames, bins)."""
        return self.mel_of(np.abs(spectrum))

    def mel_of(self, magnitude: Magnitude) -> Magnitude:
        """Mel magnitudes (frames, mels) of magnitudes (frames, bins)."""
        # A filter covers few bins.  And a dense product would start BLAS's threads, which wait
        # busily beside those of a training.
        mel: Magnitude = (self._sparse_filters @ magnitude.T).T
        return mel

    def logmel(self, audio: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Log-mel (frames, mels), natural logarithm, of a waveform (samples,)."""
        return log_of_mel(self.mel(self.stft(audio)))

    def active_frames(self, onset: float, offset: float, n_frames: int) -> slice:
        """An event's frames, int(onset * rate) to int(offset * rate) inclusive, as published."""
        first, last = int(onset * self.frames_per_second), int(offset * self.frames_per_second)
        return slice(min(first, n_frames), min(last + 1, n_frames))


def log_of_mel(mel: Magnitude) -> NDArray[np.float32]:
    """ln(mel + 1e-8)."""
    return np.log(mel + np.float32(EPSILON)).astype(np.float32)


def ideal_binary_mask(wanted: Magnitude, rest: Magnitude, threshold_db: float) -> NDArray[np.bool_]:
    """Cells where `wanted` is louder than `rest` plus `threshold_db` (dB).

    The published form: 20 log10(E / (S + 1e-8) + 1e-8) > threshold.
    """
    ratio = wanted / (rest + EPSILON) + EPSILON
    return 20 * np.log10(ratio) > threshold_db


def ideal_ratio_mask(wanted: Magnitude, rest: Magnitude) -> Magnitude:
    """wanted / (wanted + rest), 0..1."""
    return wanted / (wanted + rest + EPSILON)


def class_masks(
    spectral: Spectral,
    stems: NDArray[np.floating[Any]],
    labels: Sequence[int],
    spans: Sequence[slice],
    threshold_db: float,
    truth: str,
) -> tuple[NDArray[np.float32], dict[int, NDArray[np.bool_]]]:
    """Log-mel of the mixture, and the ideal mask (frames, mels) of each class in it.

    stems (samples, events + 1), the scene last; labels and spans: class index and active frames of
    each event.  truth "class": a class's events against everything else.  "events": all events
    against the scene, cut to the class's frames, as published; where events overlap it cannot tell
    them apart.
    """
    scene: Spectrum = spectral.stft(stems[:, -1])
    parts = [_sounding(spectral, stem) for stem in stems.T[:-1]]
    all_events = _sum_of(parts, scene)
    mixture = all_events + scene
    masks = {}
    for label in sorted(set(labels)):
        mine = [i for i, other in enumerate(labels) if other == label]
        active = _activity([spans[i] for i in mine], len(scene))
        events, rest = all_events[active], scene[active]
        if truth == "class":
            heard = _hull([spans[i] for i in mine])
            events = _sum_of([parts[i] for i in mine], scene[heard], heard.start)[active[heard]]
            rest = mixture[active] - events
        ideal = ideal_binary_mask(spectral.mel(events), spectral.mel(rest), threshold_db)
        masks[label] = np.zeros((len(scene), spectral.mels), bool)
        masks[label][active] = ideal
    return log_of_mel(spectral.mel(mixture)), masks


def _sounding(spectral: Spectral, stem: NDArray[np.floating[Any]]) -> tuple[slice, Spectrum]:
    """The frames in which a stem is not silent, and its spectrum there."""
    sound = stem != 0
    begin, stop = sound.argmax(), len(sound) - sound[::-1].argmax()
    first = max(0, (begin - spectral.window) // spectral.hop + 1)
    end = min(spectral.n_frames(len(stem)), (stop - 1) // spectral.hop + 1)
    if first >= end or not sound[begin]:
        return slice(0, 0), np.empty((0, spectral.window // 2 + 1), complex)
    samples = slice(first * spectral.hop, (end - 1) * spectral.hop + spectral.window)
    return slice(first, end), spectral.stft(stem[samples])


def _sum_of(parts: Sequence[tuple[slice, Spectrum]], like: Spectrum, first: int = 0) -> Spectrum:
    """The sum of stems that sound in a few frames, for as many frames as `like` from `first` on."""
    total: Spectrum = np.zeros_like(like)
    for frames, spectrum in parts:
        begin, end = (min(max(at, first), first + len(like)) for at in (frames.start, frames.stop))
        total[begin - first : end - first] += spectrum[begin - frames.start : end - frames.start]
    return total


def _hull(spans: Sequence[slice]) -> slice:
    """From where the first of some spans begins to where the last ends."""
    return slice(min(span.start for span in spans), max(span.stop for span in spans))


def _activity(spans: Sequence[slice], n_frames: int) -> NDArray[np.bool_]:
    active = np.zeros(n_frames, bool)
    for span in spans:
        active[span] = True
    return active
