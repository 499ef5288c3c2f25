"""Separation: how far a separated waveform is from its stem, in dB; larger is better.

Conventions
-----------
- Waveforms are (..., samples); all is computed in float64.  No mean is removed.
- SI-SDR: Le Roux et al. 2019, "SDR - half-baked or well done?", equation (4).
- SDR, SIR, SAR: BSS Eval version 3 for sources (Vincent et al. 2006): the target may pass a
  time-invariant filter of 512 taps; the target and the order of the estimates are given, so no
  permutation is searched.  Projections are solved through correlations and so are the ratios
  of energies, as in Scheibler 2022, "SDR - medium rare with fast computations".
- A silent reference has no value: nan; who calls counts them.  A silent estimate of a sounding
  reference is worth -LIMIT_DB.  Every value lies within +-LIMIT_DB, so that means stay finite.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import irfft, rfft
from scipy.linalg import cho_factor, cho_solve, toeplitz

from weakseg.metrics.binary import Floats

LIMIT_DB = 100.0
BLOCK = 4096  # samples that are transformed together

LOADING = 1e-10
"""Added to the diagonal of unit-energy correlations: band-limited stems are solved as well."""


class BssEval(NamedTuple):
    """Signal-to-distortion, -interference and -artefact ratios in dB, each (estimates,)."""

    sdr: Floats
    sir: Floats
    sar: Floats


def si_sdr(references: NDArray[Any], estimates: NDArray[Any]) -> Floats:
    """Scale-invariant SDR in dB, (...,) from two arrays (..., samples)."""
    references, estimates = _same_length(references, estimates)
    energy = _energy(references)
    scale = _product(references, estimates) / np.where(energy > 0, energy, 1)
    residue = scale[..., None] * references
    np.subtract(estimates, residue, out=residue)
    ratio = _ratio_db(scale**2 * energy, _energy(residue))
    return np.where(energy > 0, ratio, np.nan)


def bss_eval(
    references: NDArray[Any],
    estimates: NDArray[Any],
    targets: NDArray[np.intp],
    filter_length: int = 512,
) -> BssEval:
    """SDR, SIR and SAR of estimates (estimates, samples) against references (sources, samples).

    targets: (estimates,) index of each estimate's own reference.  References must hold every
    source of the mixture, the scene too, or its residue counts as an artefact.  SIR is nan
    where no other reference sounds.  Cost: a linear system of sources x filter_length unknowns.
    ValueError if the samples, or the numbers of estimates and targets, differ.
    """
    references, estimates = _same_length(references, estimates, leading=False)
    if len(targets) != len(estimates):
        raise ValueError(f"{len(estimates)} estimates but {len(targets)} targets; give one each")
    sounding = _energy(references) > 0
    if not sounding.any():
        nothing = np.full(len(estimates), np.nan)
        return BssEval(nothing, nothing, nothing)
    row = np.maximum(np.cumsum(sounding) - 1, 0)  # of each reference among those that sound
    auto, cross = _correlations(_unit(references[sounding]), _unit(estimates), filter_length)
    everything = _explained(auto, cross)
    own = _explained_by_one(auto, cross, row[targets])
    ratios = (
        _ratio_db(own, 1 - own),
        np.where(sounding.sum() > 1, _ratio_db(own, everything - own), np.nan),
        _ratio_db(everything, 1 - everything),
    )
    return BssEval(*(np.where(sounding[targets], one, np.nan) for one in ratios))


def _same_length(
    references: NDArray[Any], estimates: NDArray[Any], leading: bool = True
) -> tuple[Floats, Floats]:
    """Both in float64; ValueError if samples, or with `leading` whole shapes, differ."""
    references, estimates = (np.asarray(x, dtype=np.float64) for x in (references, estimates))
    start = 0 if leading else -1
    if references.shape[start:] != estimates.shape[start:]:
        raise ValueError(
            f"references {references.shape} and estimates {estimates.shape} do not fit; "
            "cut both to the same samples"
        )
    return references, estimates


def _ratio_db(signal: Floats, noise: Floats) -> Floats:
    """10 log10(signal / noise) within +-LIMIT_DB; -LIMIT_DB where there is no signal."""
    tiny = 10 ** (-LIMIT_DB / 10)
    signal, noise = np.maximum(signal, 0.0), np.maximum(noise, 0.0)
    noise = np.maximum(noise, tiny * signal)
    ratio = np.divide(signal, noise, out=np.zeros_like(signal), where=noise > 0)
    return 10 * np.log10(np.maximum(ratio, tiny))


def _product(one: Floats, other: Floats) -> Floats:
    """Sum over the last axis of a product, of which no array is made."""
    product: Floats = np.einsum("...t,...t->...", one, other)
    return product


def _energy(signals: Floats) -> Floats:
    return _product(signals, signals)


def _unit(signals: Floats) -> Floats:
    """Signals (n, samples) scaled to unit energy; silence stays silent."""
    norm = np.sqrt(_energy(signals))[:, None]
    return signals / np.where(norm > 0, norm, 1.0)


def _correlations(references: Floats, estimates: Floats, length: int) -> tuple[Floats, Floats]:
    """Correlations of references with references and with estimates.

    auto: (sources, sources, 2 length - 1), lags -(length - 1) to length - 1;
    cross: (sources, estimates, length), lags 0 to length - 1.

    So few lags are found from short blocks, whose cross-spectra add up.
    """
    n_sources, n_samples = references.shape
    size = max(BLOCK, 2 * length)
    block = size - length + 1
    n_blocks = -(-n_samples // block)
    signals = np.zeros((n_sources + len(estimates), n_blocks * block + length - 1))
    signals[:n_sources, :n_samples], signals[n_sources:, :n_samples] = references, estimates
    alone = signals[:n_sources, : n_blocks * block].reshape(n_sources, n_blocks, block)
    lagging = sliding_window_view(signals, size, axis=-1)[:, ::block]
    spectra = np.einsum("rbf,sbf->rsf", rfft(alone, size).conj(), rfft(lagging))
    lags = irfft(spectra, size)[..., :length]
    ahead = lags[:, :n_sources]
    auto = np.concatenate([ahead.swapaxes(0, 1)[..., :0:-1], ahead], axis=-1)
    return auto, lags[:, n_sources:]


def _explained(auto: Floats, cross: Floats) -> Floats:
    """Energy of each estimate that filtered references explain, (estimates,).

    The least-squares projection on all delays of the references: b' A^-1 b, where A holds
    their correlations in Toeplitz blocks and b those with the estimate.
    """
    n_sources, n_estimates, length = cross.shape
    # block (i, j), row s, column t: <r_i delayed by s, r_j delayed by t> = auto_ij(s - t)
    blocks = [
        [toeplitz(auto[i, j, length - 1 :], auto[i, j, length - 1 :: -1]) for j in range(n_sources)]
        for i in range(n_sources)
    ]
    matrix = np.block(blocks) + LOADING * np.eye(n_sources * length)
    right = cross.transpose(0, 2, 1).reshape(n_sources * length, n_estimates)
    # a third less time than `solve`, which estimates the condition as well
    factor = cho_factor(matrix, overwrite_a=True, check_finite=False)
    energy: Floats = (right * cho_solve(factor, right, check_finite=False)).sum(axis=0)
    return energy


def _explained_by_one(auto: Floats, cross: Floats, sources: NDArray[np.intp]) -> Floats:
    """The same for each estimate with one reference alone, (estimates,)."""
    energy = np.empty(len(sources))
    for i in np.unique(sources):
        mine = sources == i
        energy[mine] = _explained(auto[i : i + 1, i : i + 1], cross[i : i + 1, mine])
    return energy
