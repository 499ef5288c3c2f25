"""Masks, frame scores and clip probabilities of a trained model, clip by clip.

Conventions
-----------
- Masks, and the map of a learnt foreground, leave as codes on the grid of
  `store.encode_mask_logits`; frame scores are those of the exact masks, not gated by the clip
  probability.
- Memory holds a few batches, however many clips there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from weakseg.allocator import keep_freed_memory
from weakseg.batches import read_ahead
from weakseg.hardware import choose_device, choose_precision, mixed_precision, prepare
from weakseg.model import ModelOutput, SegmentationModel, load_model
from weakseg.progress import counted
from weakseg.store import ClipPrediction, FeatureStore, encode_mask_logits, write_predictions

NamedClips = tuple[Sequence[str], NDArray[np.float32]]


def predict_clips(
    model: SegmentationModel, batches: Iterable[NamedClips], precision: str = "auto"
) -> Iterator[ClipPrediction]:
    """A prediction for each clip of the batches (names, log-mel (clips, frames, mels)).

    The model runs on the device where it is.  A mask has the clip's frames and mels.
    """
    device = model.mel_mean.device
    arithmetic = choose_precision(precision, device)
    model.eval()
    for names, logmel in batches:
        output = _run(model, torch.from_numpy(logmel).to(device), arithmetic)
        probabilities = output.clip_probabilities.cpu().numpy()
        scores = output.frame_scores.transpose(1, 2).cpu().numpy()
        logits = output.mask_logits.cpu().numpy()
        learnt = output.foreground_logits
        maps = None if learnt is None else encode_mask_logits(learnt.cpu().numpy())
        for clip, name in enumerate(names):
            codes = encode_mask_logits(logits[clip]) if model.gives_masks else None
            of_map = None if maps is None else maps[clip]
            yield ClipPrediction(name, probabilities[clip], scores[clip], codes, of_map)


@torch.inference_mode()
def _run(model: SegmentationModel, logmel: torch.Tensor, precision: str) -> ModelOutput:
    with mixed_precision(logmel.device, precision):
        output: ModelOutput = model(logmel)
    return output


def segment_store(
    model_path: Path,
    feature_paths: Sequence[Path],
    output_path: Path,
    *,
    threads: int,
    device: str = "auto",
    precision: str = "auto",
    batch_size: int = 8,
    shifts: int | None = 1,
    smooth_frames: int = 1,
    nearby_frames: int = 1,
    most_clips: int | None = None,
) -> None:
    """Write a model's predictions for all clips of some feature files, or for at most `most_clips`.

    These are spread evenly over the files, in their order.  shifts, smooth_frames and
    nearby_frames: as in `SegmentationModel.put_in_use`.
    ValueError if the model is no model or was trained on other classes or feature settings.
    """
    keep_freed_memory()
    model = load_model(model_path)
    model.put_in_use(shifts, smooth_frames, nearby_frames)
    prepare(model, choose_device(device), threads)
    with FeatureStore(feature_paths) as store:
        check_agreement(model, model_path, store)
        chosen = spread(len(store), most_clips)
        batches = read_ahead(_named_clips(store, chosen, batch_size))
        clips = counted(predict_clips(model, batches, precision), len(chosen), " clips")
        names = [store.names[clip] for clip in chosen]
        write_predictions(output_path, names, store.classes, store.settings, clips)


def spread(n_clips: int, most: int | None) -> list[int]:
    """The indices of all clips, or of `most` of them at even distances, in ascending order."""
    if most is None or most >= n_clips:
        return list(range(n_clips))
    return [(2 * place + 1) * n_clips // (2 * most) for place in range(most)]


def check_agreement(model: SegmentationModel, model_path: Path, store: FeatureStore) -> None:
    """ValueError if the model was trained on other classes or feature settings than the store's."""
    pairs: dict[str, tuple[Any, Any]] = {"classes": (model.classes, store.classes)}
    for name in sorted(model.settings.keys() | store.settings.keys()):
        pairs[name] = (model.settings.get(name), store.settings.get(name))
    for name, (trained, given) in pairs.items():
        if trained != given:
            raise ValueError(
                f"{model_path}: trained with {name} {trained}, but {store.paths[0]} has {given}; "
                "make the features as for the training, or train anew"
            )


def _named_clips(
    store: FeatureStore, chosen: Sequence[int], batch_size: int
) -> Iterator[NamedClips]:
    for start in range(0, len(chosen), batch_size):
        clips = chosen[start : start + batch_size]
        yield [store.names[clip] for clip in clips], store.logmel(clips)
