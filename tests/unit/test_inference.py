from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from weakseg.inference import predict_clips, segment_store, spread
from weakseg.model import SegmentationModel, save_model
from weakseg.networks import build_network
from weakseg.store import ClipFeatures, FeatureStore, PredictionStore, decode_masks, write_features

GOLDEN = Path(__file__).parents[1] / "golden"
CLASSES = ["bark", "bell", "rain"]
FRAMES, MELS = 20, 12
SETTINGS = {"sample_rate": 8000, "hop": 256, "mels": MELS}
OPTIONS = {"threads": 1, "device": "cpu", "precision": "fp32"}


def make_model(network=None) -> SegmentationModel:
    torch.manual_seed(5)
    spec = network or {"type": "published", "widths": [4, 6]}
    model = SegmentationModel(spec, {"type": "gap"}, CLASSES, SETTINGS, MELS)
    model.standardise_with(torch.full((MELS,), -4.0), torch.full((MELS,), 2.0))
    return model.eval()


def write_store(path: Path, n_clips: int, seed: int, **changed: object) -> Path:
    rng = np.random.default_rng(seed)
    names = [f"clip{seed}-{index}" for index in range(n_clips)]
    nothing = np.zeros((FRAMES, len(CLASSES)), bool)
    clips = [
        ClipFeatures(name, rng.normal(-4, 2, (FRAMES, MELS)).astype(np.float32), nothing, {})
        for name in names
    ]
    write_features(path, names, CLASSES, SETTINGS | changed, clips)
    return path


@pytest.fixture
def features(tmp_path) -> list[Path]:
    return [write_store(tmp_path / f"part{seed}.h5", 5, seed) for seed in (1, 2)]


@pytest.fixture
def model_path(tmp_path) -> Path:
    save_model(make_model(), tmp_path / "model.pt")
    return tmp_path / "model.pt"


def test_predictions_are_the_models_outputs(features, model_path, tmp_path):
    output = tmp_path / "predictions.h5"
    segment_store(model_path, features, output, batch_size=3, **OPTIONS)
    with FeatureStore(features) as store, PredictionStore(output) as predictions:
        assert predictions.names == store.names
        assert predictions.classes == CLASSES
        assert predictions.settings == SETTINGS
        with torch.inference_mode():
            expected = make_model()(torch.from_numpy(store.logmel(range(10))))
        probabilities = predictions.clip_probabilities()
        assert probabilities == pytest.approx(expected.clip_probabilities.numpy(), abs=1e-6)
        for clip in (0, 4, 5, 9):
            scores = predictions.frame_scores(clip)
            assert scores.shape == (FRAMES, len(CLASSES))
            assert scores == pytest.approx(expected.frame_scores[clip].T.numpy(), abs=1e-6)
            masks = decode_masks(predictions.mask_codes(clip))
            assert masks == pytest.approx(expected.masks[clip].numpy(), abs=0.01)


def test_the_map_of_a_learnt_foreground_is_kept_beside_the_masks(features, tmp_path):
    torch.manual_seed(5)
    network, cut = (
        {"type": "encoder_decoder", "widths": [4, 4, 4]},
        {"above": 1.5, "steepness": 3.0},
    )
    cut |= {"cells": 2.0, "learnt": True}
    pooling = {"type": "linear_softmax"}
    model = SegmentationModel(network, pooling, CLASSES, SETTINGS, MELS, cut).eval()
    torch.nn.init.normal_(model.network.maps.last.weight)
    save_model(model, tmp_path / "model.pt")
    segment_store(tmp_path / "model.pt", features, tmp_path / "p.h5", **OPTIONS)
    with FeatureStore(features) as store, PredictionStore(tmp_path / "p.h5") as predictions:
        with torch.inference_mode():
            logits = model(torch.from_numpy(store.logmel([7]))).foreground_logits
        given = predictions.learnt_foreground(7)
    assert given == pytest.approx(logits[0].sigmoid().numpy(), abs=0.01) and given.std() > 0.05


def test_shifts_are_as_asked_and_three_if_none_is(features, tmp_path):
    model = make_model({"type": "encoder_decoder", "widths": [4, 4, 4]})
    torch.nn.init.normal_(model.network.maps.last.weight)  # so that masks differ
    save_model(model, tmp_path / "model.pt")
    probabilities = {}
    for shifts in (1, None):
        output = tmp_path / f"{shifts}.h5"
        segment_store(tmp_path / "model.pt", features, output, shifts=shifts, **OPTIONS)
        with PredictionStore(output) as predictions:
            probabilities[shifts] = predictions.clip_probabilities()
    model.shifts = 3
    with FeatureStore(features) as store, torch.inference_mode():
        expected = model(torch.from_numpy(store.logmel(range(10)))).clip_probabilities.numpy()
    assert probabilities[None] == pytest.approx(expected, abs=1e-6)
    assert np.abs(probabilities[1] - expected).max() > 1e-4


def test_the_same_input_gives_the_same_bytes(features, model_path, tmp_path):
    outputs = [tmp_path / "one.h5", tmp_path / "another.h5"]
    for output in outputs:
        segment_store(model_path, features, output, **OPTIONS)
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_a_model_without_masks_writes_none(features, tmp_path):
    save_model(make_model({"type": "dnn", "widths": [7]}), tmp_path / "model.pt")
    segment_store(tmp_path / "model.pt", features, tmp_path / "out.h5", **OPTIONS)
    with PredictionStore(tmp_path / "out.h5") as predictions:
        assert not predictions.has_masks
        assert predictions.frame_scores(3).shape == (FRAMES, len(CLASSES))


def test_a_part_of_the_clips_is_spread_over_the_files(features, model_path, tmp_path):
    whole, part = tmp_path / "whole.h5", tmp_path / "part.h5"
    segment_store(model_path, features, whole, **OPTIONS)
    segment_store(model_path, features, part, most_clips=4, batch_size=3, **OPTIONS)
    with PredictionStore(whole) as every, PredictionStore(part) as some:
        chosen = [1, 3, 6, 8]
        assert some.names == [every.names[clip] for clip in chosen]
        np.testing.assert_allclose(
            some.clip_probabilities(), every.clip_probabilities()[chosen], rtol=1e-5
        )
    assert spread(3, 3) == spread(3, 9) == spread(3, None) == [0, 1, 2]


def test_clips_of_any_length():
    batches = [
        (["long"], np.zeros((1, 57, MELS), np.float32)),
        (["short"], np.zeros((1, 3, MELS), np.float32)),
    ]
    shapes = [clip.mask_codes.shape for clip in predict_clips(make_model(), batches, "fp32")]
    assert shapes == [(3, 57, MELS), (3, 3, MELS)]


def test_bf16_masks_are_those_of_fp32_within_a_hundredth():
    network = build_network({"type": "published"}, 41, 64)
    arrays = np.load(GOLDEN / "network_weights.npz")
    weights = {k.removeprefix("bottleneck."): torch.from_numpy(arrays[k]) for k in arrays}
    network.load_state_dict(weights, strict=False)
    model = SegmentationModel(
        {"type": "published"}, {"type": "gap"}, [str(c) for c in range(41)], {}, 64
    )
    model.network = network
    logmel = np.load(GOLDEN / "network.npz")["input"][:, :80]
    fp32, bf16 = (
        next(predict_clips(model, [(["clip"], logmel)], precision))
        for precision in ("fp32", "bf16")
    )
    assert np.abs(decode_masks(fp32.mask_codes) - decode_masks(bf16.mask_codes)).mean() < 0.01
    assert bf16.clip_probabilities == pytest.approx(fp32.clip_probabilities, abs=0.01)


def test_other_classes_or_feature_settings_are_named_in_one_line(model_path, tmp_path):
    output = tmp_path / "out.h5"
    other = write_store(tmp_path / "other.h5", 2, 1, hop=512)
    with pytest.raises(ValueError) as caught:
        segment_store(model_path, [other], output, **OPTIONS)
    assert str(caught.value).startswith(f"{model_path}: trained with hop 256, but {other} has 512")
    assert "\n" not in str(caught.value)
    assert not output.exists()


def test_a_failure_leaves_no_file(features, model_path, tmp_path):
    features[1].write_bytes(features[1].read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"part2\.h5"):
        segment_store(model_path, features, tmp_path / "out.h5", **OPTIONS)
    assert not [path for path in tmp_path.iterdir() if "out.h5" in path.name]
