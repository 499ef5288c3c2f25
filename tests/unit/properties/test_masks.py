"""Masks: ideal ones, their codes, their bits in a store, what they let through."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.properties import holds
from weakseg.mask_file import MaskFile
from weakseg.separation import Separator
from weakseg.spectral import Spectral, class_masks, ideal_binary_mask, ideal_ratio_mask
from weakseg.stem_stream import Stems, separate_stream
from weakseg.store import (
    ClipFeatures,
    FeatureStore,
    decode_masks,
    encode_masks,
    write_features,
)

shares = st.floats(0, 1, width=32)
seeds = st.integers(0, 999)
magnitudes = arrays(np.float32, (6, 5), elements=st.floats(0, 100, width=32))


@st.composite
def settings_of_spectra(draw: st.DrawFn) -> Spectral:
    window = draw(st.sampled_from([64, 128, 200]))
    hop = draw(st.sampled_from([window // 4, window // 2, window // 3]))
    return Spectral(8000, window, hop, draw(st.integers(2, 8)), 100.0, 4000.0)


spectra = settings_of_spectra()


@holds(100, masks=arrays(np.float32, st.integers(1, 50), elements=shares))
def test_codes_keep_masks_to_within_a_hundredth_their_order_and_the_threshold(
    masks: np.ndarray,
) -> None:
    codes = encode_masks(masks)
    again = decode_masks(codes)
    assert np.abs(again - masks).max() <= 0.01
    order = np.argsort(masks, kind="stable")
    assert (np.diff(codes[order].astype(int)) >= 0).all()
    clear = np.abs(masks - 0.1) > 1e-6
    np.testing.assert_array_equal((again > 0.1)[clear], (masks > 0.1)[clear])
    np.testing.assert_array_equal(encode_masks(again), codes)


@holds(
    n_classes=st.integers(1, 20),
    shape=st.tuples(st.integers(1, 19), st.integers(1, 9)),
    n_clips=st.integers(1, 3),
    seed=seeds,
)
def test_bits_come_out_of_a_store_as_they_went_in(
    n_classes: int, shape: tuple[int, int], n_clips: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    clips = []
    for number in range(n_clips):
        labels = rng.choice(n_classes, rng.integers(0, min(n_classes, 16) + 1), replace=False)
        masks = {int(label): rng.random(shape) > 0.5 for label in labels}
        logmel = rng.normal(size=shape).astype(np.float32)
        active = rng.random((shape[0], n_classes)) > 0.5
        clips.append(ClipFeatures(f"{number}.wav", logmel, active, masks))
    with tempfile.TemporaryDirectory() as folder:
        path, names = Path(folder) / "f.h5", [clip.name for clip in clips]
        write_features(path, names, [str(i) for i in range(n_classes)], {"hop": 1}, clips)
        with FeatureStore([path]) as store:
            held = store.clip_truth()
            for index, clip in enumerate(clips):
                np.testing.assert_array_equal(store.frame_truth(index), clip.frame_truth)
                truth = store.mask_truth(index)
                assert truth.keys() == clip.mask_truth.keys()
                assert set(np.flatnonzero(held[index])) == truth.keys()
                for label, mask in truth.items():
                    np.testing.assert_array_equal(mask, clip.mask_truth[label])


@holds(60, wanted=magnitudes, rest=magnitudes, threshold=st.floats(-40, 40), less=st.floats(0, 40))
def test_ideal_masks_agree_and_share_each_cell_out(
    wanted: np.ndarray, rest: np.ndarray, threshold: float, less: float
) -> None:
    binary = ideal_binary_mask(wanted, rest, threshold)
    assert (binary <= ideal_binary_mask(wanted, rest, threshold - less)).all()
    ratio = ideal_ratio_mask(wanted, rest)
    assert ((ratio >= 0) & (ratio <= 1)).all()
    assert (ratio + ideal_ratio_mask(rest, wanted) <= 1 + 1e-6).all()
    clear = (wanted + rest > 1e-3) & (np.abs(wanted - rest) > 1e-3 * (wanted + rest))
    louder = ideal_binary_mask(wanted, rest, 0.0)
    np.testing.assert_array_equal(louder[clear], (ratio > 0.5)[clear])


@holds(
    spectral=spectra,
    seed=seeds,
    n_events=st.integers(1, 4),
    truth=st.sampled_from(["class", "events"]),
)
def test_a_class_has_cells_in_its_frames_only_and_the_order_of_events_is_free(
    spectral: Spectral, seed: int, n_events: int, truth: str
) -> None:
    rng = np.random.default_rng(seed)
    stems = rng.normal(size=(900, n_events + 1)).astype(np.float32)
    labels = [int(label) for label in rng.integers(0, 2, n_events)]
    n_frames = spectral.n_frames(900)
    starts = rng.integers(0, n_frames, n_events)
    spans = [slice(int(s), int(min(n_frames, s + 3))) for s in starts]
    logmel, masks = class_masks(spectral, stems, labels, spans, -5.0, truth)
    assert logmel.shape == (n_frames, spectral.mels) and masks.keys() == set(labels)
    for label, mask in masks.items():
        active = np.zeros(n_frames, bool)
        for other, part in zip(labels, spans, strict=True):
            active[part] |= other == label
        assert not mask[~active].any()
    turned = [*range(n_events)][::-1]
    again = class_masks(
        spectral,
        stems[:, [*turned, n_events]],
        [labels[i] for i in turned],
        [spans[i] for i in turned],
        -5.0,
        truth,
    )
    np.testing.assert_allclose(again[0], logmel, atol=1e-4)
    assert all((again[1][label] != mask).mean() < 0.02 for label, mask in masks.items())


@holds(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=6),
    n_classes=st.integers(1, 3),
    first=st.integers(0, 30),
    count=st.integers(0, 30),
    seed=seeds,
    learnt=st.booleans(),
)
def test_a_file_of_masks_is_what_was_appended(
    lengths: list[int], n_classes: int, first: int, count: int, seed: int, learnt: bool
) -> None:
    rng = np.random.default_rng(seed)
    parts = [rng.integers(0, 256, (n, n_classes + learnt, 4)).astype(np.uint8) for n in lengths]
    whole = np.concatenate(parts)
    with MaskFile(n_classes, 4, learnt=learnt) as file:
        for part in parts:
            file.append(part)
        assert file.n_frames == len(whole)
        read, of_map = file.read(first, first + count), file.learnt_foreground(first, first + count)
    expected = decode_masks(whole[first : first + count].swapaxes(0, 1))
    np.testing.assert_array_equal(read, expected[:n_classes])
    if learnt:
        np.testing.assert_array_equal(of_map, expected[n_classes])
    else:
        assert of_map is None


def noise(n_samples: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, n_samples).astype(np.float32)


@holds(spectral=spectra, seed=seeds, n_samples=st.integers(200, 3000), n_classes=st.integers(1, 4))
def test_masks_that_sum_to_one_give_stems_that_sum_to_the_mixture(
    spectral: Spectral, seed: int, n_samples: int, n_classes: int
) -> None:
    rng, audio = np.random.default_rng(seed), noise(n_samples, seed)
    shape = (n_classes, max(1, spectral.n_frames(n_samples)), spectral.mels)
    masks = rng.random(shape).astype(np.float32) + 1e-3
    masks /= masks.sum(axis=0)
    separator = Separator(audio, spectral)
    stems = separator.separate_classes(masks, range(n_classes))
    assert stems.shape == (n_classes, n_samples)
    np.testing.assert_allclose(stems.sum(axis=0), audio, atol=1e-5)
    of_bins = separator.sharpened(masks, np.ones(n_classes, bool), above=1.0, steepness=3.0)
    assert of_bins.min() >= 0 and of_bins.sum(axis=0).max() <= 1 + 1e-5
    np.testing.assert_allclose(separator.separate(masks[0]), stems[0], atol=1e-6)


@holds(spectral=spectra, seed=seeds, cuts=st.lists(st.integers(1, 900), max_size=6))
def test_stems_and_residual_of_a_stream_are_whole_numbers_that_sum_to_the_mixture(
    spectral: Spectral, seed: int, cuts: list[int]
) -> None:
    audio, rng = noise(2500, seed), np.random.default_rng(seed)
    blocks = np.split(audio, sorted(set(cuts)))
    with MaskFile(2, spectral.mels) as masks:
        masks.append(
            rng.integers(0, 128, (spectral.n_frames(2500), 2, spectral.mels)).astype(np.uint8)
        )
        parts: list[Stems] = list(separate_stream(blocks, masks, [0, 1], spectral, None))
        whole = Separator(audio, spectral).separate_classes(masks.read(0, masks.n_frames), [0, 1])
    stems = np.concatenate([part.stems for part in parts], axis=1)
    np.testing.assert_allclose(stems, whole, atol=1e-5)
    pcm = np.concatenate([part.pcm16 for part in parts], axis=1).astype(int)
    mixture = np.rint(np.concatenate([part.mixture for part in parts]) * 32767)
    np.testing.assert_array_equal(pcm.sum(axis=0), mixture)
