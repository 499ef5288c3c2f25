from __future__ import annotations

import os
import pickle

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from weakseg.model import SegmentationModel, load_model, save_model
from weakseg.objective import Objective

CLASSES = ["bark", "bell", "rain"]
SETTINGS = {"sample_rate": 8000, "hop": 256, "fmax": None}
TINY = {"type": "published", "widths": [4, 6]}


GWRP = {"type": "gwrp", "decay": 0.99}


def make_model(network=TINY, pooling=GWRP) -> SegmentationModel:
    torch.manual_seed(3)
    model = SegmentationModel(network, pooling, CLASSES, SETTINGS, 12)
    model.standardise_with(torch.linspace(-5, -2, 12), torch.linspace(1, 2, 12))
    return model.eval()


@pytest.fixture
def saved(tmp_path):
    save_model(make_model(), tmp_path / "model.pt")
    return tmp_path / "model.pt"


def test_outputs_have_the_shapes_of_the_input():
    output = make_model()(torch.randn(2, 20, 12))
    assert output.mask_logits.shape == output.masks.shape == (2, 3, 20, 12)
    assert output.clip_probabilities.shape == (2, 3)
    assert torch.equal(output.frame_scores, output.masks.mean(3))
    assert torch.equal(output.masks, output.mask_logits.sigmoid())


def test_a_model_without_masks_has_frame_scores():
    output = make_model({"type": "dnn", "widths": [8]})(torch.randn(2, 20, 12))
    assert output.frame_scores.shape == (2, 3, 20)
    assert output.clip_probabilities.shape == (2, 3)


@pytest.mark.parametrize("network", [TINY, {"type": "dnn", "widths": [8]}])
@pytest.mark.parametrize("order", ["joint", "frequency_first"])
def test_attention_takes_a_second_map_a_class_that_is_no_mask(network, order):
    model = make_model(network, {"type": "attention", "order": order})
    assert model.network(torch.randn(2, 20, 12)).shape[1] == 6
    output = model(torch.randn(2, 20, 12))
    assert output.masks.shape[:3] == (2, 3, 20)
    assert output.clip_probabilities.shape == (2, 3)
    output.clip_probabilities.sum().backward()
    final = model.network.final_conv if network is TINY else model.network.layers[-1]
    assert (final.weight.grad.flatten(1).abs().sum(1) > 0).all()


@pytest.mark.parametrize("pooling", [GWRP, {"type": "attention"}])
def test_masks_are_cut_to_a_map_of_the_foreground_that_is_the_last(pooling):
    cut = {"above": 1.0, "steepness": 3.0, "cells": 2.0}
    torch.manual_seed(3)
    blind, learnt = (
        SegmentationModel(TINY, pooling, CLASSES, SETTINGS, 12, cut | {"learnt": its_own}).eval()
        for its_own in (False, True)
    )
    ours = learnt.state_dict()
    n_maps = len(ours["network.final_conv.bias"])
    assert n_maps == len(blind.state_dict()["network.final_conv.bias"]) + 1
    blind.load_state_dict(
        {n: w[:-1] if n.startswith("network.final_conv") else w for n, w in ours.items()}
    )
    logmel = torch.randn(2, 20, 12)
    theirs, said = blind(logmel), learnt(logmel)
    assert theirs.foreground_logits is None
    whole = learnt.network((logmel - learnt.mel_mean) / learnt.mel_deviation)
    assert torch.equal(said.foreground_logits, whole[:, -1])
    of_map = said.foreground_logits.sigmoid()[:, None]
    torch.testing.assert_close(said.masks, said.logits.sigmoid() * of_map)
    torch.testing.assert_close(said.frame_scores, theirs.frame_scores)
    torch.testing.assert_close(said.clip_probabilities, theirs.clip_probabilities)


def learning_foreground() -> SegmentationModel:
    torch.manual_seed(3)
    foreground = {"above": 1.0, "steepness": 3.0, "cells": 2.0, "learnt": True}
    return SegmentationModel(TINY, GWRP, CLASSES, SETTINGS, 12, foreground)


def test_a_network_without_masks_learns_no_foreground():
    foreground = {"above": 1.0, "steepness": 3.0, "cells": 2.0, "learnt": True}
    with pytest.raises(ValueError, match=r"foreground\.learnt: needs a network with masks"):
        SegmentationModel({"type": "dnn", "widths": [8]}, GWRP, CLASSES, SETTINGS, 12, foreground)


def test_a_map_of_the_foreground_and_those_of_classes_have_each_their_own_loss():
    """In the last layer; what is before it they share."""
    labels, teacher = torch.tensor([[1.0, 0.0, 1.0]]).repeat(2, 1), torch.rand(2, 3, 20)
    of_classes, of_map = (
        Objective(absent=1.0, consistency=1.0),
        Objective(foreground=1.0),
    )
    model = learning_foreground()
    output = model(torch.randn(2, 20, 12))
    share = torch.rand_like(output.foreground_logits)
    clips = F.binary_cross_entropy(output.clip_probabilities, labels)
    losses = (
        of_classes(output, labels, teacher),
        of_map(output, labels, foreground=share) - clips,
    )
    for loss, own in zip(losses, (slice(0, 3), slice(3, 4)), strict=True):
        (gradient,) = torch.autograd.grad(loss, model.network.final_conv.weight, retain_graph=True)
        given = gradient.flatten(1).abs().sum(1)
        others = torch.ones(4, dtype=torch.bool)
        others[own] = False
        assert (given[own] > 0).all() and (given[others] < 1e-6 * given.max()).all()


def test_a_map_of_the_foreground_survives_the_file(tmp_path):
    model, logmel = learning_foreground().eval(), torch.randn(2, 20, 12)
    save_model(model, tmp_path / "model.pt")
    assert torch.equal(load_model(tmp_path / "model.pt")(logmel).masks, model(logmel).masks)


@pytest.mark.parametrize(
    "pooling", [GWRP | {"learnable": True}, {"type": "auto_pool"}, {"type": "attention"}]
)
def test_a_pooling_with_parameters_survives_the_file(pooling, tmp_path):
    model, logmel = make_model(pooling=pooling), torch.randn(2, 20, 12)
    for parameter in model.pooling.parameters():
        parameter.data += torch.tensor([1.0, -2.0, 3.0])
    save_model(model, tmp_path / "model.pt")
    loaded = load_model(tmp_path / "model.pt")
    assert loaded.state_dict().keys() == model.state_dict().keys()
    assert torch.equal(loaded(logmel).clip_probabilities, model(logmel).clip_probabilities)


def test_each_mel_band_is_standardised():
    model = make_model()
    logmel = torch.randn(2, 20, 12)
    raw = logmel * model.mel_deviation + model.mel_mean
    expected = model.network(logmel)
    assert torch.allclose(model(raw).mask_logits, expected, atol=1e-5)


def test_a_loaded_model_is_the_saved_one(saved):
    loaded, logmel = load_model(saved), torch.randn(2, 20, 12)
    assert not loaded.training
    assert loaded.description == make_model().description
    assert loaded.classes == CLASSES
    assert loaded.settings == SETTINGS
    expected = make_model()(logmel)
    assert torch.equal(loaded(logmel).mask_logits, expected.mask_logits)
    assert torch.equal(loaded(logmel).clip_probabilities, expected.clip_probabilities)


def test_a_file_needs_no_code_to_be_read(saved):
    content = torch.load(saved, weights_only=True)
    assert content["classes"] == CLASSES


def test_the_bytes_depend_on_the_model_alone(saved, tmp_path):
    other = tmp_path / "some_other_name.bin"
    save_model(make_model().to(memory_format=torch.channels_last), other)
    assert other.read_bytes() == saved.read_bytes()
    assert sorted(tmp_path.iterdir()) == [saved, other]


def test_a_failed_save_leaves_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()

    def fail(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        save_model(make_model({"type": "dnn"}), saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :]


def with_code(_: bytes) -> bytes:
    class Harmful:
        def __reduce__(self):
            return os.mkdir, ("created-by-a-pickle",)

    return pickle.dumps(Harmful(), protocol=2)


@pytest.mark.parametrize(
    "damage", [truncated, flipped, with_code, lambda _: b"", lambda _: b"text"]
)
def test_a_damaged_file_is_named_in_one_line(saved, damage, monkeypatch):
    monkeypatch.chdir(saved.parent)
    saved.write_bytes(damage(saved.read_bytes()))
    with pytest.raises(ValueError) as caught:
        load_model(saved)
    assert str(caught.value).startswith(f"{saved}: damaged or not a weakseg model (")
    assert "\n" not in str(caught.value)
    assert list(saved.parent.iterdir()) == [saved]


def changed(saved, **changes):
    content = torch.load(saved, weights_only=True) | changes
    torch.save(content, saved)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "something else"},
        {"weights": {}},
        {"weights": None},
        {"classes": ["one", "two"]},
        {"network": {"type": "unheard of"}},
        {"surplus": 1},
    ],
)
def test_other_content_is_named_in_one_line(saved, changes):
    changed(saved, **changes)
    with pytest.raises(ValueError) as caught:
        load_model(saved)
    assert str(caught.value).startswith(f"{saved}: ")
    assert "not a weakseg model" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_objects_and_missing_files_are_named(saved):
    torch.save([1, 2], saved)
    with pytest.raises(ValueError, match=r"model\.pt: not a weakseg model file"):
        load_model(saved)
    saved.unlink()
    with pytest.raises(ValueError, match=r"model\.pt: no such model file"):
        load_model(saved)
