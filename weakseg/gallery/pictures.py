"""Pictures that the page lays over each other: the spectrogram, and masks on transparent ground.

Conventions
-----------
- A column a frame and a row a mel band, the highest band on top; the page stretches them.
- Masks have no colour: the page paints a class's colour through them.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import scipy.ndimage
from matplotlib.image import imsave
from numpy.typing import NDArray

QUIETEST = 2  # percent of the cells that share the darkest grey, as in the figures
LEVELS = 15  # of a mask: more are not seen, and take more room
ZOOM = 5  # pixels a cell, each way, of an outline


def spectrogram(logmel: NDArray[np.floating[Any]]) -> bytes:
    """A log-mel (frames, mels) as a grey PNG, on which every colour stands out."""
    low, high = np.percentile(logmel, [QUIETEST, 100])
    grey = np.clip((logmel - low) / max(high - low, 1e-6), 0, 1)
    return _png(np.stack([grey, grey, grey, np.ones_like(grey)], axis=-1))


def filled(mask: NDArray[Any]) -> bytes:
    """A mask (frames, mels) in 0..1 as a PNG that is as opaque as the mask is high."""
    return _png(_white(np.rint(mask.astype(np.float32) * LEVELS) / LEVELS))


def outlined(mask: NDArray[Any]) -> bytes:
    """The edges of a mask (frames, mels), where it is above 0.5, as a PNG of ZOOM pixels a cell."""
    cells = np.kron(mask > 0.5, np.ones((ZOOM, ZOOM), bool))
    inside = scipy.ndimage.binary_erosion(cells, np.ones((3, 3)), border_value=0)
    return _png(_white((cells & ~inside).astype(np.float32)))


def _white(opacity: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    white = np.ones_like(opacity)
    return np.stack([white, white, white, opacity], axis=-1)


def _png(values: NDArray[np.floating[Any]]) -> bytes:
    """Values (frames, mels, 4) in 0..1 as a PNG."""
    buffer = io.BytesIO()
    pixels = np.rint(values * 255).astype(np.uint8).transpose(1, 0, 2)[::-1]
    metadata: dict[str, Any] = {"Software": None}
    imsave(buffer, pixels, format="png", metadata=metadata, pil_kwargs={"optimize": True})
    return buffer.getvalue()
