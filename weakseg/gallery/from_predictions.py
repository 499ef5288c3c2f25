"""The page of recordings of one's own, of which nothing is known but what a model says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from pathlib import Path

from weakseg.gallery.clip import GalleryClip, ModelView
from weakseg.gallery.write import write_gallery
from weakseg.prediction_output import FilePrediction
from weakseg.spectral import Spectral

PAGE = "gallery.html"
MOST_FILES = 12  # whose sounds are in memory together


def clip_of(
    predicted: FilePrediction, spectral: Spectral, classes: Sequence[str], model: str
) -> GalleryClip:
    """The excerpt of a recording: half a minute around the surest sound."""
    excerpt = predicted.excerpt
    view = ModelView(
        name=model,
        events=excerpt.events,
        clip_probabilities=predicted.probabilities,
        found=predicted.found,
        frame_scores=excerpt.frame_scores,
        masks=excerpt.masks,
        stems=excerpt.stems,
    )
    return GalleryClip(
        title=predicted.name,
        spectral=spectral,
        classes=classes,
        waveform=excerpt.mixture,
        logmel=excerpt.logmel,
        models=[view],
        starts=excerpt.starts,
    )


def write_page(
    folder: Path,
    predictions: Iterable[FilePrediction],
    spectral: Spectral,
    classes: Sequence[str],
    model: str,
    max_mb: float = 25.0,
    threads: int = 1,
) -> int:
    """Write the page of a set into its folder while it is predicted; returns how many files it has.

    At most MOST_FILES recordings are shown, in their order: rather those with events, then those
    with the surest class.  The page of an earlier set is replaced, and removed if there is nothing
    to show.  threads: that describe the recordings.
    """
    best: list[tuple[bool, float, int, GalleryClip]] = []  # a heap; of equal ones the first
    n_files = 0
    for predicted in predictions:
        rank = (len(predicted.events) > 0, float(predicted.probabilities.max()), -n_files)
        n_files += 1
        if len(best) < MOST_FILES or rank > best[0][:3]:
            heappush(best, (*rank, clip_of(predicted, spectral, classes, model)))
        if len(best) > MOST_FILES:
            heappop(best)
    clips = [clip for *_, clip in sorted(best, key=lambda one: -one[2])]
    notes = ["Of a longer recording, the half minute around its surest sound."]
    if n_files > len(clips):
        notes.append(f"{len(clips)} of {n_files} recordings: predictions.csv lists all.")
    if clips:
        title = f"Recordings, by {model}"
        write_gallery(folder / PAGE, title, clips, notes=notes, max_mb=max_mb, threads=threads)
    else:
        (folder / PAGE).unlink(missing_ok=True)
    return n_files
