"""Waveforms from masks.

Conventions
-----------
- Masks are (frames, mels), 0..1; spectra (frames, bins); waveforms (samples,).
- A mel mask becomes a mask of STFT bins through the inverse filter bank, which
  multiplies the mixture's spectrum; the phase is the mixture's.
- Masks that a model cut to a foreground of mel bands (what stands out of a noise floor, or a map
  that it has learnt) are, at the resolution of the STFT, sharpened to that of its bins, and scaled
  down where those of the classes that were found come to more than 1 together: no part of the
  mixture is in two of their stems, and these and what is left over sum to it.
- `separate_published` is the published arithmetic: it loses the lowest bins, which
  no mel filter covers, ramps over the first frame and drops the last samples.
  `separate` mends all three and returns as many samples as it was given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from weakseg.background import standing_out
from weakseg.spectral import EPSILON, Magnitude, Spectral

# Chosen on mixtures of training folds: bins are noisier than bands, so they must stand out further.
BIN_ABOVE = 1.0
LEAST_FOREGROUND = 0.05  # where less stands out, a mask says little of whose it is

FloatArray = NDArray[np.floating[Any]]


def separate_published(mixture: FloatArray, mel_mask: Magnitude, spectral: Spectral) -> FloatArray:
    """The published separation: (frames * hop + window - hop,) samples.

    Overlap-add divided by the mean of the window's overlap.
    """
    masked = spectral.stft(mixture)[: len(mel_mask)] * (mel_mask @ spectral.inverse_filterbank)
    frames = scipy.fft.irfft(masked, n=spectral.window, axis=1)
    return overlap_add(frames, spectral.hop) / (spectral.hamming.sum() / spectral.hop)


def overlap_add(frames: FloatArray, hop: int) -> FloatArray:
    """Sum frames (frames, window), each `hop` samples after the one before."""
    n_frames, window = frames.shape
    steps = -(-window // hop)
    padded = np.zeros((n_frames + steps - 1, hop), frames.dtype)
    for step in range(steps):
        part = frames[:, step * hop : (step + 1) * hop]
        padded[step : step + n_frames, : part.shape[1]] += part
    return padded.ravel()[: (n_frames - 1) * hop + window]


class Separator:
    """Separates any number of masks from one mixture, whose spectrum is computed once."""

    def __init__(self, mixture: FloatArray, spectral: Spectral):
        self._spectral, self._n_samples = spectral, len(mixture)
        self._lead = (
            -(-spectral.window // spectral.hop) - 1
        )  # frames before the first, so that every sample is covered
        n_frames = self._lead + -(-max(len(mixture), 1) // spectral.hop)
        padded = np.zeros((n_frames - 1) * spectral.hop + spectral.window, np.float32)
        start = self._lead * spectral.hop
        padded[start : start + len(mixture)] = mixture
        self._spectrum = spectral.stft(padded)
        weight = np.broadcast_to(
            spectral.hamming.astype(np.float64) ** 2, (n_frames, spectral.window)
        )
        self._norm = overlap_add(weight, spectral.hop)
        self._to_bins = bins_of_bands(spectral)

    def separate_classes(
        self,
        mel_masks: Magnitude,
        wanted: Sequence[int],
        foreground: Mapping[str, float] | None = None,
        found: Sequence[int] | None = None,
        learnt: Magnitude | None = None,
    ) -> NDArray[np.float32]:
        """The waveforms (wanted, samples) of some classes, by masks (classes, frames, mels).

        wanted: indices of classes; foreground: what stands out for the model (`above`,
        `steepness`), or None to take the masks as they are; found: the classes that share the
        mixture, None for the wanted ones.  One that is wanted but not among them is separated as if
        it had been found as well, and takes nothing from the others.  learnt: the map (frames,
        mels) that the masks were cut to, of a model that has one; for a foreground alone.
        """
        if foreground is None:
            return self._waveforms(self._held(mel_masks[wanted] @ self._to_bins))
        sharing = list(wanted if found is None else found)
        heard = sorted({*wanted, *sharing})  # the masks of others are not needed
        shares = np.isin(heard, sharing)
        gains = self.sharpened(mel_masks[heard], shares, learnt, **foreground)
        return self._waveforms(gains[np.searchsorted(heard, wanted)])

    def _waveforms(self, masks: Magnitude) -> NDArray[np.float32]:
        waveforms = np.empty((len(masks), self._n_samples), np.float32)
        for waveform, mask in zip(waveforms, masks, strict=True):
            waveform[:] = self._let_through(mask)
        return waveforms

    def sharpened(
        self,
        mel_masks: Magnitude,
        shares: NDArray[np.bool_],
        learnt: Magnitude | None = None,
        *,
        above: float,
        steepness: float,
    ) -> Magnitude:
        """Masks of bins (classes, frames, bins); those of the classes that share (classes,) come to
        at most 1 in each bin, and any other one with them.

        A class's share of the foreground is one of power, and its root a gain.  The foreground is
        half that of the bands, half that of the bins, whose noise varies more.
        """
        of_bands, of_bins = self._foreground(above, steepness, learnt)
        share = self._held(mel_masks @ self._to_bins) / np.maximum(of_bands, LEAST_FOREGROUND)
        masks = np.sqrt(np.minimum(share, 1)) * (of_bands + of_bins) / 2
        total = masks[shares].sum(axis=0) + masks * ~shares[:, None, None]
        return masks / np.maximum(total, 1)

    def _foreground(
        self, above: float, steepness: float, learnt: Magnitude | None
    ) -> tuple[Magnitude, Magnitude]:
        """How surely the bands that cover each bin are foreground, and the bin itself, (frames,
        bins) each: what stands out; but where a model has learnt that bands are none, no bin is.
        """
        # Where there are whole frames they are the model's: in one that is partly past the end the
        # noise is softer, and for seconds before it all would stand out.
        n_frames = self._spectral.n_frames(self._n_samples)
        whole = slice(self._lead, self._lead + n_frames) if n_frames else slice(None)
        held = self._held if n_frames else np.asarray
        magnitude = np.abs(self._spectrum[whole])
        bins = np.log(magnitude + np.float32(EPSILON))
        of_bins = held(standing_out(bins, above + BIN_ABOVE, steepness))
        if learnt is not None:
            of_bands = self._held(learnt @ self._to_bins)
            return of_bands, of_bands * of_bins
        bands = np.log(self._spectral.mel_of(magnitude) + np.float32(EPSILON))
        return held(standing_out(bands, above, steepness) @ self._to_bins), of_bins

    def separate(self, mel_mask: Magnitude) -> NDArray[np.float32]:
        """The waveform (samples,) that a mask (frames, mels) lets through.

        Outside the mask's frames its first and last are held; a mask of ones returns the mixture.
        """
        return self.apply(mel_mask @ self._to_bins)

    def apply(self, mask: Magnitude) -> NDArray[np.float32]:
        """The same for a mask of STFT bins, (frames, bins)."""
        return self._let_through(self._held(mask))

    def _held(self, mask: Magnitude) -> Magnitude:
        """A mask (..., frames, bins) for the frames of the padded mixture."""
        frames = np.arange(len(self._spectrum)) - self._lead
        return mask[..., np.clip(frames, 0, mask.shape[-2] - 1), :]

    def _let_through(self, mask: Magnitude) -> NDArray[np.float32]:
        frames = scipy.fft.irfft(self._spectrum * mask, n=self._spectral.window, axis=1)
        audio = overlap_add(frames * self._spectral.hamming, self._spectral.hop) / self._norm
        start = self._lead * self._spectral.hop
        return audio[start : start + self._n_samples].astype(np.float32)


def bins_of_bands(spectral: Spectral) -> NDArray[np.float32]:
    """Each bin's mask as a mean of the bands that cover it, (mels, bins).

    The weights sum to 1 in every bin.  A bin that no filter covers takes the nearest
    band, where the published form sets it to 0.
    """
    share = spectral.filterbank.T / np.maximum(spectral.filterbank.sum(axis=1), 1e-12)
    covered = np.flatnonzero(spectral.filterbank.sum(axis=1) > 0)
    bins = np.arange(share.shape[1])
    nearest = covered[np.abs(bins[:, None] - covered[None, :]).argmin(axis=1)]
    return share[:, nearest].astype(np.float32)


def file_name_of(mixture_name: str, class_index: int, label: str) -> str:
    """A file name for a separated class: labels may hold any character, names of files may not."""
    return f"{PurePath(mixture_name).stem}-{class_file_name(class_index, label)}"


def class_file_name(class_index: int, label: str) -> str:
    """The same without the mixture, for a folder of its own."""
    safe = re.sub(r"[^\w.-]+", "_", label)[:40]
    return f"{class_index:02d}-{safe}.flac"
