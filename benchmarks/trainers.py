"""What the two trainers, the default and the plain one, do in processes of their own.

A process is opened by `open_default` or `open_plain`, and does what is asked for one call at a
time, so that the calls of both can alternate.  What is timed is timed here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.inputs import Inputs, fold_features, published_model
from benchmarks.plain import training as plain
from weakseg.allocator import keep_freed_memory
from weakseg.batches import Batch, batch_of_iteration, read_batches
from weakseg.hardware import mixed_precision
from weakseg.inference import predict_clips
from weakseg.learner import Learner, start_learner
from weakseg.model import SegmentationModel
from weakseg.networks import cost
from weakseg.pooling import Pooling, build_pooling
from weakseg.store import FeatureStore

INFERENCE_BATCH = 8  # of weakseg.inference.segment_store
MASKS = (24, 41, 311, 64)  # of the paper's batch

opened: dict[str, Any] = {}


def open_default(inputs: Inputs) -> None:
    """The trainer as `weakseg.training.train` sets it up, batches read ahead in its thread."""
    keep_freed_memory()
    training = inputs.config["training"]
    store = FeatureStore([Path(path) for path in fold_features(inputs)])
    model = SegmentationModel(
        **published_model(inputs),
        classes=store.classes,
        settings=store.settings,
        n_mels=store.shape[1],
    )
    learner = start_learner(model, "cpu", training["precision"], training["threads"])
    truth, clips = store.clip_truth(), np.arange(len(store))
    plan = (batch_of_iteration(clips, training["batch_size"], 1, number) for number in count())
    opened.update(store=store, learner=learner, batches=read_batches(store, truth, plan, pin=False))
    opened.update(pooling=build_pooling(inputs.config["models"]["gwrp"]["pooling"], MASKS[1]))


def open_plain(inputs: Inputs) -> None:
    """The plain trainer, its batch in memory."""
    torch.set_num_threads(inputs.config["training"]["threads"])
    store = FeatureStore([Path(path) for path in fold_features(inputs)])
    model = inputs.config["models"]["gwrp"]
    network = plain.PlainNetwork(len(store.classes), model["network"]["widths"])
    clips = range(inputs.config["training"]["batch_size"])
    logmel = torch.from_numpy(store.logmel(clips))
    truth = torch.from_numpy(store.clip_truth()[: len(clips)].astype(np.float32))
    opened.update(network=network, optimizer=torch.optim.Adam(network.parameters()))
    opened.update(logmel=(logmel - logmel.mean()) / logmel.std(), truth=truth)
    opened.update(decay=model["pooling"]["decay"])


def default_step() -> float:
    """Seconds of a step, the wait for its batch included."""
    learner: Learner = opened["learner"]
    batches: Iterator[Batch] = opened["batches"]
    return seconds_of(lambda: learner.step(next(batches), 1e-3))


def plain_step() -> float:
    """Seconds of a step."""
    names = ("network", "optimizer", "logmel", "truth", "decay")
    return seconds_of(lambda: plain.step(*(opened[name] for name in names)))


def default_inference() -> float:
    """Seconds a clip, from log-mel to clip probabilities, frame scores and codes of masks."""
    learner, store = opened["learner"], opened["store"]
    batch = [(store.names[:INFERENCE_BATCH], store.logmel(range(INFERENCE_BATCH)))]
    run = lambda: list(predict_clips(learner.model, batch, learner.precision))  # noqa: E731
    return seconds_of(run) / INFERENCE_BATCH


def plain_inference() -> float:
    """Seconds a clip, from log-mel to masks and clip probabilities."""
    network = opened["network"].eval()
    with torch.no_grad():
        run = lambda: plain.gwrp(network(opened["logmel"][:INFERENCE_BATCH]), opened["decay"])  # noqa: E731
        seconds = seconds_of(run) / INFERENCE_BATCH
    network.train()
    return seconds


def default_gwrp() -> float:
    """Seconds of the pooling's forward and backward pass over a batch of masks."""
    return _pooling_seconds(opened["pooling"])


def plain_gwrp() -> float:
    """The same by torch.sort."""
    return _pooling_seconds(lambda masks: plain.gwrp(masks, opened["decay"]))


def _pooling_seconds(pool: Pooling | Callable[[Tensor], Tensor]) -> float:
    if "masks" not in opened:
        opened["masks"] = torch.rand(MASKS, generator=torch.Generator().manual_seed(1))
    masks = opened["masks"].requires_grad_()
    masks.grad = None
    return seconds_of(lambda: pool(masks).sum().backward())


def step_tflop() -> float:
    """10^12 operations of a step's convolutions: forward, and twice as many backward."""
    learner, store = opened["learner"], opened["store"]
    batch_size = next(opened["batches"]).logmel.shape[0]
    return float(cost(learner.model.network, *store.shape)[1] * 2 * 3 * batch_size / 1e12)


def conv_tflops() -> float:
    """10^12 operations a second of the network's widest convolution, forward and backward."""
    learner: Learner = opened["learner"]
    layer = max(
        (one for one in learner.model.modules() if isinstance(one, nn.Conv2d)),
        key=lambda one: one.weight.numel(),
    )
    if "maps" not in opened:
        shape = MASKS[0], layer.in_channels, *MASKS[2:]
        kind = torch.bfloat16 if learner.precision == "bf16" else torch.float32
        maps = torch.rand(shape).to(kind, memory_format=torch.channels_last)
        opened.update(maps=maps.requires_grad_(), ones=torch.ones_like(maps))

    def run() -> None:
        with mixed_precision(learner.device, learner.precision):
            result = layer(opened["maps"])
        result.backward(opened["ones"])

    seconds = seconds_of(run)
    opened["maps"].grad = None
    n_cells = MASKS[0] * MASKS[2] * MASKS[3]
    return 3 * 2 * layer.weight.numel() * n_cells / seconds / 1e12


def seconds_of(run: Callable[[], Any]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
