from __future__ import annotations

import numpy as np
import pytest
import torch

from weakseg import background
from weakseg.background import REACH
from weakseg.foreground import Foreground, bridged, nearby, noise_floor
from weakseg.model import SegmentationModel

SILENCE = float(np.log(1e-8))
OPTIONS = {"above": 1.5, "steepness": 3.0, "cells": 2.0}


def clip() -> torch.Tensor:
    """A steady background with a loud patch in frames 100 to 120, bands 3 to 6."""
    logmel = torch.arange(12.0).repeat(1, 200, 1)
    logmel[:, 100:121, 3:7] += 4
    return logmel


def test_the_floor_is_the_background():
    assert torch.allclose(noise_floor(clip()), torch.arange(12.0).expand(1, 200, 12))


def test_the_floor_follows_a_background_that_changes():
    logmel = torch.zeros(1, 4 * REACH, 1)
    logmel[:, 2 * REACH :] = 3
    floor = noise_floor(logmel)[0, :, 0]
    assert (floor[: 2 * REACH] == 0).all()
    assert (floor[3 * REACH + 3 :] == 3).all()


@pytest.mark.parametrize("frames", [1, 3, 7])
def test_the_floor_of_a_short_clip(frames):
    assert noise_floor(torch.randn(2, frames, 5)).shape == (2, frames, 5)


@pytest.mark.parametrize("frames", [1, 4, 150, 400])
def test_tensors_and_arrays_have_one_floor(frames):
    logmel = torch.randn(1, frames, 6)
    expected = background.noise_floor(logmel[0].numpy())
    assert torch.allclose(noise_floor(logmel)[0], torch.from_numpy(expected), atol=1e-5)
    weights = Foreground(**OPTIONS).weights(logmel)[0, 0]
    share = background.standing_out(logmel[0].numpy(), OPTIONS["above"], OPTIONS["steepness"])
    assert torch.allclose(weights, torch.from_numpy(share), atol=1e-5)


def with_gap(first: int, end: int, n_frames: int = 300) -> torch.Tensor:
    """Noise of ten bands, digital silence in some frames, and a frame that is partly in it."""
    logmel = 0.3 * torch.randn(1, n_frames, 10, generator=torch.Generator().manual_seed(1)) - 3
    logmel[:, first:end] = SILENCE
    logmel[:, end : end + 1] -= 4
    return logmel


@pytest.mark.parametrize("gap", [(150, 152), (150, 200), (295, 300), (0, 5)])
def test_what_is_around_digital_silence_does_not_stand_out(gap):
    logmel = with_gap(*gap)
    assert Foreground(**OPTIONS).weights(logmel).mean() > 0.3
    weights = Foreground(**OPTIONS).weights(bridged(logmel))
    assert weights.mean() < 0.1 and weights[:, :, slice(*gap)].max() < 0.1


def test_only_silence_is_bridged():
    logmel = with_gap(150, 200)
    logmel[:, 140:149] += 6  # an event that ends before it
    found, expected = bridged(logmel), background.bridged(logmel[0].numpy())
    np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-5)
    assert torch.equal(found[:, :149], logmel[:, :149])
    assert torch.equal(found[:, 202:], logmel[:, 202:])
    assert (found[:, 150:200] < -2.9).all() and (found[:, 150:200] > -5).all()
    quiet = torch.randn(1, 50, 10) - 15
    assert bridged(quiet) is quiet


def test_silence_without_a_background_near_it_stays():
    logmel = with_gap(0, 400, n_frames=500)
    found = bridged(logmel)
    assert (found[:, :300] == SILENCE).all() and (found[:, 310:400] > -5).all()
    nothing = torch.full((1, 30, 10), SILENCE)
    assert torch.equal(bridged(nothing), nothing)
    np.testing.assert_array_equal(background.bridged(nothing[0].numpy()), nothing[0].numpy())


def test_weights_do_not_depend_on_the_level():
    logmel = torch.randn(2, 50, 8)
    weights = Foreground(**OPTIONS).weights
    assert torch.allclose(weights(logmel), weights(logmel + 7), atol=1e-5)


def test_a_frame_scores_by_its_foreground_alone():
    foreground, logmel = Foreground(**OPTIONS), clip()
    weights = foreground.weights(logmel)
    assert (weights[0, 0, 100:121, 3:7] > 0.99).all()
    assert (weights[0, 0, :90] < 0.02).all()
    everywhere, patch = torch.ones(1, 1, 200, 12), torch.zeros(1, 1, 200, 12)
    patch[:, :, 100:121, 3:7] = 1
    scores = foreground.frame_scores(everywhere, weights)[0, 0]
    assert scores[110] == pytest.approx(4 / 6, abs=0.02)  # four cells of foreground
    assert scores[50] < 0.1
    of_patch = foreground.frame_scores(patch, weights)[0, 0]
    assert of_patch[110] == pytest.approx(scores[110].item(), abs=0.02)


def test_a_model_cuts_its_masks_and_pools_its_frames():
    torch.manual_seed(0)
    network, pooling = {"type": "published", "widths": [4]}, {"type": "gmp"}
    model = SegmentationModel(network, pooling, ["a", "b"], {}, 12, OPTIONS).eval()
    plain = SegmentationModel(network, pooling, ["a", "b"], {}, 12).eval()
    plain.load_state_dict(model.state_dict())
    logmel = clip()
    with torch.inference_mode():
        cut, uncut = model(logmel), plain(logmel)
    weights = Foreground(**OPTIONS).weights(logmel)
    assert torch.allclose(cut.masks, uncut.masks * weights)
    assert torch.allclose(cut.mask_logits.sigmoid(), cut.masks, atol=1e-5)
    assert torch.equal(cut.clip_probabilities, cut.frame_scores.amax(2))
    assert torch.equal(uncut.frame_scores, uncut.masks.mean(3))
    model.smooth_frames = 5
    with torch.inference_mode():
        smooth = model(logmel)
    assert torch.equal(smooth.frame_scores, cut.frame_scores)
    assert torch.equal(smooth.clip_probabilities, cut.clip_probabilities)
    middle = uncut.masks[:, :, 48:53].mean(2) * weights[:, :, 50]
    assert torch.allclose(smooth.masks[:, :, 50], middle, atol=1e-6)
    model.nearby_frames = 7
    with torch.inference_mode():
        weighted = model(logmel)
    around = cut.frame_scores[:, :, 47:54]
    heard = (around**2).sum(2) / around.sum(2)
    assert torch.equal(weighted.clip_probabilities, cut.clip_probabilities)
    assert torch.allclose(nearby(cut.frame_scores, 7)[:, :, 50], heard, atol=1e-6)
    everywhere = nearby(cut.frame_scores, 7)
    assert torch.allclose(weighted.frame_scores, cut.frame_scores * everywhere)
    # where nothing stands out, what counts is how surely the class is heard
    assert torch.allclose(weighted.masks, (0.001 + 0.999 * smooth.masks) * everywhere[..., None])
