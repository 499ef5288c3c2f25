"""The gallery written to a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from weakseg.gallery.clip import GalleryClip


def write_gallery(
    path: Path,
    title: str,
    clips: Sequence[GalleryClip],
    *,
    notes: Sequence[str] = (),
    summary: pd.DataFrame | None = None,
    detector: tuple[float, float] | None = None,
    max_mb: float = 25.0,
) -> None:
    """Write the page of some clips, the most important first, complete or not at all.

    notes: sentences above the clips, such as how they were chosen; summary: the table of metrics
    (`weakseg.tables.SUMMARY_COLUMNS`); detector: the low and the high threshold of frame scores,
    drawn with them; max_mb: the largest size of the page in MB (10^6 bytes), which sounds of a lower
    quality and in the end fewer clips keep; the page says so.

    Raises ValueError if there is no clip, or if not even one fits.
    """
    raise NotImplementedError
