"""The mel scale and its filters, after Slaney's Auditory Toolbox (1998).

Conventions
-----------
- The scale is linear to 1000 Hz, 15 mel there, then logarithmic: 27 mel a factor of 6.4.
- Filters are triangles between the centres of the neighbouring bands, of unit area over hertz.
- Values are librosa's, whose import would take longer than many a step; tests compare them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LINEAR_TO_HZ, LINEAR_TO_MEL = 1000.0, 15.0
HZ_PER_MEL = LINEAR_TO_HZ / LINEAR_TO_MEL
LOG_STEP = np.log(6.4) / 27  # natural logarithm of the factor of one mel


def hz_to_mel(hz: ArrayLike) -> NDArray[np.float64]:
    """Places on the scale of frequencies in Hz, of the same shape."""
    frequencies = np.asarray(hz, np.float64)
    above = np.log(np.maximum(frequencies, LINEAR_TO_HZ) / LINEAR_TO_HZ) / LOG_STEP
    return np.where(frequencies < LINEAR_TO_HZ, frequencies / HZ_PER_MEL, LINEAR_TO_MEL + above)


def mel_to_hz(mel: ArrayLike) -> NDArray[np.float64]:
    """Frequencies in Hz of places on the scale, of the same shape."""
    places = np.asarray(mel, np.float64)
    above = LINEAR_TO_HZ * np.exp(LOG_STEP * (np.maximum(places, LINEAR_TO_MEL) - LINEAR_TO_MEL))
    return np.where(places < LINEAR_TO_MEL, HZ_PER_MEL * places, above)


def mel_filters(
    sample_rate: int, window: int, mels: int, fmin: float, fmax: float
) -> NDArray[np.float32]:
    """Filters (bins, mels) of the bins of a window of so many samples; fmin, fmax in Hz."""
    low, high = hz_to_mel([fmin, fmax])
    centres = mel_to_hz(np.linspace(low, high, mels + 2))
    bins = np.fft.rfftfreq(window, 1 / sample_rate)[:, None]
    widths = np.diff(centres)
    rising = (bins - centres[:-2]) / widths[:-1]
    falling = (centres[2:] - bins) / widths[1:]
    triangles = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return (triangles * (2 / (centres[2:] - centres[:-2]))).astype(np.float32)
