"""As many clips, as well as they can sound, as a page of a given size holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from weakseg.gallery.clip import GalleryClip
from weakseg.gallery.describe import Described, describe
from weakseg.gallery.sounds import QUALITIES


class Fitted(NamedTuple):
    """Descriptions of clips, and what the page says of what was given up for its size."""

    clips: list[Described]
    notes: list[str]


def fit(clips: Sequence[GalleryClip], max_bytes: int, threads: int = 1) -> Fitted:
    """Descriptions of the clips that come to at most `max_bytes` as JSON.

    threads: that describe them.  Sounds get a lower quality first; then the last clips are left
    out, the least important ones.
    Raises ValueError if not even the first clip fits.
    """
    for quality in QUALITIES:
        with ThreadPoolExecutor(threads) as pool:  # most of the time goes into the coder of sounds
            described = list(pool.map(partial(describe, quality=quality), clips))
        sizes = [len(json.dumps(one)) + 1 for one in described]
        if sum(sizes) <= max_bytes:
            return Fitted(described, _notes(quality, len(clips), len(clips)))
    kept = sum(sum(sizes[: n + 1]) <= max_bytes for n in range(len(sizes)))
    if not kept:
        raise ValueError(
            f"{clips[0].title} alone takes {sizes[0] / 1e6:.1f} MB, and gallery.max_mb leaves "
            f"{max(max_bytes, 0) / 1e6:.1f} MB for clips; raise it"
        )
    return Fitted(described[:kept], _notes(QUALITIES[-1], kept, len(clips)))


def _notes(quality: float, kept: int, wanted: int) -> list[str]:
    notes = []
    if quality != QUALITIES[0]:
        notes.append("To keep the page small, its sounds are coded with a lower quality.")
    if kept < wanted:
        notes.append(f"To keep the page small, {wanted - kept} of {wanted} clips were left out.")
    return notes
