import json

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from weakseg.audio import AudioError, read_mono
from weakseg.mixing import Recording, announcing, kept, reader_of, render
from weakseg.rendered import mixture_of, stem_waveforms

RATE = 8000


def tone(seconds, level=0.3, lead=0.0):
    return np.concatenate(
        [np.zeros(round(lead * RATE)), level * np.sin(np.arange(round(seconds * RATE)) / 3)]
    )


def scene(seconds):
    return np.random.default_rng(3).normal(0, 0.05, round(seconds * RATE))


def planned(*spans):
    events = [
        {"event_audio_name": f"e{i}", "event_label": "Bark", "onset": on, "offset": off}
        for i, (on, off) in enumerate(spans)
    ]
    return {"mixture_name": "00000.wav", "fold": 1, "scene_audio_name": "s", "events": events}


def render_tones(mixture, event, snr_db=0.0, level_over="heard", scene_seconds=4.0):
    return render(
        mixture,
        lambda name: scene(scene_seconds),
        lambda name: Recording.of(event),
        snr_db=snr_db,
        sample_rate=RATE,
        seconds=4.0,
        level_over=level_over,
    )


def rms_db(x):
    return 10 * np.log10(np.mean(x.astype(float) ** 2))


def test_published_rendering_is_the_golden_one(golden):
    mixture = json.loads((golden / "mixing" / "mixture.json").read_text())

    def read(name):
        return read_mono(golden / "mixing" / name.replace(".wav", ".flac"), 32000)

    stems = render(
        mixture,
        read,
        kept(read, 2 * 32000 + 1),
        snr_db=0.0,
        sample_rate=32000,
        seconds=10.0,
        level_over="file",
    )
    expected = soundfile.read(golden / "mixing" / "00003_events_scene.flac")[0]
    difference = np.stack([stems[:, :-1].sum(axis=1), stems[:, -1]], axis=1) / 32768 - expected
    assert np.abs(difference).max() <= 3e-3
    assert np.sqrt((difference**2).mean()) <= 1e-4


@given(
    snr_db=st.sampled_from([-10.0, 0.0, 20.0]),
    onset=st.floats(0, 2.9),
    length=st.floats(0.05, 1.0),
    scene_seconds=st.sampled_from([0.7, 4.0, 6.0]),
)
def test_stems_sum_to_the_mixture_exactly_and_none_clips(snr_db, onset, length, scene_seconds):
    mixture = planned((onset, onset + length), (1.0, 1.5))
    stems = render_tones(mixture, tone(1.0), snr_db, scene_seconds=scene_seconds)
    assert stems.shape == (4 * RATE, 3) and stems.dtype == np.int16
    np.testing.assert_array_equal(stem_waveforms(stems).sum(axis=1), mixture_of(stems))
    assert np.abs(stems.astype(int)).max() <= 32767 and np.abs(mixture_of(stems)).max() <= 1.0
    start, end = int(onset * RATE), int((onset + length) * RATE)
    assert not stems[:start, 0].any() and not stems[end:, 0].any()


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 20.0])
def test_the_heard_part_has_the_asked_level(snr_db):
    # loud at first, then quiet: a level over the whole file would differ from the heard part's
    event = np.concatenate([tone(1.0, 0.5), tone(3.0, 0.01)])
    stems = render_tones(planned((1.0, 2.0)), event, snr_db)
    assert rms_db(stems[RATE : 2 * RATE, 0]) - rms_db(stems[:, -1]) == pytest.approx(
        snr_db, abs=0.05
    )
    published = render_tones(planned((1.0, 2.0)), event, snr_db, level_over="file")
    heard = rms_db(published[RATE : 2 * RATE, 0]) - rms_db(published[:, -1])
    assert heard == pytest.approx(snr_db + 6.0, abs=0.2)


def test_a_silent_recording_is_refused_by_name():
    with pytest.raises(AudioError, match="e0: silent"):
        render_tones(planned((1.0, 2.0)), np.zeros(RATE))


def test_reader_skips_what_lies_before_the_first_sound_and_reads_no_more_than_needed(
    golden_recordings,
):
    _, events = golden_recordings
    index = events.head(1).assign(starts=0.5, archive="", member="x")
    asked = []

    def read(archive, member, rate, seconds):
        asked.append(seconds)
        return tone(1.0, lead=0.5)

    assert len(reader_of(index, read, RATE, None, skip_lead=True)("ev00.wav")) == RATE
    assert len(reader_of(index, read, RATE, None, skip_lead=False)("ev00.wav")) == 1.5 * RATE
    assert len(reader_of(index, read, RATE, 0.25, skip_lead=True)("ev00.wav")) == RATE // 4
    assert asked == [None, None, pytest.approx(0.85)]


def test_recordings_are_kept_as_far_as_they_are_heard_and_while_there_is_room(monkeypatch):
    monkeypatch.setattr("weakseg.mixing.KEPT_BYTES", 2 * 4 * 50)
    sounds, asked = {name: np.linspace(0.1, 0.9, 100) for name in "abc"}, []

    def read(name):
        asked.append(name)
        return sounds[name]

    recording = kept(read, 50)
    first = recording("a")
    assert np.array_equal(first.audio, sounds["a"][:50].astype(np.float32))
    assert first.audio.base is None  # the rest of it is not in memory
    assert first.rms == pytest.approx(np.sqrt(np.mean(sounds["a"] ** 2)))
    for name in "abaca":
        recording(name)
    assert asked == ["a", "b", "c"]
    recording("b")
    assert asked[3:] == ["b"]


def test_a_mixture_announces_its_scene_and_its_events():
    told = []
    announce = announcing(lambda name: told.append("scene " + name), told.append)
    announce(planned((0, 1), (1, 2)))
    assert told == ["scene s", "e0", "e1"]
