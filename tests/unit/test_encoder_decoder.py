from __future__ import annotations

import pytest
import torch

from weakseg.encoder_decoder import with_background
from weakseg.networks import build_network, cost

SPEC = {"type": "encoder_decoder", "widths": [4, 6, 8], "context": 8, "dilations": [1, 2]}
FACTOR = 4
# frames that one output may look at, to each side: the taps at each resolution, and those above
REACH = 96 + 2 + FACTOR * (2 * 2 + 2 * (1 + 2) + 4) + 2 * (2 * 2 * 2) + 2 * 4


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build_network(SPEC, n_classes=3, n_mels=16).eval()


@pytest.mark.parametrize("frames", [1, 2, 5, 40, 311])
def test_any_number_of_frames(network, frames):
    logits = network(torch.randn(2, frames, 16))
    assert logits.shape == (2, 3, frames, 16)
    assert logits.isfinite().all()


def test_masks_begin_nearly_empty(network):
    masks = network(torch.randn(2, 40, 16)).sigmoid()
    assert 0.02 < masks.median() < 0.3


def test_every_band_sees_every_band(network):
    x = torch.randn(1, 64, 16, requires_grad=True)
    network(x)[0, 0, 32, 0].backward()
    assert (x.grad[0].abs().amax(0) > 0).all()


def test_what_is_far_away_changes_nothing(network):
    """So that a long recording can be cut into windows that overlap."""
    x = torch.randn(1, 640, 16)
    changed = x.clone()
    changed[:, : 320 - REACH] = 5.0
    with torch.inference_mode():
        same = network(x)[:, :, 320:] - network(changed)[:, :, 320:]
    assert same.abs().max() < 1e-5


def test_mels_that_cannot_be_halved_are_refused():
    with pytest.raises(ValueError, match=r"network\.widths: 18 mels cannot be halved 2 times"):
        build_network(SPEC, n_classes=3, n_mels=18)


def test_input_maps(network):
    x = torch.randn(2, 30, 16)
    maps = with_background(x)
    assert torch.equal(maps[:, 0], x)
    assert maps[0, 2, 0, 0] == -1
    assert maps[0, 2, 5, -1] == 1
    louder = with_background(x + 3)
    assert torch.allclose(louder[:, 1], maps[:, 1], atol=1e-5)


def test_cost_of_the_published_network():
    """1.68 TFLOP a step of 24 clips are six times the multiply-accumulates of a clip, each."""
    parameters, operations = cost(build_network({"type": "published"}, 41, 64), 311, 64)
    assert parameters == 587_593
    assert 24 * 6 * operations == pytest.approx(1.68e12, rel=0.01)
    assert cost(build_network({"type": "encoder_decoder"}, 41, 64), 311, 64)[1] < operations / 15
