"""How well masks separate the classes of a fold's mixtures, clip by clip.

Conventions
-----------
- A class's reference is its stem: the sum of its events as mixed.  The other classes' stems and
  the scene are references too, so that what is left of them counts as interference.
- Qualities are (..., QUALITIES) in dB, nan for a class that a clip does not hold and for one
  that is silent there; see `metrics.separation` for what they measure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weakseg.metrics.binary import Floats
from weakseg.metrics.separation import bss_eval, si_sdr
from weakseg.plan import PlannedMixture
from weakseg.rendered import stem_waveforms
from weakseg.separation import Separator
from weakseg.spectral import Spectral

QUALITIES = ["si_sdr_db", "si_sdr_improvement_db", "sdr_db", "sir_db", "sar_db"]

log = logging.getLogger(__name__)


class Sources(NamedTuple):
    """What a mixture is the sum of: the stem of each of its classes, then the scene.

    labels: index of each class, (classes,); waveforms: (classes + 1, samples).
    """

    labels: list[int]
    waveforms: Floats

    @property
    def mixture(self) -> Floats:
        """(samples,), as `mixing.mixture_of`."""
        whole: Floats = self.waveforms.sum(axis=0)
        return whole


Waveform = NDArray[np.float32]
Separate = Callable[[int, Sources, Separator], Sequence[Sequence[Waveform]]]
"""From a clip's index: for each of some systems, the waveform of each class in the clip."""


def sources_of(
    mixture: PlannedMixture, channels: NDArray[np.int16], classes: Sequence[str]
) -> Sources:
    """The sources of a rendered mixture, classes in the order of their first events."""
    stems = stem_waveforms(channels).T
    labels = [classes.index(event["event_label"]) for event in mixture["events"]]
    present = list(dict.fromkeys(labels))
    mine = [stems[:-1][np.array(labels) == label].sum(axis=0) for label in present]
    return Sources(present, np.stack([*mine, stems[-1]]))


def sources_of_clips(
    mixtures: Iterable[PlannedMixture],
    rendered: Iterable[NDArray[np.int16]],
    classes: Sequence[str],
) -> Iterator[Sources]:
    """The sources of each mixture, whose channels `rendered` gives in the same order."""
    for mixture, channels in zip(mixtures, rendered, strict=True):
        yield sources_of(mixture, channels, classes)


def clip_quality(sources: Sources, estimates: Waveform) -> Floats:
    """Qualities (systems, classes, QUALITIES) of estimates (systems, classes, samples) of a clip.

    Whatever the number of systems, the references are solved for once.
    """
    n_systems, n_classes, n_samples = estimates.shape
    flat = estimates.reshape(-1, n_samples)
    targets = np.tile(np.arange(n_classes), n_systems)
    ratios = si_sdr(sources.waveforms[targets], flat)
    of_classes = sources.waveforms[:n_classes]
    of_mixture = si_sdr(of_classes, np.broadcast_to(sources.mixture, of_classes.shape))
    qualities = (
        ratios,
        ratios - of_mixture[targets],
        *bss_eval(sources.waveforms, flat, targets),
    )
    return np.stack(qualities, axis=-1).reshape(n_systems, n_classes, len(QUALITIES))


def separation_quality(
    clips: Iterable[Sources], shape: tuple[int, int], spectral: Spectral, separate: Separate
) -> Floats:
    """Qualities of a fold, (systems, clips, classes, QUALITIES), one clip in memory at a time.

    shape: number of clips and of classes.

    The number of silent references, which have no value, goes to the log.
    """
    quality = np.empty(0)
    n_silent = 0
    for index, sources in enumerate(clips):
        separator = Separator(sources.mixture, spectral)
        one = clip_quality(sources, np.array(separate(index, sources, separator)))
        if index == 0:
            quality = np.full((len(one), *shape, len(QUALITIES)), np.nan)
        quality[:, index, sources.labels] = one
        n_silent += int((~sources.waveforms[:-1].any(axis=1)).sum())
    log.info("separation: %d silent references left out", n_silent)
    return quality
