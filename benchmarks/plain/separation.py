"""Separation of a clip with librosa, and BSS Eval 3 with SciPy, an estimate at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import librosa
import numpy as np
import scipy.linalg
import scipy.signal
from numpy.typing import NDArray

Signals = NDArray[np.float64]
TAPS = 512


def separate(mixture: Signals, mask: NDArray[Any], spectral: Mapping[str, Any]) -> Signals:
    """The waveform that a mask (frames, mels) lets through."""
    filters = librosa.filters.mel(
        sr=spectral["sample_rate"],
        n_fft=spectral["window"],
        n_mels=spectral["mels"],
        fmin=spectral["fmin"],
        fmax=spectral["fmax"],
    )
    bins = (mask @ (filters / (filters.sum(axis=0) + 1e-8))).T
    frames = {"hop_length": spectral["hop"], "window": "hamming", "center": False}
    spectrum = librosa.stft(mixture, n_fft=spectral["window"], **frames)
    wanted = spectrum[:, : bins.shape[1]] * bins[:, : spectrum.shape[1]]
    return librosa.istft(wanted, length=len(mixture), **frames)


def bss_eval(references: Signals, estimate: Signals, own: int) -> tuple[float, float, float]:
    """SDR, SIR and SAR in dB of an estimate (samples,), whose reference is references[own]."""
    target = project(references[own : own + 1], estimate)
    explained = project(references, estimate)
    padded = np.append(estimate, np.zeros(TAPS - 1))

    def ratio(signal: Signals, noise: Signals) -> float:
        return float(10 * np.log10((signal**2).sum() / (noise**2).sum()))

    return (
        ratio(target, padded - target),
        ratio(target, explained - target),
        ratio(explained, padded - explained),
    )


def project(references: Signals, estimate: Signals) -> Signals:
    """The estimate's projection on all delays of the references, (samples + TAPS - 1,)."""
    n_samples = references.shape[1]

    def lags(one: Signals, other: Signals) -> Signals:
        whole = scipy.signal.fftconvolve(other, one[::-1])
        return whole[n_samples - TAPS : n_samples + TAPS - 1]

    blocks = [
        [
            scipy.linalg.toeplitz(both[TAPS - 1 :], both[TAPS - 1 :: -1])
            for both in (lags(one, other) for other in references)
        ]
        for one in references
    ]
    right = np.concatenate([lags(one, estimate)[TAPS - 1 :] for one in references])
    taps = np.linalg.solve(np.block(blocks), right).reshape(len(references), TAPS)
    filtered = [scipy.signal.fftconvolve(r, t) for r, t in zip(references, taps, strict=True)]
    return np.sum(filtered, axis=0)
