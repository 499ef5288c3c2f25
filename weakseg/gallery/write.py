"""The gallery written to a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from weakseg.files import replacing
from weakseg.gallery.budget import fit
from weakseg.gallery.clip import GalleryClip
from weakseg.gallery.document import document
from weakseg.gallery.excerpt import excerpt
from weakseg.gallery.tables import describe_summary


def write_gallery(
    path: Path,
    title: str,
    clips: Sequence[GalleryClip],
    *,
    notes: Sequence[str] = (),
    summary: pd.DataFrame | None = None,
    thresholds: Sequence[float] = (),
    max_mb: float = 25.0,
    longest_seconds: float = 30.0,
    threads: int = 1,
) -> None:
    """Write the page of some clips, the most important first, complete or not at all.

    notes: sentences above the clips, such as how they were chosen; summary: the table of metrics
    (`weakseg.tables.SUMMARY_COLUMNS`); thresholds: of frame scores, drawn with them; max_mb: the
    largest size of the page in MB (10^6 bytes), which sounds of a lower quality and then fewer
    clips keep; of a longer clip the `longest_seconds` with most events are shown; threads: that
    describe the clips.  The page says what was given up.

    Raises ValueError if there is no clip, or if not even one fits.
    """
    if not clips:
        raise ValueError(f"{path}: no clip to show; name some, or raise gallery.clips_per_model")
    data: dict[str, Any] = {
        "notes": list(notes),
        "thresholds": [float(threshold) for threshold in thresholds],
        "tables": [] if summary is None else describe_summary(summary),
        "clips": [],
    }
    room = round(max_mb * 1e6) - len(document(title, data).encode()) - 1000  # for its own notes
    fitted = fit([excerpt(clip, longest_seconds) for clip in clips], room, threads)
    data["clips"] = fitted.clips
    data["notes"] = [*notes, *fitted.notes]
    with replacing(path) as temporary:
        temporary.write_text(document(title, data), encoding="utf-8", newline="\n")
