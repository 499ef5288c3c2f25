from __future__ import annotations

import numpy as np
import pytest

from weakseg.material import FULL_SCALE, Entry, Material, part_of, to_full_scale, write_material
from weakseg.store import StoreError

CLASSES = ["bark", "bell"]
ENTRIES = [
    Entry("scene", "park.wav", "park"),
    Entry("event", "a.wav", "bell"),
    Entry("event", "b.wav", "bark"),
    Entry("event", "c.wav", "bell"),
]
LENGTHS = {"park.wav": 70_000, "a.wav": 900, "b.wav": 1, "c.wav": 40_000}


def waveform(name: str) -> np.ndarray:
    return np.random.default_rng(len(name) + LENGTHS[name]).uniform(-0.2, 0.2, LENGTHS[name])


@pytest.fixture
def write(tmp_path):
    """Writes a material file: write("name.h5", entries, classes=..., sample_rate=...)."""

    def make(name="fold1.h5", entries=ENTRIES, classes=CLASSES, sample_rate=8000):
        path = tmp_path / name
        write_material(path, entries, lambda _, name: waveform(name), classes, sample_rate)
        return path

    return make


def test_recordings_come_back_in_part_and_whole(write):
    material = Material([write()])
    assert (material.classes, material.sample_rate) == (CLASSES, 8000)
    assert [entry.name for _, entry in material.scenes] == ["park.wav"]
    names = [[entry.name for _, entry in events] for events in material.events]
    assert names == [["b.wav"], ["a.wav", "c.wav"]]
    for place in [*material.scenes, *material.events[0], *material.events[1]]:
        name = place[1].name
        expected = to_full_scale(waveform(name)).astype(np.float32)
        assert np.array_equal(part_of(place, 0, 10**6), expected)
        assert np.array_equal(part_of(place, 500, 1000), expected[500:1500])


def test_a_waveform_is_scaled_to_its_peak():
    assert np.abs(to_full_scale(np.array([0.01, -0.02, 0.0]))).max() == FULL_SCALE
    assert not to_full_scale(np.zeros(3)).any()
    assert len(to_full_scale(np.zeros(0))) == 0


def test_several_files_are_one(write):
    paths = [write("fold1.h5", ENTRIES[:2]), write("fold2.h5", ENTRIES[2:])]
    material = Material(paths)
    assert len(material.scenes) == 1
    (place,) = material.events[0]
    assert np.array_equal(part_of(place, 0, 9), to_full_scale(waveform("b.wav")))


def test_files_of_other_classes_or_rates_are_refused(write):
    first = write()
    for other in (write("other.h5", classes=["bark"]), write("slow.h5", sample_rate=4000)):
        with pytest.raises(StoreError, match=f"{other.name}: classes or sample rate differ"):
            Material([first, other])


def test_a_flipped_bit_is_found(write):
    path = write()
    data = bytearray(path.read_bytes())
    pattern = to_full_scale(waveform("park.wav"))[100:120].tobytes()
    data[data.index(pattern)] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"fold1\.h5: damaged.*not as they were written"):
        Material([path])


def test_no_store_is_said_so(tmp_path):
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(StoreError, match=r"text\.h5: damaged or not a weakseg store"):
        Material([tmp_path / "text.h5"])
