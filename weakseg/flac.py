"""The samples of a FLAC of 16 bits, decoded by dr_flac in two thirds of libsndfile's time.

Conventions
-----------
- None stands for all that dr_flac does not take, and for everything where the package miniaudio,
  which has it, is not there: libsndfile, asked again, reads it or says what is wrong.
- dr_flac says nothing of a file that ends early or was altered: whoever reads compares what comes
  with what is known of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

try:
    import miniaudio
except ImportError:  # there is no wheel for every machine
    miniaudio = None


def decoded(path: Path) -> NDArray[np.int16] | None:
    """All samples of a file, (samples, channels)."""
    if miniaudio is None:
        return None
    try:
        sound = miniaudio.flac_read_file_s16(str(path))
    except (OSError, miniaudio.MiniaudioError):
        return None
    return np.frombuffer(sound.samples, np.int16).reshape(-1, sound.nchannels)
