"""What a model says of a recording of any length, window by window.

Conventions
-----------
- A stream of samples is that of `audio_stream`; frames are those of `spectral`.  A recording that
  is shorter than one frame is padded with zeros to one.
- The windows overlap by what a frame's masks and scores depend on (`SegmentationModel.reach`), and
  begin where the network's halvings do: masks and scores are those of the whole recording at once.
- So a clip that is cut out of a recording has the scores that it has there, but for `reach` frames
  at its ends, if it begins a multiple of hop * `Network.stride` samples after it.  Elsewhere its
  frames are other ones, and are halved in other pairs.
- The clip probability of a long recording is the highest of clips as long as those of the training,
  one every quarter of that and one that ends with the recording: a model has learnt what share of
  such a clip a sound fills.  A recording that is no longer is pooled as a whole, as in training.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weakseg.audio import AudioError
from weakseg.audio_stream import Block
from weakseg.batches import read_ahead
from weakseg.hardware import mixed_precision
from weakseg.model import Cells, SegmentationModel
from weakseg.spectral import Spectral
from weakseg.store import encode_mask_logits
from weakseg.windows import Window, windows

CORE_FRAMES = 2048  # of a window
CLIP_SECONDS = 10.0  # of training clips, where the model file does not say: the published ones
BLOCKS_AHEAD = 16  # that are read while the network computes
CLIPS_AT_ONCE = 8  # that are pooled together


class Frames(NamedTuple):
    """Some successive frames of a recording.

    logmel (frames, mels); scores (frames, classes); mask_codes (frames, maps, mels), uint8 as in
    `store`: of the classes and, last, of a learnt foreground; None for a model without masks.
    """

    logmel: NDArray[np.float32]
    scores: NDArray[np.float32]
    mask_codes: NDArray[np.uint8] | None


class ClipProbabilities(NamedTuple):
    """Probabilities (clips, classes) of the clips that begin at `starts` (clips,), frames, and are
    `length` frames long, less if the recording is."""

    starts: NDArray[np.int64]
    length: int
    values: NDArray[np.float32]

    @property
    def highest(self) -> NDArray[np.float32]:
        """Of the recording, (classes,)."""
        highest: NDArray[np.float32] = self.values.max(axis=0)
        return highest


def logmel_blocks(samples: Iterable[Block], spectral: Spectral) -> Iterator[NDArray[np.float32]]:
    """Log-mel (frames, mels) of a stream; AudioError if no sample is left of it at its rate."""
    left, is_first, is_empty = np.zeros(0, np.float32), True, True
    for block in samples:
        is_empty = is_empty and not len(block)
        left = np.concatenate([left, block])
        if n_frames := spectral.n_frames(len(left)):
            yield spectral.logmel(left[: (n_frames - 1) * spectral.hop + spectral.window])
            left, is_first = left[n_frames * spectral.hop :], False
    if is_empty:
        raise AudioError("too short: no sample is left at the model's sample rate")
    if is_first:
        yield spectral.logmel(np.pad(left, (0, spectral.window - len(left))))


class Listener:
    """Listens to one recording: iterate `frames`, then ask for `probabilities`.

    The model runs on the device where it is, in `precision` (fp32, bf16 or fp16).
    """

    def __init__(self, model: SegmentationModel, spectral: Spectral, precision: str):
        self._model, self._spectral, self._precision = model, spectral, precision
        self._clips = ClipPooling(model, clip_frames(model, spectral))

    def frames(self, samples: Iterable[Block]) -> Iterator[Frames]:
        """All frames of a stream, in order, those of a window at a time."""
        stride = self._model.network.stride
        context = -(-self._model.reach // stride) * stride
        core = -(-CORE_FRAMES // stride) * stride
        logmel = read_ahead(logmel_blocks(samples, self._spectral), BLOCKS_AHEAD)
        for window in windows(logmel, core, context):
            yield self._frames(window)

    @torch.inference_mode()
    def _frames(self, window: Window) -> Frames:
        logmel = torch.from_numpy(window.values).to(self._model.mel_mean.device)[None]
        with mixed_precision(logmel.device, self._precision):
            cells = self._model.eval().cells(logmel)
        self._clips.add([pooled[:, :, window.core] for pooled in cells.pooled])
        scores = cells.frame_scores[0, :, window.core].T.cpu().numpy()
        return Frames(window.values[window.core], scores, self._codes(cells, window.core))

    def _codes(self, cells: Cells, core: slice) -> NDArray[np.uint8] | None:
        if not self._model.gives_masks:
            return None
        logits = cells.mask_logits[0, :, core]
        if cells.foreground_logits is not None:  # (1, frames, mels), of the only clip
            logits = torch.cat([logits, cells.foreground_logits[:, core]])
        return encode_mask_logits(logits.transpose(0, 1).cpu().numpy())

    def probabilities(self) -> ClipProbabilities:
        """Of the clips of all frames."""
        return self._clips.finish()


def clip_frames(model: SegmentationModel, spectral: Spectral) -> int:
    """Frames of the clips that a long recording is pooled over."""
    return model.clip_frames or spectral.n_frames(round(CLIP_SECONDS * spectral.sample_rate)) or 1


class ClipPooling:
    """Pools each clip of a stream of maps as soon as it is complete."""

    def __init__(self, model: SegmentationModel, length: int):
        self._model, self._length = model, length
        self._step = max(1, length // 4)
        self._held: list[Tensor] = []
        self._first = self._next = 0  # frames: of what is held, and where the next clip begins
        self._starts: list[int] = []
        self._values: list[Tensor] = []

    @torch.inference_mode()
    def add(self, maps: list[Tensor]) -> None:
        """Further frames: maps (1, classes, frames, cells), each as the pooling takes them."""
        pairs = zip(self._held, maps, strict=True) if self._held else ((one,) for one in maps)
        self._held = [torch.cat(pair, dim=2) for pair in pairs]
        complete = (self._end - self._length - self._next) // self._step + 1
        self._pool([self._next + place * self._step for place in range(complete)])
        self._next += max(0, complete) * self._step
        kept = max(self._first, min(self._next, self._end - self._length))
        self._held = [held[:, :, kept - self._first :].clone() for held in self._held]
        self._first = kept

    @torch.inference_mode()
    def finish(self) -> ClipProbabilities:
        """Of all clips, also of the one that ends with the recording."""
        last = max(0, self._end - self._length)
        if not self._starts or self._starts[-1] != last:
            self._pool([last])
        values = torch.cat(self._values).cpu().numpy()
        return ClipProbabilities(np.array(self._starts), self._length, values)

    @property
    def _end(self) -> int:
        return self._first + self._held[0].shape[2]

    def _pool(self, starts: list[int]) -> None:
        for at in range(0, len(starts), CLIPS_AT_ONCE):
            some = [start - self._first for start in starts[at : at + CLIPS_AT_ONCE]]
            clips = (
                torch.cat([held[:, :, start : start + self._length] for start in some])
                for held in self._held
            )
            self._values.append(self._model.pooling(*clips))
        self._starts += starts
