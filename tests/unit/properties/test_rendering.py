"""Mixtures of any waveforms: loud, soft, short, with an offset, events over each other."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.properties import holds
from weakseg.mixing import Recording, render, write_shard
from weakseg.plan import PlannedMixture
from weakseg.rendered import ManifestRow, mixture_of, read_stems, stem_waveforms

RATE, SECONDS = 2000, 1.5
LARGEST = 32_767


@st.composite
def waveforms(draw: st.DrawFn, shortest: int = 20) -> np.ndarray:
    """Noise or a tone of any length and level, with an offset or without."""
    n_samples = draw(st.integers(shortest, 4000))
    kind, seed = draw(st.sampled_from(["noise", "tone", "clicks"])), draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    samples = {
        "noise": rng.normal(size=n_samples),
        "tone": np.sin(np.arange(n_samples) * rng.uniform(0.05, 3) + 0.1),
        "clicks": (rng.random(n_samples) < 0.05) * 1.0 + 1e-3,
    }[kind]
    return (samples + draw(st.sampled_from([0.0, 0.3]))) * draw(st.floats(1e-4, 1.0))


@st.composite
def mixtures(draw: st.DrawFn) -> tuple[PlannedMixture, dict[str, np.ndarray]]:
    """A planned mixture of 1 to 7 events and its recordings; the scene is called `scene`."""
    recordings = {"scene": draw(waveforms(shortest=400))}
    events = []
    for number in range(draw(st.integers(1, 7))):
        name = f"{number}.wav"
        recordings[name] = draw(waveforms())
        onset = draw(st.floats(0, SECONDS - 0.05))
        length = min(len(recordings[name]) / RATE, draw(st.floats(0.02, 1.0)), SECONDS - onset)
        times = {"onset": onset, "offset": onset + length}
        events.append({"event_audio_name": name, "event_label": "A", **times})
    names = {"mixture_name": "00000.wav", "scene_audio_name": "scene"}
    return {**names, "fold": 1, "events": events}, recordings  # type: ignore[return-value,typeddict-item]


snrs = st.sampled_from([-12.0, -3.0, 0.0, 6.0, 20.0])
planned = mixtures()


def rendered(plan: Any, snr_db: float, level_over: str = "heard") -> np.ndarray:
    mixture, recordings = plan
    return render(
        mixture,
        recordings.__getitem__,
        lambda name: Recording.of(recordings[name]),
        snr_db=snr_db,
        sample_rate=RATE,
        seconds=SECONDS,
        level_over=level_over,
    )


def span(event: Any) -> slice:
    return slice(int(event["onset"] * RATE), int(event["offset"] * RATE))


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(float) ** 2)))


@holds(plan=planned, snr_db=snrs, level=st.sampled_from(["heard", "file"]))
def test_channels_sum_to_the_mixture_and_fill_the_range(
    plan: Any, snr_db: float, level: str
) -> None:
    stems = rendered(plan, snr_db, level)
    assert stems.dtype == np.int16 and stems.shape == (3000, len(plan[0]["events"]) + 1)
    np.testing.assert_array_equal(stem_waveforms(stems).sum(axis=1), mixture_of(stems))
    total = stems.astype(int)
    loudest = max(np.abs(total).max(), np.abs(total[:, :-1].sum(axis=1)).max())
    assert abs(loudest - LARGEST) <= stems.shape[1]  # the sum of events is rounded one by one
    assert np.abs(total).max() <= LARGEST and np.abs(mixture_of(stems)).max() <= 1 + 1e-4
    np.testing.assert_array_equal(rendered(plan, snr_db, level), stems)


@holds(plan=planned, snr_db=snrs)
def test_an_event_is_heard_in_its_time_at_its_level(plan: Any, snr_db: float) -> None:
    stems, (mixture, recordings) = rendered(plan, snr_db), plan
    for channel, event in enumerate(mixture["events"]):
        here = span(event)
        outside = np.delete(stems[:, channel], np.arange(len(stems))[here])
        assert not outside.any()
        source = recordings[event["event_audio_name"]]
        heard = stems[here, channel][: len(source)]  # times are rounded down, so it may be shorter
        source = source[: len(heard)]
        # rounding to whole numbers is an error of 0.3 in each rms
        level = 20 * np.log10(rms(heard) / rms(stems[:, -1]))
        unsure = 20 * np.log10(1 + 1 / rms(heard)) + 20 * np.log10(1 + 1 / rms(stems[:, -1]))
        assert abs(level - snr_db) <= unsure
        scale = rms(heard) / rms(source)
        np.testing.assert_allclose(heard, source * scale, atol=1.5 + np.abs(heard).max() * 1e-2)


@holds(plan=planned, snr_db=snrs, gain=st.floats(0.01, 100))
def test_how_loud_a_recording_was_does_not_matter(plan: Any, snr_db: float, gain: float) -> None:
    mixture, recordings = plan
    louder = {name: samples * gain for name, samples in recordings.items()}
    difference = rendered((mixture, louder), snr_db).astype(int) - rendered(plan, snr_db)
    assert np.abs(difference).max() <= 1


@holds(plan=planned, snr_db=snrs)
def test_what_is_written_is_read_again(plan: Any, snr_db: float) -> None:
    stems = rendered(plan, snr_db)
    with tempfile.TemporaryDirectory() as folder:
        table = write_shard(Path(folder), [plan[0]], lambda _: stems, RATE)
        row = ManifestRow(*table.iloc[0])
        np.testing.assert_array_equal(read_stems(Path(folder), row), stems)
