"""A fold of 2000 clips made of those that are there, each again and again under other names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from benchmarks.inputs import Inputs, chosen_mixtures, make_predictions
from weakseg.plan import PlannedMixture, write_plan
from weakseg.store import DESCRIPTION, new_file, read_json, write_json


def copies(inputs: Inputs) -> int:
    """How often each mixture is in the fold."""
    return max(1, int(inputs.config["mixtures"]["per_fold"]) // inputs.n_fold)


def make_fold(inputs: Inputs) -> dict[str, Path]:
    """Features, predictions and plan of the whole fold."""
    predictions = make_predictions(inputs)
    features = [inputs.features(shard) for shard in inputs.fold_shards]
    paths = {name: inputs.path(f"fold/{name}") for name in ("features.h5", "predictions.h5")}
    plan = inputs.path("fold/mixtures.yaml")
    if not plan.exists():
        plan.parent.mkdir(exist_ok=True)
        repeat(features, paths["features.h5"], copies(inputs))
        repeat([predictions], paths["predictions.h5"], copies(inputs))
        write_plan(plan, repeated_mixtures(inputs))
    return {"features": paths["features.h5"], "predictions": paths["predictions.h5"], "plan": plan}


def repeated_mixtures(inputs: Inputs) -> list[PlannedMixture]:
    """The plan of the fold."""
    mine = [mixture for mixture in chosen_mixtures(inputs) if mixture["fold"] == 1]
    return [
        {**mixture, "mixture_name": f"{copy}-{mixture['mixture_name']}"}
        for copy in range(copies(inputs))
        for mixture in mine
    ]


def repeat(sources: Sequence[Path], target: Path, times: int) -> None:
    """Write a store that holds the clips of some stores, `times` over.

    Their compressed chunks are copied as they are.
    """
    files = [h5py.File(path, "r") for path in sources]
    names = [name for file in files for name in read_json(file, "names")]
    with new_file(target) as new:
        for key in ("classes", "settings"):
            write_json(new, key, read_json(files[0], key))
        write_json(new, "names", [f"{copy}-{name}" for copy in range(times) for name in names])
        for key in (key for key in files[0] if key not in DESCRIPTION):
            _repeat_dataset([file[key] for file in files], new, key, times)
    for file in files:
        file.close()


def _repeat_dataset(parts: Sequence[h5py.Dataset], new: h5py.File, key: str, times: int) -> None:
    first = parts[0]
    if first.chunks[0] != 1:
        new.create_dataset(key, data=np.concatenate([part[:] for part in parts] * times))
        return
    shape = (times * sum(len(part) for part in parts), *first.shape[1:])
    made: Any = new.create_dataset(
        key,
        shape=shape,
        dtype=first.dtype,
        chunks=first.chunks,
        compression=first.compression,
        compression_opts=first.compression_opts,
        shuffle=first.shuffle,
        fletcher32=first.fletcher32,
    )
    rest = (0,) * (len(shape) - 1)
    row = 0
    for _ in range(times):
        for part in parts:
            for clip in range(len(part)):
                mask, chunk = part.id.read_direct_chunk((clip, *rest))
                made.id.write_direct_chunk((row, *rest), chunk, mask)
                row += 1
