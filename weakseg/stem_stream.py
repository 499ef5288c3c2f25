"""Separated waveforms of a recording of any length, window by window.

Conventions
-----------
- As in `separation`; windows overlap by what a sample of a stem depends on, so that stems are those
  of the whole recording at once.
- Stems and residual are whole numbers of 16 bits that sum to the mixture's, exactly as long as the
  residual stays in their range.  That of a recording which was cut off at full scale can leave it,
  or of masks that do not share the mixture out, but let one part through in several stems.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weakseg.audio import to_pcm16
from weakseg.audio_stream import Block
from weakseg.background import GAP_REACH
from weakseg.mask_file import MaskFile
from weakseg.separation import Separator
from weakseg.spectral import Spectral
from weakseg.windows import Window, windows

CELLS = 12_000_000  # of masks of STFT bins in a window's core
MOST_FRAMES, LEAST_FRAMES = 1024, 64


class Stems(NamedTuple):
    """Successive samples of the mixture (samples,) and of stems (classes, samples), -1..1."""

    mixture: Block
    stems: NDArray[np.float32]

    @property
    def pcm16(self) -> NDArray[np.int16]:
        """Each stem and, last, the residual, (classes + 1, samples)."""
        stems = to_pcm16(self.stems)
        rest = to_pcm16(self.mixture).astype(np.int64) - stems.sum(axis=0, dtype=np.int64)
        return np.concatenate([stems, np.clip(rest, -32768, 32767).astype(np.int16)[None]])


def separate_stream(
    samples: Iterable[Block],
    masks: MaskFile,
    wanted: Sequence[int],
    spectral: Spectral,
    foreground: Mapping[str, float] | None,
) -> Iterator[Stems]:
    """The stems of the classes `wanted` (indices), which share the mixture.

    samples: the stream that the masks were made from; foreground: as in
    `Separator.separate_classes`.
    """
    lead = -(-spectral.window // spectral.hop) - 1
    context = 2 * lead + 2 + (GAP_REACH if foreground else 0)
    n_bins = spectral.window // 2 + 1
    core = CELLS // (max(1, len(wanted)) * n_bins)
    core = min(MOST_FRAMES, max(LEAST_FRAMES, core))
    for window in windows(samples, core * spectral.hop, context * spectral.hop):
        stems = _separate(window, masks, wanted, spectral, foreground)
        yield Stems(window.values[window.core], stems[:, window.core])


def _separate(
    window: Window,
    masks: MaskFile,
    wanted: Sequence[int],
    spectral: Spectral,
    foreground: Mapping[str, float] | None,
) -> NDArray[np.float32]:
    """The stems (wanted, samples) of a window."""
    if not len(wanted):
        return np.zeros((0, len(window.values)), np.float32)
    first = window.first // spectral.hop
    frames = first, first - (-len(window.values) // spectral.hop)
    separator = Separator(window.values, spectral)
    learnt = masks.learnt_foreground(*frames) if foreground else None
    return separator.separate_classes(masks.read(*frames), wanted, foreground, learnt=learnt)
