"""A model as an ONNX file, for programs without torch.

Conventions
-----------
- Input `logmel` (clips, frames, mels) float32, as `spectral.Spectral.logmel` makes it; any number
  of clips and frames.
- Outputs `clip_probabilities` (clips, classes), `frame_scores` (clips, classes, frames) and, of a
  model that gives masks, `masks` (clips, classes, frames, mels), all float32 in 0..1, as the model
  in use gives them: `SegmentationModel.put_in_use`.
- The file's metadata `weakseg` is JSON: the model's classes and settings, of which the spectral
  ones say how log-mel is made.
- Needs the packages PACKAGES, which training and use do not.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from weakseg.files import replacing
from weakseg.model import SegmentationModel

PACKAGES = ("onnx", "onnxscript")
OPSET = 20
EXAMPLE = (2, 64)  # clips and frames of the clips that the model is traced with


class _Outputs(nn.Module):
    """A model whose outputs are tensors."""

    def __init__(self, model: SegmentationModel):
        super().__init__()
        self.model = model

    def forward(self, logmel: Tensor) -> tuple[Tensor, ...]:
        output = self.model(logmel)
        scores = output.clip_probabilities, output.frame_scores
        return (*scores, output.masks) if self.model.gives_masks else scores


def export_onnx(model: SegmentationModel, path: Path, **in_use: int | None) -> None:
    """Write the model under `path`, at once and completely; it computes in float32.

    in_use: as in `SegmentationModel.put_in_use`.
    ValueError if a package is missing, or for a value that is none of these.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(f"ONNX files need more packages: pip install {' '.join(missing)}")
    model.put_in_use(**in_use)
    path.parent.mkdir(parents=True, exist_ok=True)  # before what takes long
    about = {"classes": model.classes, "settings": model.settings}
    proto = _graph(model)
    proto.metadata_props.add(key="weakseg", value=json.dumps(about, sort_keys=True))
    with replacing(path) as temporary:
        temporary.write_bytes(proto.SerializeToString(deterministic=True))


def _graph(model: SegmentationModel) -> Any:
    names = ["clip_probabilities", "frame_scores", "masks"][: 3 if model.gives_masks else 2]
    logmel = torch.zeros(*EXAMPLE, len(model.mel_mean))
    sizes = {0: torch.export.Dim("clips"), 1: torch.export.Dim("frames")}
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):  # they miss torchvision, tell each step
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        # Guards on sizes, such as more frames than one, are kept for running and then left out:
        # ONNX's operators hold without them.
        traced = torch.export.export(
            _Outputs(model.cpu().float().eval()),
            (logmel,),
            dynamic_shapes=(sizes,),
            prefer_deferred_runtime_asserts_over_guards=True,
        )
        program = torch.onnx.export(
            traced, input_names=["logmel"], output_names=names, opset_version=OPSET, verbose=False
        )
    assert program is not None
    proto = program.model_proto
    _name_sizes(proto)
    return proto


def _name_sizes(proto: Any) -> None:
    """Call sizes that may differ what they are, not what the trace did."""
    given = [size.dim_param for size in proto.graph.input[0].type.tensor_type.shape.dim[:2]]
    names = dict(zip(given, ("clips", "frames"), strict=True))
    for value in (*proto.graph.input, *proto.graph.output):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_param = names.get(size.dim_param, size.dim_param)
