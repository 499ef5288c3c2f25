import fast_bss_eval
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from weakseg.metrics import separation


@pytest.fixture(autouse=True)
def one_thread():
    """With two, on a busy machine, the oracle's LU decomposition has once come without pivots."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def clip():
    """References, filtered and noisy estimates with crosstalk, each (3, samples)."""
    rng = np.random.default_rng(0)
    references = rng.normal(size=(3, 6000))
    crosstalk = references + 0.2 * rng.normal(size=(3, 3)) @ references
    filtered = np.stack([np.convolve(one, [1, 0.5, -0.2], "same") for one in crosstalk])
    return references, filtered + 0.1 * rng.normal(size=references.shape)


def test_si_sdr_equals_fast_bss_eval(clip):
    expected = fast_bss_eval.si_sdr(*map(torch.tensor, clip)).numpy()
    np.testing.assert_allclose(separation.si_sdr(*clip), expected, atol=1e-9)


@pytest.mark.parametrize("filter_length", [64, 512])
@pytest.mark.parametrize(("loading", "most"), [(0.0, 1e-9), (separation.LOADING, 1e-6)])
def test_bss_eval_equals_fast_bss_eval(clip, filter_length, loading, most, monkeypatch):
    """But for what is added to the diagonal, which that has not."""
    monkeypatch.setattr(separation, "LOADING", loading)
    expected = fast_bss_eval.bss_eval_sources(
        *map(torch.tensor, clip), filter_length=filter_length, compute_permutation=False
    )
    found = separation.bss_eval(*clip, np.arange(3), filter_length)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=most)


def test_one_tap_bss_eval_is_si_sdr(clip):
    found = separation.bss_eval(*clip, np.arange(3), filter_length=1)
    np.testing.assert_allclose(found.sdr, separation.si_sdr(*clip), atol=1e-6)


def test_estimates_may_be_fewer_and_in_another_order(clip):
    references, estimates = clip
    whole = separation.bss_eval(references, estimates, np.arange(3))
    part = separation.bss_eval(references, estimates[[2, 0]], np.array([2, 0]))
    for few, all_of_them in zip(part, whole, strict=True):
        np.testing.assert_allclose(few, all_of_them[[2, 0]], atol=1e-9)


def test_the_512_taps_forgive_a_filter_that_si_sdr_does_not():
    reference = np.random.default_rng(1).normal(size=(2, 4000))
    estimate = np.stack([np.convolve(one, [1, -0.9, 0.3])[:4000] for one in reference])
    assert separation.bss_eval(reference, estimate, np.arange(2)).sdr.min() > 30
    assert separation.si_sdr(reference, estimate).max() < 10


@given(st.floats(1e-3, 1e3), st.booleans())
def test_scale_of_the_estimate_does_not_matter(scale, flip):
    rng = np.random.default_rng(2)
    reference, noise = rng.normal(size=(2, 500))
    before = separation.si_sdr(reference, reference + noise)
    after = separation.si_sdr(reference, (-scale if flip else scale) * (reference + noise))
    assert after == pytest.approx(before)


@given(st.floats(-40, 40))
def test_si_sdr_of_orthogonal_noise_is_its_level(snr_db):
    rng = np.random.default_rng(3)
    reference, noise = rng.normal(size=(2, 500))
    noise -= (noise @ reference) / (reference @ reference) * reference
    noise *= np.linalg.norm(reference) / np.linalg.norm(noise) * 10 ** (-snr_db / 20)
    assert separation.si_sdr(reference, reference + noise) == pytest.approx(snr_db, abs=1e-6)


def test_perfect_and_silent_estimates_reach_the_limits(clip):
    references, _ = clip
    np.testing.assert_array_equal(separation.si_sdr(references, references), 100)
    np.testing.assert_array_equal(separation.si_sdr(references, 0 * references), -100)
    assert separation.bss_eval(references, references, np.arange(3)).sdr.min() > 80
    silent = separation.bss_eval(references, 0 * references, np.arange(3))
    np.testing.assert_array_equal(silent.sdr, -100)


@pytest.mark.parametrize("silent", [0, 1, 2])
def test_a_silent_reference_has_no_value_and_disturbs_no_other(clip, silent):
    references, estimates = clip
    silenced = references.copy()
    silenced[silent] = 0
    others = np.delete(np.arange(3), silent)
    np.testing.assert_array_equal(
        np.isnan(separation.si_sdr(silenced, estimates)), np.arange(3) == silent
    )
    with_silence = separation.bss_eval(silenced, estimates, np.arange(3))
    without = separation.bss_eval(references[others], estimates[others], np.arange(2))
    for one, other in zip(with_silence, without, strict=True):
        assert np.isnan(one[silent])
        np.testing.assert_allclose(one[others], other, atol=1e-9)


def test_nothing_to_compare(clip):
    references, estimates = clip
    none = separation.bss_eval(references, estimates[:0], np.zeros(0, int))
    assert all(values.shape == (0,) for values in none)
    nothing = separation.bss_eval(0 * references, estimates, np.arange(3))
    assert all(np.isnan(values).all() for values in nothing)


def test_one_reference_has_no_interference(clip):
    references, estimates = clip
    assert np.isnan(separation.bss_eval(references[:1], estimates[:1], np.array([0])).sir)


def test_pure_tones_and_copies_are_solved():
    seconds = np.arange(16000) / 32000
    tone = np.sin(2 * np.pi * 440 * seconds)
    estimates = tone + 0.01 * np.random.default_rng(5).normal(size=(2, 16000))
    found = separation.bss_eval(np.stack([tone, 2 * tone]), estimates, np.arange(2))
    assert np.isfinite(found).all()
    assert found.sdr.min() > 30


def test_refuses_waveforms_of_other_lengths(clip):
    references, estimates = clip
    with pytest.raises(ValueError, match="same samples"):
        separation.si_sdr(references, estimates[:, :-1])
    with pytest.raises(ValueError, match="same samples"):
        separation.bss_eval(references, estimates[:, :-1], np.arange(3))
    with pytest.raises(ValueError, match="3 estimates but 2 targets"):
        separation.bss_eval(references, estimates, np.arange(2))
