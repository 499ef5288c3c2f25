from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from weakseg.networks import build_network
from weakseg.pooling import build_pooling

GOLDEN = Path(__file__).parents[1] / "golden"


def golden_weights(name: str) -> dict[str, torch.Tensor]:
    arrays = np.load(GOLDEN / name)
    return {key.removeprefix("bottleneck."): torch.from_numpy(arrays[key]) for key in arrays}


@pytest.fixture(scope="module")
def masks() -> torch.Tensor:
    network = build_network({"type": "published"}, 41, 64).eval()
    missing = network.load_state_dict(golden_weights("network_weights.npz"), strict=False)
    assert not missing.unexpected_keys
    assert all(key.endswith("num_batches_tracked") for key in missing.missing_keys)
    with torch.inference_mode():
        return network(torch.from_numpy(np.load(GOLDEN / "network.npz")["input"])).sigmoid()


def test_published_masks(masks):
    golden = np.load(GOLDEN / "network.npz")
    assert masks.shape == (1, 41, 311, 64)
    assert np.abs(masks[:, :5].numpy() - golden["masks_first_5_classes"]).max() <= 1e-5
    assert np.abs(masks.mean((2, 3)).numpy() - golden["mask_mean_per_class"]).max() <= 1e-5


@pytest.mark.parametrize(
    "spec", [{"type": "gmp"}, {"type": "gap"}, {"type": "gwrp", "decay": 0.9998}]
)
def test_published_clip_probabilities(masks, spec):
    golden = np.load(GOLDEN / "network.npz")["clip_" + spec["type"]]
    assert np.abs(build_pooling(spec, 5)(masks).numpy() - golden).max() <= 1e-5


def test_published_number_of_parameters():
    network = build_network({"type": "published"}, 41, 64)
    assert sum(parameter.numel() for parameter in network.parameters()) == 587_593


def test_initial_weights_are_uniform_within_hes_bound():
    torch.manual_seed(0)
    network = build_network({"type": "published", "widths": [8, 16]}, 5, 64)
    for name, weight in network.named_parameters():
        if weight.dim() == 4:
            bound = (6 / weight[0].numel()) ** 0.5
            assert 0.9 * bound < weight.abs().max() <= bound, name
            assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.2), name
    assert network.final_conv.bias.abs().max() == 0


def test_a_cell_sees_seventeen_frames_and_mels():
    network = build_network({"type": "published", "widths": [4, 4, 4, 4]}, 2, 40).eval()
    logmel = torch.randn(1, 40, 40, requires_grad=True)
    network(logmel)[0, 0, 20, 20].backward()
    frames, mels = torch.nonzero(logmel.grad[0], as_tuple=True)
    assert (frames.min(), frames.max()) == (12, 28)
    assert (mels.min(), mels.max()) == (12, 28)


def test_the_fully_connected_network_sees_each_frame_alone_and_gives_one_band():
    network = build_network({"type": "dnn", "widths": [30, 20]}, 3, 12).eval()
    logmel = torch.randn(2, 9, 12)
    logits = network(logmel)
    assert logits.shape == (2, 3, 9, 1)
    assert not network.gives_masks
    assert torch.allclose(network(logmel[:, 4:5])[:, :, 0], logits[:, :, 4], atol=1e-6)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"type": "vgg"}, "network.type: expected one of published, encoder_decoder, dnn"),
        (
            {"type": "published", "depth": 3},
            "network published: PublishedNetwork.__init__() got an unexpected",
        ),
        ({"type": "published", "widths": []}, "network.widths: expected at least one positive"),
        ({"type": "published", "widths": [8, 0]}, "network.widths: expected at least one positive"),
        ({"type": "dnn", "dropout": 1.0}, "network.dropout: expected a number"),
    ],
)
def test_a_bad_specification_is_named_in_one_line(spec, message):
    with pytest.raises(ValueError) as caught:
        build_network(spec, 3, 12)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
