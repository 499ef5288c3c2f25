import numpy as np
import pytest

from weakseg.store import (
    ClipFeatures,
    ClipPrediction,
    FeatureStore,
    PredictionStore,
    StoreError,
    decode_masks,
    encode_mask_logits,
    encode_masks,
    mask_level_values,
    write_features,
    write_predictions,
)

CLASSES = ["Bark", "Flute", "Knock"]


def make_clip(name: str, seed: int) -> ClipFeatures:
    rng = np.random.default_rng(seed)
    masks = {1: rng.random((21, 8)) > 0.5, 2: rng.random((21, 8)) > 0.5}
    return ClipFeatures(
        name, rng.normal(size=(21, 8)).astype(np.float32), rng.random((21, 3)) > 0.5, masks
    )


@pytest.fixture
def shards(tmp_path):
    """Two feature files of three and two clips."""
    clips = [make_clip(f"{i}.wav", i) for i in range(5)]
    for number, part in enumerate((clips[:3], clips[3:])):
        names = [clip.name for clip in part]
        write_features(tmp_path / f"{number}.h5", names, CLASSES, {"hop": 1024}, part)
    return [tmp_path / "0.h5", tmp_path / "1.h5"], clips


def test_features_are_read_as_written(shards):
    paths, clips = shards
    with FeatureStore(paths) as store:
        assert store.names == [clip.name for clip in clips]
        assert (store.classes, store.settings, store.shape) == (CLASSES, {"hop": 1024}, (21, 8))
        np.testing.assert_array_equal(store.logmel([4, 0]), [clips[4].logmel, clips[0].logmel])
        for index, clip in enumerate(clips):
            np.testing.assert_array_equal(store.frame_truth(index), clip.frame_truth)
            truth = store.mask_truth(index)
            assert truth.keys() == clip.mask_truth.keys()
            assert all((truth[label] == mask).all() for label, mask in clip.mask_truth.items())
        assert store.clip_truth().tolist() == [[False, True, True]] * 5


def test_writing_twice_gives_the_same_bytes(shards, tmp_path):
    paths, clips = shards
    write_features(
        tmp_path / "again.h5", ["0.wav", "1.wav", "2.wav"], CLASSES, {"hop": 1024}, clips[:3]
    )
    assert (tmp_path / "again.h5").read_bytes() == paths[0].read_bytes()


@pytest.mark.parametrize("learnt", [False, True])
def test_predictions_are_read_as_written(tmp_path, learnt):
    rng = np.random.default_rng(0)
    clips = [
        ClipPrediction(
            f"{i}.wav",
            rng.random(3).astype(np.float32),
            rng.random((21, 3)).astype(np.float32),
            rng.integers(0, 256, (3, 21, 8)).astype(np.uint8),
            rng.integers(0, 256, (21, 8)).astype(np.uint8) if learnt else None,
        )
        for i in range(2)
    ]
    write_predictions(tmp_path / "p.h5", ["0.wav", "1.wav"], CLASSES, {}, clips)
    with PredictionStore(tmp_path / "p.h5") as store:
        assert store.has_masks and len(store) == 2
        np.testing.assert_array_equal(store.clip_probabilities()[1], clips[1].clip_probabilities)
        np.testing.assert_array_equal(store.frame_scores(1), clips[1].frame_scores)
        np.testing.assert_array_equal(store.mask_codes(0), clips[0].mask_codes)
        if learnt:
            expected = decode_masks(clips[1].foreground_codes)
            np.testing.assert_array_equal(store.learnt_foreground(1), expected)
        else:
            assert store.learnt_foreground(1) is None


def test_nothing_is_left_of_a_failed_write(tmp_path):
    def broken():
        yield make_clip("a", 0)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        write_features(tmp_path / "f.h5", ["a", "b"], CLASSES, {}, broken())
    assert list(tmp_path.iterdir()) == []


def test_a_flipped_bit_is_found_and_named(shards):
    path = shards[0][0]
    data = bytearray(path.read_bytes())
    with FeatureStore([path]) as store:
        offset = store._files[0]["logmel"].id.get_chunk_info(1).byte_offset
    data[offset + 20] ^= 1
    path.write_bytes(data)
    with FeatureStore([path]) as store:
        store.logmel([0])
        with pytest.raises(
            StoreError, match=r"0\.h5: damaged .* delete it and run the same command"
        ):
            store.logmel([1])


@pytest.mark.parametrize("content", [b"", b"<html>no store</html>"])
def test_what_is_no_store_is_named(tmp_path, content):
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(StoreError, match=r"x\.h5: damaged or not a weakseg store") as caught:
        FeatureStore([tmp_path / "x.h5"])
    assert "\n" not in str(caught.value)


def test_files_of_different_settings_do_not_mix(shards, tmp_path):
    write_features(tmp_path / "other.h5", ["a"], CLASSES, {"hop": 512}, [make_clip("a", 0)])
    with pytest.raises(StoreError, match=r"other\.h5: classes or feature settings differ"):
        FeatureStore([*shards[0], tmp_path / "other.h5"])


def test_mask_codes_round_to_within_a_hundredth_and_never_across_the_threshold():
    masks = np.linspace(1e-6, 1 - 1e-6, 100_001)
    again = decode_masks(encode_mask_logits(np.log(masks / (1 - masks))))
    assert np.abs(again - masks).max() <= 0.01
    clear = np.abs(masks - 0.1) > 1e-9
    np.testing.assert_array_equal((again > 0.1)[clear], (masks > 0.1)[clear])
    assert (np.diff(mask_level_values()) > 0).all()


def test_what_is_next_to_nothing_keeps_its_order_within_a_fifth():
    masks = np.geomspace(2e-13, 1e-3, 1000)
    again = decode_masks(encode_masks(masks))
    assert (np.diff(again) >= 0).all() and len(np.unique(again)) > 60
    np.testing.assert_allclose(again, masks, rtol=0.2)


def test_masks_are_coded_as_their_logits_and_ends_stay_ends():
    masks = np.array([0.0, 0.0999, 0.1001, 0.5, 1.0], np.float32)
    with np.errstate(all="raise"):
        codes = encode_masks(masks)
    assert codes[0] == 0 and codes[-1] == 255
    inner = masks[1:-1]
    np.testing.assert_array_equal(codes[1:-1], encode_mask_logits(np.log(inner / (1 - inner))))
    assert list(decode_masks(codes) > 0.1) == [False, False, True, True, True]
