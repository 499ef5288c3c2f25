"""A trained model in use on recordings of any length, rate and number of channels.

Conventions
-----------
- A recording becomes mono, at the model's sample rate, as in training; so are mixture, stems and
  residual.  Its level is not changed.
- Masks and scores do not depend on how long recordings are cut into windows (`streaming`); in
  float32, unless asked otherwise, as rounding in bfloat16 would.
- Thresholds are the published ones, or those of a file that the workflow has tuned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray

from weakseg import model as models
from weakseg.allocator import keep_freed_memory
from weakseg.audio_stream import Block, check_array, stream_array
from weakseg.detection import PUBLISHED, Detector
from weakseg.hardware import choose_device, choose_precision, prepare
from weakseg.in_use import IN_USE
from weakseg.long_detection import detect_recording
from weakseg.mask_file import MaskFile
from weakseg.model import SegmentationModel
from weakseg.overview import Envelope
from weakseg.spectral import Spectral
from weakseg.stem_stream import Stems, separate_stream
from weakseg.streaming import ClipProbabilities, Listener
from weakseg.thresholds import read_thresholds

RESOLUTIONS = ("stft", "mel")
ENVELOPE_PARTS = 8  # of a frame: enough for a picture of a tenth of a second


@dataclass(frozen=True)
class Segmentation:
    """What a model says of one recording.

    probabilities (classes,), of the recording: the highest of its clips (`streaming`);
    frame_scores (frames, classes) in 0..1, not gated by the probability; masks (classes, frames,
    mels) in 0..1, or None for a model without masks; learnt_foreground: the map (frames, mels) that
    these are cut to, of a model that has one; events: a table `onset, offset` (seconds),
    `event_label`; mixture (samples,) and the stem (samples,) of each class that was found, by its
    name, in -1..1; residual: the mixture without the stems.  frame_seconds: from one frame to the
    next; sample_rate: of the mixture and what it was separated into, Hz.
    """

    classes: Sequence[str]
    probabilities: NDArray[np.float32]
    frame_scores: NDArray[np.float32]
    masks: NDArray[np.float32] | None
    learnt_foreground: NDArray[np.float32] | None
    events: pd.DataFrame
    stems: dict[str, NDArray[np.float32]]
    residual: NDArray[np.float32]
    mixture: NDArray[np.float32]
    frame_seconds: float
    sample_rate: int


@dataclass(frozen=True)
class Heard:
    """What one pass over a recording gives: clip probabilities, frame_scores (frames, classes),
    logmel (frames, mels) in half precision, the waveform's envelope."""

    clips: ClipProbabilities
    frame_scores: NDArray[np.float32]
    logmel: NDArray[np.float16]
    envelope: Envelope

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Of the recording, (classes,)."""
        return self.clips.highest


class Segmenter:
    """A model in use.  Attributes: `classes`, `sample_rate` (Hz), `spectral`, `gives_masks`.

    shifts, smooth_frames, nearby_frames: as in `SegmentationModel`, None: what the workflow has if
    nothing else is said;
    resolution: `stft` or `mel`, at which masks that were cut to the foreground separate; device
    `auto`, `cpu` or `cuda`; precision as in `hardware`; threads of torch, None: as it is.
    ValueError for another value of these.
    """

    def __init__(
        self,
        model: SegmentationModel,
        *,
        shifts: int | None = None,
        smooth_frames: int | None = None,
        nearby_frames: int | None = None,
        resolution: str = "stft",
        device: str = "auto",
        precision: str = "fp32",
        threads: int | None = None,
    ):
        if resolution not in RESOLUTIONS:
            raise ValueError(f"resolution: expected stft or mel, got {resolution!r}")
        model.put_in_use(shifts, smooth_frames, nearby_frames)
        keep_freed_memory()
        chosen = choose_device(device)
        self._precision = choose_precision(precision, chosen)
        prepare(model, chosen, threads or torch.get_num_threads())
        self._model = model
        self._resolution = resolution
        self.classes = model.classes
        self.spectral = Spectral.from_settings(model.settings)
        self.sample_rate = self.spectral.sample_rate
        self.frame_seconds = 1 / self.spectral.frames_per_second
        self.gives_masks = model.gives_masks

    def segment(
        self,
        audio: ArrayLike,
        sample_rate: int,
        *,
        thresholds: str | Path | None = None,
        stems: bool = True,
    ) -> Segmentation:
        """What the model says of a waveform of `sample_rate` Hz.

        audio: (samples,) or (samples, channels); floats in -1..1, or whole numbers in the range of
        their type.  thresholds: a file that the workflow's rule tune_thresholds wrote; None: the
        published ones.  stems: separate as well.  The result is in memory at once, some 25 MB a
        minute and class; `weakseg.predict` is for files of hours.
        AudioError, a ValueError, for an array that is no waveform or holds values that are not
        finite; ThresholdError for thresholds of other classes.
        """
        array = np.asarray(audio)
        check_array(array, sample_rate)
        detectors = self.detectors(thresholds)
        with self.mask_file() as masks:
            heard = self.listen(stream_array(array, sample_rate, self.sample_rate), masks)
            found = self.found(heard, detectors) if stems and self.gives_masks else []
            parts = self.separate(stream_array(array, sample_rate, self.sample_rate), masks, found)
            mixture, separated = (
                np.concatenate(some, axis=-1) for some in zip(*parts, strict=True)
            )
            all_masks = masks.read(0, masks.n_frames) if self.gives_masks else None
            learnt = masks.learnt_foreground(0, masks.n_frames)
        events = self.events("", heard, detectors).drop(columns="filename")
        return Segmentation(
            self.classes,
            heard.probabilities,
            heard.frame_scores,
            all_masks,
            learnt,
            events,
            dict(zip((self.classes[index] for index in found), separated, strict=True)),
            mixture - separated.sum(axis=0),
            mixture,
            self.frame_seconds,
            self.sample_rate,
        )

    def detectors(self, thresholds: str | Path | None = None) -> list[Detector]:
        """The detector of each class, as in `segment`."""
        if thresholds is None:
            return [PUBLISHED] * len(self.classes)
        try:
            return [one.detector for one in read_thresholds(thresholds, self.classes)]
        except FileNotFoundError:
            raise ValueError(f"{thresholds}: no such file of thresholds") from None

    def mask_file(self, directory: Path | None = None) -> MaskFile:
        """Where `listen` puts masks."""
        learnt = self._model.learns_foreground
        return MaskFile(len(self.classes), self.spectral.mels, directory, learnt=learnt)

    def listen(self, samples: Iterable[Block], masks: MaskFile) -> Heard:
        """The first pass over a recording, a stream at `sample_rate`; fills `masks`."""
        listener = Listener(self._model, self.spectral, self._precision)
        envelope = Envelope(max(1, self.spectral.hop // ENVELOPE_PARTS))
        scores, logmel = [], []
        for frames in listener.frames(envelope.through(samples)):
            scores.append(frames.scores)
            logmel.append(frames.logmel.astype(np.float16))
            if frames.mask_codes is not None:
                masks.append(frames.mask_codes)
        return Heard(
            listener.probabilities(), np.concatenate(scores), np.concatenate(logmel), envelope
        )

    def found(self, heard: Heard, detectors: Sequence[Detector]) -> list[int]:
        """Indices of the classes whose probability is above their threshold."""
        above = np.array([one.clip_threshold for one in detectors], np.float32)  # as events do
        return [int(index) for index in np.flatnonzero(heard.probabilities > above)]

    def events(self, name: str, heard: Heard, detectors: Sequence[Detector]) -> pd.DataFrame:
        """Events with the DCASE columns; `name` is their filename."""
        return detect_recording(
            name, heard.clips, heard.frame_scores, self.classes, detectors, self.frame_seconds
        )

    def separate(
        self, samples: Iterable[Block], masks: MaskFile, wanted: Sequence[int]
    ) -> Iterator[Stems]:
        """The second pass: the stems of the classes `wanted`, from the stream again."""
        return separate_stream(samples, masks, wanted, self.spectral, self._foreground)

    @property
    def settings(self) -> dict[str, Any]:
        """What masks and stems depend on that the model's file does not hold."""
        in_use = {name: getattr(self._model, name) for name in IN_USE}
        return {"resolution": self._resolution, "precision": self._precision, **in_use}

    @property
    def _foreground(self) -> dict[str, float] | None:
        """What the masks are sharpened with; None where they are not."""
        cut = self._model.foreground
        if cut is None or self._resolution == "mel":
            return None
        return {"above": cut.above, "steepness": cut.steepness}


def load_model(path: str | Path, **options: Any) -> Segmenter:
    """The model of a file that the workflow trained (`models/.../model.pt`), ready for use.

    options: those of `Segmenter`: shifts, smooth_frames, nearby_frames, resolution, device,
    precision and threads.
    ValueError, one line that names the file, if it is no model.
    """
    model = models.load_model(Path(path))
    try:
        mels = Spectral.from_settings(model.settings).mels
        if mels != len(model.mel_mean):
            raise ValueError(f"feature settings: {mels} mels, where it takes {len(model.mel_mean)}")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}; train the model again") from error
    return Segmenter(model, **options)
