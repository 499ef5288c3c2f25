"""Predictions for recordings of one's own, as files: tags, events, separated audio, a picture.

Conventions
-----------
- Of a recording NAME, everything lies in the folder NAME of the output: `tags.csv`, every class
  with its probability, the most probable first; `events.tsv` with the DCASE columns; `labels.txt`,
  the same as a label track of Audacity; a FLAC a class that was found, and `residual.flac`, which
  sum to the mixture (`stem_stream`); `picture.png`.
- `predictions.csv` has a row a recording, `predict.yaml` what they were made by and with.  A
  recording that cannot be used is named there, with the reason, and in the log, and has no folder.
- A recording is read twice, block by block, and its masks are on disk meanwhile: memory grows by
  some 30 MB an hour.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from weakseg.audio import AudioError, opened
from weakseg.audio_paths import Listed, as_text
from weakseg.audio_stream import Block, stream_file
from weakseg.batches import read_ahead
from weakseg.detection import Detector
from weakseg.excerpt import Cut, excerpt_of, frames_of_excerpt
from weakseg.figures.clip import draw_clip
from weakseg.figures.clip_data import ClipData
from weakseg.figures.style import save
from weakseg.files import keep_only
from weakseg.mask_file import MaskFile
from weakseg.overview import MOST_COLUMNS, frames_a_column, highest, highest_masks
from weakseg.prediction_output import (
    FilePrediction,
    row_of,
    write_events,
    write_how,
    write_streams,
    write_table,
    write_tags,
)
from weakseg.progress import Progress
from weakseg.segmenter import Heard, Segmenter
from weakseg.separation import class_file_name
from weakseg.stem_stream import Stems

TABLE, HOW = "predictions.csv", "predict.yaml"
RESIDUAL = "residual.flac"
WRITTEN = ("tags.csv", "events.tsv", "labels.txt", "picture.png")  # beside the FLACs
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Predictor:
    """What is done with each file: by `segmenter`, with a detector a class, into `output`.

    model: its name in pictures; stems: whether audio is separated; gain_db: how much louder the
    model hears the recordings than they are, which changes nothing of what is written; made_by:
    what `predict.yaml` says beside these settings.
    """

    segmenter: Segmenter
    detectors: Sequence[Detector]
    output: Path
    model: str
    stems: bool = True
    gain_db: float = 0.0
    made_by: Mapping[str, Any] = field(default_factory=dict)

    def predict_all(self, files: Sequence[Listed]) -> Iterator[FilePrediction]:
        """Predict file by file, and write the table of all at the end.

        AudioError if none of the files can be used.
        """
        self.output.mkdir(parents=True, exist_ok=True)
        rows: list[dict[str, Any]] = []
        with _progress(files, 2 if self._separates else 1) as progress:
            for file in files:
                try:
                    predicted = self.predict(file, progress)
                except AudioError as error:
                    log.warning("%s: not used: %s", as_text(file.path), error)
                    _forget(self.output / file.name)
                    unusable = {"usable": False, "why_not": str(error)}
                    rows.append({"file": file.name, "path": as_text(file.path)} | unusable)
                    continue
                rows.append(row_of(predicted, self.segmenter.classes))
                yield predicted
        write_table(self.output / TABLE, rows, self.segmenter.classes)
        settings = {"stems": self.stems, "gain_db": float(self.gain_db), **self.segmenter.settings}
        write_how(self.output / HOW, {**self.made_by, **settings})
        self._tell_of_lower_rates(rows)
        if not any(row["usable"] for row in rows):
            first = f"{rows[0]['path']}: {rows[0]['why_not']}"
            raise AudioError(f"none of {len(files)} recordings can be used; the first is {first}")

    def _tell_of_lower_rates(self, rows: Sequence[Mapping[str, Any]]) -> None:
        rate = self.segmenter.sample_rate
        lower = [row["sample_rate"] for row in rows if row.get("sample_rate", rate) < rate]
        if lower:
            log.warning(
                "warning: %d of %d recordings have a lower sample rate than the model's %d Hz, the "
                "lowest %d Hz; above half of it they hold nothing, whatever is found there",
                *(len(lower), len(rows), rate, min(lower)),
            )

    def predict(self, file: Listed, progress: _Seconds | None = None) -> FilePrediction:
        """Predict one file.  AudioError, before anything is written, if it cannot be used."""
        with self.segmenter.mask_file(self.output) as masks:
            heard = self.segmenter.listen(self._samples(file, progress), masks)
            folder = self.output / file.name
            if folder.is_file():
                raise ValueError(f"{folder}: a file is in the way; give another output folder")
            folder.mkdir(parents=True, exist_ok=True)
            events = self.segmenter.events(file.name, heard, self.detectors)
            found = self.segmenter.found(heard, self.detectors)
            found.sort(key=lambda index: -heard.probabilities[index])
            frames = frames_of_excerpt(heard, found, self.segmenter.spectral)
            hop = self.segmenter.spectral.hop
            cut = Cut(slice(frames.start * hop, frames.stop * hop))
            stems = self._write_stems(file, folder, masks, found, cut, progress)
            overview = self._overview(heard, masks, events, found)
            excerpt = excerpt_of(heard, frames, masks, events, found, cut, self.segmenter.spectral)
        write_tags(folder / "tags.csv", self.segmenter.classes, heard.probabilities)
        write_events(folder, events)
        picture = draw_clip(overview, self.detectors, name=file.name, model=self.model)
        save(picture, folder / "picture.png")
        with opened(file.path) as recording:
            sample_rate, channels = recording.samplerate, recording.channels
        return FilePrediction(
            file.name,
            file.path,
            folder,
            heard.envelope.n_samples / self.segmenter.sample_rate,
            sample_rate,
            channels,
            heard.probabilities,
            found,
            events,
            stems,
            folder / RESIDUAL if self._separates else None,
            overview,
            excerpt,
        )

    @property
    def _gain(self) -> np.float32:
        return np.float32(10 ** (self.gain_db / 20))

    @property
    def _separates(self) -> bool:
        return self.stems and self.segmenter.gives_masks

    def _samples(self, file: Listed, progress: _Seconds | None) -> Iterator[Block]:
        for block in stream_file(file.path, self.segmenter.sample_rate):
            yield block * self._gain
            if progress is not None:
                progress.advance(len(block) / self.segmenter.sample_rate)

    def _write_stems(
        self,
        file: Listed,
        folder: Path,
        masks: MaskFile,
        found: list[int],
        cut: Cut,
        progress: _Seconds | None,
    ) -> dict[int, Path]:
        """Write the stems of the found classes, and the residual; `cut` takes what it wants."""
        paths: dict[int, Path] = {}
        if self._separates:
            classes = self.segmenter.classes
            paths = {index: folder / class_file_name(index, classes[index]) for index in found}
            # separated while what was is written
            parts = read_ahead(self.segmenter.separate(self._samples(file, progress), masks, found))
            audio = [*paths.values(), folder / RESIDUAL]
            write_streams(audio, self.segmenter.sample_rate, self._tapped(parts, cut))
        else:
            for block in stream_file(file.path, self.segmenter.sample_rate):
                cut.add(block)
                if cut.complete:
                    break
        names = {path.name for path in paths.values()} | ({RESIDUAL} if self._separates else set())
        keep_only(folder, "*.flac", names)
        return paths

    def _tapped(self, parts: Iterable[Stems], cut: Cut) -> Iterator[Stems]:
        for part in parts:
            own = Stems(part.mixture / self._gain, part.stems / self._gain)
            cut.add(own.mixture, own.stems)
            yield own

    def _overview(
        self, heard: Heard, masks: MaskFile, events: pd.DataFrame, found: list[int]
    ) -> ClipData:
        spectral, classes = self.segmenter.spectral, self.segmenter.classes
        merged = frames_a_column(len(heard.frame_scores))
        shown = None
        if masks.n_frames:
            n_columns = -(-masks.n_frames // merged)
            shown = np.zeros((len(classes), n_columns, spectral.mels), np.float16)
            shown[found] = highest_masks(masks, found, merged)
        waveform = 1 / self._gain * heard.envelope.values(heard.envelope.n_samples // MOST_COLUMNS)
        return ClipData(
            spectral=replace(spectral, hop=spectral.hop * merged),
            classes=classes,
            waveform=waveform,
            logmel=highest(heard.logmel, merged).astype(np.float32),
            clip_probabilities=heard.probabilities,
            frame_scores=highest(heard.frame_scores, merged),
            masks=shown,
            events=events,
            waveform_rate=len(waveform) * spectral.sample_rate / heard.envelope.n_samples,
        )


def _forget(folder: Path) -> None:
    """Remove what an earlier run wrote of a recording that cannot be used any more."""
    if folder.is_dir():
        for path in [*(folder / name for name in WRITTEN), *folder.glob("*.flac")]:
            path.unlink(missing_ok=True)
        with suppress(OSError):  # something else is in it
            folder.rmdir()


def forget_others(output: Path, names: Container[str]) -> None:
    """Remove what an earlier run wrote of recordings that are not among these `names`."""
    for folder in others(output, names):
        _forget(folder)


def others(output: Path, names: Container[str]) -> list[Path]:
    """The folders of recordings of an earlier run that are not among these `names`."""
    return [
        tags.parent
        for tags in sorted(output.rglob("tags.csv"))
        if all(tags.with_name(name).is_file() for name in WRITTEN)
        and tags.parent.relative_to(output).as_posix() not in names
    ]


class _Seconds:
    """Progress in whole seconds of audio, all passes over it together."""

    def __init__(self, progress: Progress, passes: int):
        self._progress, self._passes = progress, passes
        self._done = self._shown = 0.0

    def advance(self, seconds: float) -> None:
        self._done += seconds / self._passes
        if whole := int(self._done - self._shown):
            self._progress.advance(whole)
            self._shown += whole


@contextmanager
def _progress(files: Sequence[Listed], passes: int) -> Iterator[_Seconds]:
    total = max(1, round(sum(map(_seconds_of, files))))
    with Progress(total, 0, " s", log.info, name="seconds of audio") as progress:
        yield _Seconds(progress, passes)


def _seconds_of(file: Listed) -> float:
    try:
        with opened(file.path) as recording:
            return float(recording.frames / recording.samplerate)
    except AudioError as error:
        log.debug("%s: %s", file.path, error)
        return 0.0
