"""A random equaliser: a sound as another microphone, place or distance would have given it.

Conventions
-----------
- Three sections of second order, one after the other: a low shelf, a peak and a high shelf, by
  the formulas of Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter
  coefficients" (W3C note 2021), with a shelf slope of 1.
- A section is b0, b1, b2, 1, a1, a2, as in `scipy.signal`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weakseg.machine_code import in_machine_code

Section = list[float]

# where each section may lie, Hz
LOW_SHELF, PEAK, HIGH_SHELF = (100.0, 800.0), (400.0, 4000.0), (2000.0, 8000.0)
PEAK_QUALITY = 0.7  # about two octaves wide
HIGHEST = 0.45  # of the sample rate


def equalised(
    audio: NDArray[np.float32], most_db: float, sample_rate: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Audio (samples,) through sections of random places, each -most_db to +most_db strong."""
    sections = np.array(random_sections(most_db, sample_rate, rng), np.float32)
    return _through(audio, *sections[:, [0, 1, 2, 4, 5]])


@in_machine_code
def _through(
    audio: NDArray[np.float32],
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    third: NDArray[np.float32],
) -> NDArray[np.float32]:
    """As `scipy.signal.sosfilt` in half its time: the sections, each b0, b1, b2, a1, a2, overlap.

    Transposed direct form II, with the output put into the states' recursion: the way from one
    sample to the next is then a product and a sum.
    """
    filtered = np.empty_like(audio)
    b0, c0, d0 = first[0], second[0], third[0]
    b1, b2 = first[1] - first[3] * b0, first[2] - first[4] * b0
    c1, c2 = second[1] - second[3] * c0, second[2] - second[4] * c0
    d1, d2 = third[1] - third[3] * d0, third[2] - third[4] * d0
    s1 = s2 = t1 = t2 = u1 = u2 = np.float32(0)
    for sample in range(len(audio)):
        x = audio[sample]
        y = b0 * x + s1
        s1, s2 = b1 * x + s2 - first[3] * s1, b2 * x - first[4] * s1
        z = c0 * y + t1
        t1, t2 = c1 * y + t2 - second[3] * t1, c2 * y - second[4] * t1
        filtered[sample] = d0 * z + u1
        u1, u2 = d1 * z + u2 - third[3] * u1, d2 * z - third[4] * u1
    return filtered


def random_sections(most_db: float, sample_rate: int, rng: np.random.Generator) -> list[Section]:
    """The three sections, their places even over octaves."""
    drawn = []
    for shape, places in ((low_shelf, LOW_SHELF), (peak, PEAK), (high_shelf, HIGH_SHELF)):
        low, high = np.minimum(places, HIGHEST * sample_rate)
        place = np.exp(rng.uniform(np.log(low), np.log(high))) / sample_rate
        drawn.append(shape(place, rng.uniform(-most_db, most_db)))
    return drawn


def peak(place: float, gain_db: float) -> Section:
    """A section that changes what is around `place` (of the sample rate) by `gain_db`."""
    cosine, sine, root = _terms(place, gain_db)
    width = sine / (2 * PEAK_QUALITY)
    above, below = (1 + width * root, -2 * cosine, 1 - width * root), width / root
    return _section(above, (1 + below, -2 * cosine, 1 - below))


def low_shelf(place: float, gain_db: float) -> Section:
    """A section that changes what is below `place` (of the sample rate) by `gain_db`."""
    return _shelf(place, gain_db, 1)


def high_shelf(place: float, gain_db: float) -> Section:
    """A section that changes what is above `place` (of the sample rate) by `gain_db`."""
    return _shelf(place, gain_db, -1)


def _shelf(place: float, gain_db: float, side: int) -> Section:
    """side: 1 for a low shelf, -1 for a high one, which is its mirror image."""
    cosine, sine, root = _terms(place, gain_db)
    cosine *= side
    more, less, slope = root + 1, root - 1, np.sqrt(2 * root) * sine
    above = (more - less * cosine + slope, 2 * side * (less - more * cosine))
    below = (more + less * cosine + slope, -2 * side * (less + more * cosine))
    return _section(
        [root * value for value in (*above, more - less * cosine - slope)],
        (*below, more + less * cosine - slope),
    )


def _terms(place: float, gain_db: float) -> tuple[float, float, float]:
    angle = 2 * np.pi * place
    return float(np.cos(angle)), float(np.sin(angle)), float(10 ** (gain_db / 40))


def _section(above: Sequence[float], below: Sequence[float]) -> Section:
    return [float(value / below[0]) for value in (*above, *below)]
