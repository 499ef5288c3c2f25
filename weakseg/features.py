"""Features and truth of rendered mixtures, one clip at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from weakseg.plan import PlannedMixture
from weakseg.prefetch import announced, prefetch
from weakseg.rendered import ManifestRow, read_stems, stem_waveforms
from weakseg.spectral import Spectral, class_masks
from weakseg.store import ClipFeatures


def extract(
    directory: Path,
    rows: Sequence[ManifestRow],
    mixtures: Sequence[PlannedMixture],
    classes: Sequence[str],
    spectral: Spectral,
    threshold_db: float,
    mask_truth: str,
) -> Iterator[ClipFeatures]:
    """Features of the mixtures of a manifest's rows; `mask_truth` as in `spectral.class_masks`."""
    rows_ahead = announced(rows, lambda row: prefetch(directory / row.file))
    for row, mixture in zip(rows_ahead, mixtures, strict=True):
        stems = stem_waveforms(read_stems(directory, row), np.float32)
        n_frames = spectral.n_frames(len(stems))
        labels = [classes.index(event["event_label"]) for event in mixture["events"]]
        spans = [
            spectral.active_frames(event["onset"], event["offset"], n_frames)
            for event in mixture["events"]
        ]
        logmel, masks = class_masks(spectral, stems, labels, spans, threshold_db, mask_truth)
        frame_truth = np.zeros((n_frames, len(classes)), bool)
        for label, span in zip(labels, spans, strict=True):
            frame_truth[span, label] = True
        yield ClipFeatures(row.mixture_name, logmel, frame_truth, masks)
