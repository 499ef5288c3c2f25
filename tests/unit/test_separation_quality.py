import logging

import numpy as np
import pytest

from weakseg.metrics.separation import LIMIT_DB
from weakseg.separation_quality import (
    QUALITIES,
    Sources,
    clip_quality,
    separation_quality,
    sources_of,
    sources_of_clips,
)
from weakseg.spectral import Spectral

CLASSES = ["High", "Low"]


def planned(*labels):
    events = [
        {"event_audio_name": "e", "event_label": label, "onset": 0.0, "offset": 1.0}
        for label in labels
    ]
    return {"mixture_name": "0.wav", "fold": 1, "scene_audio_name": "s", "events": events}


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape)


def test_sources_are_the_sums_of_a_class_and_the_scene():
    channels = np.array([[1, 2, 4, 8], [16, 32, 64, 128]], np.int16)
    sources = sources_of(planned("Low", "High", "Low"), channels, CLASSES)
    assert sources.labels == [1, 0]
    np.testing.assert_array_equal(sources.waveforms * 65536, [[5, 80], [2, 32], [8, 128]])
    np.testing.assert_array_equal(sources.mixture * 65536, [15, 240])


def test_several_systems_are_scored_as_each_alone():
    sources, estimates = Sources([1, 0], noise(3, 4000)), noise(2, 2, 4000).astype(np.float32)
    estimates[0] += 3 * sources.waveforms[:2]
    both = clip_quality(sources, estimates)
    assert both.shape == (2, 2, len(QUALITIES))
    for system, one in enumerate(both):
        np.testing.assert_allclose(one, clip_quality(sources, estimates[[system]])[0])
    assert (both[0] > both[1]).all()


def test_the_mixture_itself_improves_nothing_and_has_no_artefacts():
    sources = Sources([0], noise(2, 4000))
    quality = clip_quality(sources, sources.mixture[None, None].astype(np.float32))[0, 0]
    found = dict(zip(QUALITIES, quality, strict=True))
    assert found["si_sdr_improvement_db"] == pytest.approx(0.0, abs=1e-4)
    # half of the energy is the class's; an estimate in 32 bits is not quite the mixture
    assert found["sdr_db"] == pytest.approx(0.0, abs=2.0) and found["sir_db"] < 2.0
    assert found["sar_db"] > 0.9 * LIMIT_DB


def test_half_the_noise_is_an_improvement_of_6_db():
    sources = Sources([0], noise(2, 40_000))
    half = sources.waveforms[0] + sources.waveforms[1] / 2
    quality = clip_quality(sources, half[None, None])[0, 0]
    improvement = quality[QUALITIES.index("si_sdr_improvement_db")]
    assert improvement == pytest.approx(6.02, abs=0.1)


def test_a_silent_reference_has_no_value_and_is_counted(caplog):
    spectral = Spectral(8000, 256, 128, 16, 50.0, 4000.0)
    channels = np.rint(3000 * noise(4000, 3)).astype(np.int16)
    channels[:, 1] = 0

    def separate(index, sources, separator):
        return [[separator.separate(np.ones((30, 16))) for _ in sources.labels]]

    clips = sources_of_clips([planned("Low", "High")], iter([channels]), CLASSES)
    with caplog.at_level(logging.INFO):
        quality = separation_quality(clips, (1, 2), spectral, separate)
    assert quality.shape == (1, 1, 2, len(QUALITIES))
    assert np.isnan(quality[0, 0, 0]).all() and np.isfinite(quality[0, 0, 1]).all()
    assert "1 silent references left out" in caplog.text
