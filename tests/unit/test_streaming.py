"""What a model says of a long recording does not depend on its windows."""

import numpy as np
import pytest
import torch

from weakseg import stem_stream, streaming
from weakseg.mask_file import MaskFile
from weakseg.model import SegmentationModel, load_model
from weakseg.separation import Separator
from weakseg.spectral import Spectral
from weakseg.stem_stream import separate_stream
from weakseg.store import decode_masks, encode_mask_logits
from weakseg.streaming import Listener

RATE, HOP = 8000, 256
MODELS = ["tiny_model", "plain_model", "learnt_model"]


@pytest.fixture(params=MODELS)
def model(request):
    loaded = load_model(request.getfixturevalue(request.param))
    loaded.shifts = 3
    if loaded.foreground is not None:
        loaded.smooth_frames, loaded.nearby_frames = 17, 31
    return loaded


@pytest.fixture(scope="module")
def sound():
    """40 s in which the noise's level and a tone come and go."""
    rng, time = np.random.default_rng(1), np.arange(40 * RATE) / RATE
    level = 0.02 * (1.2 + np.sin(2 * np.pi * 0.3 * time))
    tone = np.sin(2 * np.pi * 900 * time) * (np.sin(2 * np.pi * 0.17 * time) > 0.6)
    return (rng.normal(0, 1, len(time)) * level + 0.2 * tone).astype(np.float32)


def in_blocks(samples, length=3001):
    return (samples[start : start + length] for start in range(0, len(samples), length))


def listened(model, samples, monkeypatch, core):
    monkeypatch.setattr(streaming, "CORE_FRAMES", core)
    listener = Listener(model, Spectral.from_settings(model.settings), "fp32")
    frames = list(listener.frames(in_blocks(samples)))
    scores = np.concatenate([some.scores for some in frames])
    codes = np.concatenate([some.mask_codes for some in frames])
    return scores, codes, listener.probabilities()


@pytest.mark.parametrize("core", [16, 100, 10_000])
def test_windows_give_what_the_whole_recording_gives(model, sound, monkeypatch, core):
    spectral = Spectral.from_settings(model.settings)
    with torch.inference_mode():
        whole = model(torch.from_numpy(spectral.logmel(sound))[None])
    scores, codes, clips = listened(model, sound, monkeypatch, core)
    np.testing.assert_allclose(scores.T, whole.frame_scores[0].numpy(), atol=1e-5)
    masks = decode_masks(codes).swapaxes(0, 1)
    logits = whole.mask_logits[0]
    if whole.foreground_logits is not None:
        logits = torch.cat([logits, whole.foreground_logits])
    expected = decode_masks(encode_mask_logits(logits.numpy()))
    assert len(masks) == 3 + model.learns_foreground
    assert np.abs(masks - expected).max() < 0.025  # a step of the codes at most, at rounding
    assert (masks != expected).mean() < 1e-3
    heard = whole.pooled[0][0].mean(-1)  # frame scores before they are weighted
    assert heard.std(-1).min() > 0.01  # the model does hear something
    assert clips.starts[-1] + clips.length == len(scores)


def test_a_clip_in_a_long_recording_scores_as_it_does_alone(model, sound, monkeypatch):
    stride, first = model.network.stride, 400
    assert first % stride == 0
    alone, alone_codes, _ = listened(model, sound[first * HOP :][: 20 * RATE], monkeypatch, 64)
    scores, codes, _ = listened(model, sound, monkeypatch, 48)
    inner = slice(model.reach, len(alone) - model.reach)
    assert inner.stop - inner.start > 100
    inside = slice(first + inner.start, first + inner.stop)
    np.testing.assert_allclose(scores[inside], alone[inner], atol=1e-3)
    # codes are of logits: where rounding leads over a border, the next one
    apart = np.abs(codes[inside].astype(int) - alone_codes[inner])
    assert apart.max() <= 1 and (apart > 0).mean() < 1e-3


def test_nothing_depends_on_more_than_the_reach(model):
    logmel = torch.randn(1, 700, 16) * 2 - 4
    changed, place = logmel.clone(), 350
    changed[:, place] += 3
    with torch.inference_mode():
        one, other = model.eval().cells(logmel), model.cells(changed)
    for before, after in ((one.masks, other.masks), (one.frame_scores[..., None],) * 2):
        apart = (before - after).abs().amax((0, 1, 3))
        touched = torch.nonzero(apart > 1e-7).flatten()
        if len(touched):
            assert touched.min() >= place - model.reach
            assert touched.max() <= place + model.reach
    assert (one.masks - other.masks).abs().max() > 1e-3


def test_a_recording_as_long_as_a_training_clip_is_pooled_as_in_training(model, sound, monkeypatch):
    spectral = Spectral.from_settings(model.settings)
    clip = sound[: 59 * HOP + 512]
    with torch.inference_mode():
        expected = model(torch.from_numpy(spectral.logmel(clip))[None]).clip_probabilities[0]
    _, _, clips = listened(model, clip, monkeypatch, 24)
    assert clips.starts.tolist() == [0]
    np.testing.assert_allclose(clips.highest, expected.numpy(), atol=1e-5)


def test_long_recordings_are_pooled_clip_by_clip(model, sound, monkeypatch):
    spectral = Spectral.from_settings(model.settings)
    _, _, clips = listened(model, sound, monkeypatch, 32)
    n_frames = spectral.n_frames(len(sound))
    assert clips.starts.tolist() == [*range(0, n_frames - 59, 15), n_frames - 60]
    with torch.inference_mode():
        cells = model.cells(
            torch.from_numpy(Spectral.from_settings(model.settings).logmel(sound))[None]
        )
        for place in (0, 7, -1):
            start = clips.starts[place]
            pooled = model.pooling(*(maps[:, :, start : start + 60] for maps in cells.pooled))
            np.testing.assert_allclose(clips.values[place], pooled[0].numpy(), atol=1e-5)


def test_a_model_without_masks_scores_frames(sound, monkeypatch):
    torch.manual_seed(0)
    settings = Spectral(RATE, 512, HOP, 16, 50.0, 4000.0).settings()
    dnn = {"type": "dnn", "widths": [8]}
    model = SegmentationModel(dnn, {"type": "gap"}, ["a", "b"], settings, 16).eval()
    listener = Listener(model, Spectral.from_settings(settings), "fp32")
    (frames,) = listener.frames(in_blocks(sound))
    assert frames.mask_codes is None
    assert frames.scores.shape == (Spectral.from_settings(settings).n_frames(len(sound)), 2)
    assert listener.probabilities().length == 311  # of 10 s, where the model does not say


CUT = {"above": 1.5, "steepness": 3.0}


@pytest.mark.parametrize("foreground,learnt", [(None, False), (CUT, False), (CUT, True)])
@pytest.mark.parametrize("window,hop", [(512, 256), (512, 512), (512, 100)])
def test_stems_do_not_depend_on_windows(sound, monkeypatch, foreground, learnt, window, hop):
    spectral = Spectral(RATE, window, hop, 16, 50.0, 4000.0)
    samples = sound[: 15 * RATE + 77]
    n_frames = spectral.n_frames(len(samples))
    codes = np.random.default_rng(0).integers(0, 256, (n_frames, 3 + learnt, 16), np.uint8)
    maps = decode_masks(codes).swapaxes(0, 1)
    whole = Separator(samples, spectral).separate_classes(
        maps[:3], [2, 0], foreground, learnt=maps[3] if learnt else None
    )
    monkeypatch.setattr(stem_stream, "MOST_FRAMES", 70)
    with MaskFile(3, 16, learnt=learnt) as masks:
        for start in range(0, n_frames, 50):
            masks.append(codes[start : start + 50])
        parts = list(separate_stream(in_blocks(samples), masks, [2, 0], spectral, foreground))
    assert len(parts) > 3
    stems = np.concatenate([part.stems for part in parts], axis=1)
    assert np.array_equal(np.concatenate([part.mixture for part in parts]), samples)
    np.testing.assert_allclose(stems, whole, atol=2e-5)
    assert np.abs(whole).max() > 0.05
