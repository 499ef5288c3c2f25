"""A model: standardisation, network and pooling joined; saved to and loaded from one file.

Conventions
-----------
- A model takes log-mel as the feature files hold it, (clips, frames, mels), and standardises
  each mel band itself with the mean and standard deviation of its training clips.
- A model file holds all that is needed to use the model and no code: it is read with
  `torch.load(weights_only=True)`.  The same model gives the same bytes under any file name.
"""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from weakseg.background import FLOOR_REACH, GAP_REACH
from weakseg.files import replacing
from weakseg.foreground import (
    NEARBY_FRAMES,
    SMOOTH_FRAMES,
    Foreground,
    bridged,
    moving_mean,
    nearby,
    where_heard,
)
from weakseg.networks import build_network
from weakseg.pooling import build_pooling
from weakseg.shifts import SHIFTS, logits_of, mean_logits, spread_shifts

FORMAT = "weakseg model 2"
ABOUT_FILE = ("format", "weights", "digest")  # what is no part of a description
OTHER = "train the model again (in a run: delete it and run the same command again)"


@dataclass(frozen=True)
class Cells:
    """What a model says of the frames of some clips, in float32, before these are pooled.

    logits: of the network, or of the mean of its masks over shifts; masks: both (clips, classes,
    frames, mels); a model without masks has one band in place of the mels.  frame_scores (clips,
    classes, frames) in 0..1.  pooled: the maps that pooling takes, each (clips, classes, frames,
    mels or 1), so that any range of frames can be pooled alone.  cut: whether the masks are more
    than the sigmoid of the logits, since they were cut to the foreground.  foreground_logits: of
    the network's own map of the foreground (clips, frames, mels), if it has one.
    """

    logits: Tensor
    masks: Tensor
    frame_scores: Tensor
    pooled: tuple[Tensor, ...]
    cut: bool
    foreground_logits: Tensor | None

    @property
    def mask_logits(self) -> Tensor:
        """The logits of the masks."""
        return logits_of(self.masks) if self.cut else self.logits


@dataclass(frozen=True)
class ModelOutput(Cells):
    """The same, and clip_probabilities (clips, classes)."""

    clip_probabilities: Tensor


class SegmentationModel(nn.Module):
    """The network and the pooling of two specifications, for `classes` and `mels` bands.

    settings: how the features were made, as the feature files say.  foreground: options of
    `foreground.Foreground`, or None.  Without it a frame's score is the mean of the mask over the
    mels, and all cells are pooled, as published.  With it a mask is cut to what stands out of the
    background, a frame's score is the mean over that, and the frames are pooled.  In use, not in
    training, such masks are first smoothed over `smooth_frames` frames (odd; 1: not), and, when the
    frames have been pooled, masks and frame scores are multiplied by how surely their class is
    heard in the `nearby_frames` around (likewise).  Before all that, in use, masks of any model are
    the mean of those at so many `shifts` of the network (1: as it is).
    clip_frames: of the training clips, over which long recordings are pooled; None: not known.
    Buffers `mel_mean` and `mel_deviation` (mels,): set them with `standardise_with`.
    ValueError for a foreground that a network without masks is to learn.
    """

    mel_mean: Tensor
    mel_deviation: Tensor

    def __init__(
        self,
        network: Mapping[str, Any],
        pooling: Mapping[str, Any],
        classes: Sequence[str],
        settings: Mapping[str, Any],
        n_mels: int,
        foreground: Mapping[str, Any] | None = None,
        clip_frames: int | None = None,
    ):
        super().__init__()
        self.description = {
            "network": dict(network),
            "pooling": dict(pooling),
            "classes": list(classes),
            "settings": dict(settings),
            "n_mels": n_mels,
            "foreground": dict(foreground) if foreground else None,
            "clip_frames": clip_frames,
        }
        self.classes = list(classes)
        self.settings = dict(settings)
        self.clip_frames = clip_frames
        self.pooling = build_pooling(pooling, len(classes))
        self.foreground = Foreground(**foreground) if foreground else None
        n_maps = len(classes) * self.pooling.maps_per_class + self.learns_foreground
        self.network = build_network(network, n_maps, n_mels)
        if self.learns_foreground and not self.gives_masks:
            raise ValueError("foreground.learnt: needs a network with masks to cut")
        self.shifts = self.smooth_frames = self.nearby_frames = 1
        self.register_buffer("mel_mean", torch.zeros(n_mels))
        self.register_buffer("mel_deviation", torch.ones(n_mels))

    @property
    def gives_masks(self) -> bool:
        """Whether the model has masks, or frame scores only."""
        return self.network.gives_masks

    @property
    def learns_foreground(self) -> bool:
        """Whether its masks are cut to a map of the foreground that it has learnt."""
        return self.foreground is not None and self.foreground.learnt

    @property
    def reach(self) -> int:
        """Frames before and after a frame on which its masks and scores depend, at most."""
        if self.foreground is None:
            return self.network.reach
        over_gaps = GAP_REACH - FLOOR_REACH
        in_use = max(self.smooth_frames, self.nearby_frames) // 2
        return over_gaps + max(self.network.reach, FLOOR_REACH) + in_use

    def put_in_use(
        self,
        shifts: int | None = None,
        smooth_frames: int | None = None,
        nearby_frames: int | None = None,
    ) -> None:
        """Set these three, None to what the workflow has if nothing else is said.

        Of masks that are not cut to the foreground frames stay 1.  ValueError for another value.
        """
        shifts = SHIFTS if shifts is None else shifts
        spread_shifts(shifts, self.network.stride)  # refuses what is no number of them
        smooth_frames = SMOOTH_FRAMES if smooth_frames is None else smooth_frames
        nearby_frames = NEARBY_FRAMES if nearby_frames is None else nearby_frames
        _require_odd(smooth_frames=smooth_frames, nearby_frames=nearby_frames)
        self.shifts = shifts
        if self.foreground is not None:
            self.smooth_frames, self.nearby_frames = smooth_frames, nearby_frames

    def standardise_with(self, mean: Tensor, deviation: Tensor) -> None:
        """Set each mel band's mean and standard deviation, both (mels,)."""
        self.mel_mean.copy_(mean)
        self.mel_deviation.copy_(deviation)

    def forward(self, logmel: Tensor) -> ModelOutput:
        """Masks and probabilities from log-mel (clips, frames, mels), not standardised."""
        return self.pool(self.cells(logmel))

    def pool(self, cells: Cells) -> ModelOutput:
        """What `cells` gives, with the clip probabilities."""
        return ModelOutput(**vars(cells), clip_probabilities=self.pooling(*cells.pooled))

    def cells(self, logmel: Tensor) -> Cells:
        """The same but for the pooling; a frame's depends on `reach` frames around it alone."""
        if self.foreground is not None:
            logmel = bridged(logmel)
        logits = self._logits((logmel - self.mel_mean) / self.mel_deviation)
        # Pooling goes over the cells of a mask, so these lie side by side from here on.
        logits = logits.to(torch.float32, memory_format=torch.contiguous_format)
        logits, *further = logits.split(len(self.classes), dim=1)
        foreground_logits = further.pop()[:, 0] if self.learns_foreground else None  # the last
        masks = logits.sigmoid()
        if self.foreground is None:
            return Cells(logits, masks, masks.mean(3), (masks, *further), False, None)
        weights = self.foreground.weights(logmel)
        scores, *rest = (self.foreground.frame_scores(maps, weights) for maps in (masks, *further))
        pooled = tuple(frames[..., None] for frames in (scores, *rest))
        if self.smooth_frames > 1 and not self.training:
            masks = moving_mean(masks, self.smooth_frames)
        if foreground_logits is not None:
            weights = foreground_logits.sigmoid()[:, None]
        masks = masks * weights
        if self.nearby_frames > 1 and not self.training:
            heard = nearby(scores, self.nearby_frames)
            masks, scores = where_heard(masks, heard), scores * heard
        return Cells(logits, masks, scores, pooled, True, foreground_logits)

    def _logits(self, standardised: Tensor) -> Tensor:
        """The network's maps (clips, maps, frames, bands), in use the mean over its shifts."""
        shifts = spread_shifts(self.shifts, self.network.stride)
        if self.training or len(shifts) == 1:
            maps: Tensor = self.network(standardised)
            return maps
        return mean_logits(self.network, standardised, shifts, len(self.classes))


def _require_odd(**frames: int) -> None:
    for name, number in frames.items():
        if number < 1 or number % 2 != 1:
            raise ValueError(f"{name}: expected an odd number above 0, got {number}")


def save_model(model: SegmentationModel, path: Path) -> None:
    """Write the model under `path`, at once and completely."""
    weights = {
        name: value.cpu().clone(memory_format=torch.contiguous_format)
        for name, value in model.state_dict().items()
    }
    content = {"format": FORMAT, **model.description, "weights": weights}
    buffer = io.BytesIO()  # a zip made under a name would carry that name
    torch.save(content | {"digest": _digest(content)}, buffer)
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def load_model(path: Path) -> SegmentationModel:
    """The model of a file, on the CPU, ready for use (eval mode).

    ValueError, one line that names the file, if there is no file, it is damaged, it holds code,
    or it is no model.
    """
    content = _read(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(
            f"{path}: not a weakseg model file of this version; "
            f"give a model.pt that training wrote, or {OTHER}"
        )
    try:
        return _rebuild(content, path.stat().st_size)
    except (TypeError, AttributeError, KeyError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path}: {_damage(error)}") from error


def _rebuild(content: Mapping[str, Any], n_bytes: int) -> SegmentationModel:
    """The model that a file of `n_bytes` describes; ValueError if it is not as it was written."""
    weights = content["weights"]
    description = {name: value for name, value in content.items() if name not in ABOUT_FILE}
    _require_fit(weights, n_bytes, description)
    if _digest(content) != content["digest"]:
        raise ValueError("weights or description are not as they were written")
    if not all(value.isfinite().all() for value in weights.values()):
        raise ValueError("some weights are no finite numbers")
    model = SegmentationModel(**description)
    model.load_state_dict(weights)
    return model.eval()


def _require_fit(
    weights: Mapping[str, Tensor], n_bytes: int, description: Mapping[str, Any]
) -> None:
    """ValueError, before memory is taken, if a description is not that of weights in a file."""
    classes = description.get("classes")
    if not isinstance(classes, list) or not all(isinstance(one, str) and one for one in classes):
        raise ValueError("the classes are no list of names")
    if len(set(classes)) != len(classes):
        raise ValueError("two classes have one name")
    if sum(value.numel() * value.element_size() for value in weights.values()) > n_bytes:
        raise ValueError("the weights are more than the file holds")
    with torch.device("meta"):  # shapes alone
        planned = SegmentationModel(**description).state_dict()
    for name in sorted(planned.keys() | weights.keys()):
        of_both = [tuple(values[name].shape) for values in (planned, weights) if name in values]
        if len(of_both) < 2 or of_both[0] != of_both[1]:
            raise ValueError(f"the weights {name} are not those of the network that it describes")


def _digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of description and weights: torch.load does not see a flipped bit."""
    weights = content["weights"]
    description = {name: value for name, value in content.items() if name not in ABOUT_FILE}
    kinds = [(name, str(value.dtype), list(value.shape)) for name, value in weights.items()]
    digest = hashlib.sha256(json.dumps([description, kinds]).encode())
    for value in weights.values():
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def _read(path: Path) -> Any:
    try:
        with warnings.catch_warnings(action="ignore"):  # of pickles that are no models
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ValueError(f"{path}: no such model file; train the model first") from None
    except UnpicklingError as error:  # whose words say how to run what it holds
        reason = ValueError("it is not numbers and text alone, and code is never run")
        raise ValueError(f"{path}: {_damage(reason)}") from error
    except (PermissionError, MemoryError):
        raise
    except Exception as error:  # torch names no set of errors for a file of any content
        raise ValueError(f"{path}: {_damage(error)}") from error


def _damage(error: Exception) -> str:
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return f"damaged or not a weakseg model ({reason[0][:120]}); {OTHER}"
