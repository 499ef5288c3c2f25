"""Masks are the mean over shifts of the network's frames."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from weakseg.model import SegmentationModel
from weakseg.shifts import logits_of, mean_logits, spread_shifts

MELS = 8
ENCODER = {"type": "encoder_decoder", "widths": [4, 4, 4], "context": 4, "dilations": [1]}
FOREGROUND = {"above": 1.5, "steepness": 3.0, "cells": 2.0}


def a_model(network=ENCODER, pooling=None, foreground=None):
    torch.manual_seed(1)
    pooling = pooling or {"type": "gap"}
    model = SegmentationModel(network, pooling, ["a", "b"], {}, MELS, foreground).eval()
    for maps in model.network.modules():  # so that masks differ
        if isinstance(maps, torch.nn.Conv2d):
            torch.nn.init.normal_(maps.weight, std=0.4)
    return model


def a_clip(n_frames, n_clips=2):
    return torch.from_numpy(
        np.random.default_rng(3).normal(-3, 2, (n_clips, n_frames, MELS)).astype(np.float32)
    )


@pytest.mark.parametrize(
    ("number", "stride", "frames"),
    [
        (1, 8, [0]),
        (2, 8, [0, 4]),
        (3, 8, [0, 3, 5]),
        (8, 8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (64, 4, [0, 1, 2, 3]),  # a shift by the stride is none
        (3, 1, [0]),  # nothing is halved
    ],
)
def test_shifts_are_spread_over_the_stride(number, stride, frames):
    assert spread_shifts(number, stride) == frames


@pytest.mark.parametrize("number", [0, -1, 2.5])
def test_what_is_no_number_of_shifts_is_refused(number):
    with pytest.raises(ValueError, match="shifts"):
        spread_shifts(number, 8)


@pytest.mark.parametrize("foreground", [None, FOREGROUND, FOREGROUND | {"learnt": True}])
def test_a_mask_is_the_mean_of_those_of_clips_with_mirrored_frames_in_front(foreground):
    model, logmel = a_model(foreground=foreground), a_clip(21)
    logits = []
    with torch.inference_mode():
        for frames in (0, 1, 3):
            mirrored = logmel[:, 1 : frames + 1].flip(1)
            longer = torch.cat([mirrored, logmel], 1)
            logits.append(model.network(longer)[:, :, frames:])
        model.shifts = 3
        cells = model.cells(logmel)
    assert (logits[0] - logits[1]).abs().max() > 0.1  # the halvings do matter
    mean = torch.stack(logits).mean(0)
    expected = torch.stack(logits)[:, :, :2].sigmoid().mean(0)
    assert torch.allclose(cells.logits.sigmoid(), expected, atol=1e-6)
    if foreground is None:
        assert torch.allclose(cells.masks, expected, atol=1e-6)
        assert torch.allclose(cells.frame_scores, expected.mean(3), atol=1e-6)
    elif "learnt" in foreground:
        assert torch.allclose(cells.foreground_logits, mean[:, 2], atol=1e-6)
        assert torch.allclose(cells.masks, expected * mean[:, 2:].sigmoid(), atol=1e-6)


def test_with_all_shifts_a_clip_that_begins_a_frame_later_has_the_same_masks_inside():
    model = a_model()
    inner = model.reach + model.network.stride
    logmel = a_clip(2 * inner + 30)
    apart = {}
    with torch.inference_mode():
        for shifts in (1, 4):
            model.shifts = shifts
            whole, later = model(logmel).masks, model(logmel[:, 1:]).masks
            inside = slice(inner, -inner)
            apart[shifts] = (whole[:, :, 1:][:, :, inside] - later[:, :, inside]).abs().max()
    assert apart[1] > 0.01 and apart[4] < 1e-5


@pytest.mark.parametrize("n_frames", [1, 2, 3])
def test_clips_shorter_than_a_shift_have_masks(n_frames):
    model = a_model()
    model.shifts = 4
    with torch.inference_mode():
        masks = model(a_clip(n_frames)).masks
    assert masks.shape == (2, 2, n_frames, MELS) and masks.isfinite().all()


def test_training_and_networks_without_halvings_have_no_shifts():
    for network, training in ((ENCODER, True), ({"type": "published", "widths": [4]}, False)):
        model, logmel = a_model(network).train(training), a_clip(16)
        alone = model(logmel).masks
        model.shifts = 3
        assert torch.equal(model(logmel).masks, alone)


def test_what_else_the_pooling_takes_becomes_its_mean():
    model, logmel = a_model(pooling={"type": "attention"}), a_clip(16)
    longer = torch.cat([logmel[:, 1:3].flip(1), logmel], 1)
    model.shifts = 2
    with torch.inference_mode():
        alone, moved = model.network(logmel)[:, 2:], model.network(longer)[:, 2:, 2:]
        given = model.cells(logmel).pooled[1]
    assert torch.allclose(given, (alone + moved) / 2, atol=1e-6)
    assert not torch.allclose(given, alone, atol=1e-2)


def test_maps_of_half_precision_are_averaged_in_single_precision():
    logmel = a_clip(16)

    def network(clips):
        return clips.bfloat16()[:, None]

    mean = mean_logits(network, logmel, [0, 1], 1)
    assert mean.dtype == torch.float32
    assert torch.allclose(mean.sigmoid(), network(logmel).float().sigmoid(), atol=1e-5)


def test_logits_of_full_and_empty_masks_are_finite():
    assert logits_of(torch.tensor([0.0, 0.5, 1.0])).isfinite().all()
    assert logits_of(torch.tensor([0.5])) == 0
