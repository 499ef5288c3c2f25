"""weakseg.rendered: mixtures are read back as they were written, or it is said what is wrong."""

import numpy as np
import pytest

from weakseg.audio import AudioError
from weakseg.mixing import write_shard
from weakseg.rendered import ManifestRow, read_manifest, read_stems, rendered_mixtures

RATE = 8000
STEMS = {
    f"{number}.wav": np.random.default_rng(number).integers(-9999, 9999, (5000, 3), np.int16)
    for number in range(2)
}


def written(folder):
    mixtures = [{"mixture_name": name} for name in STEMS]
    return write_shard(folder, mixtures, lambda mixture: STEMS[mixture["mixture_name"]], RATE)


def test_a_shard_is_read_back_in_order(tmp_path, monkeypatch):
    written(tmp_path).to_csv(tmp_path / "manifest.csv", index=False)
    rows = read_manifest(tmp_path / "manifest.csv")
    assert [(row.mixture_name, row.file) for row in rows] == [
        ("0.wav", "0.flac"),
        ("1.wav", "1.flac"),
    ]
    for row, stems in rendered_mixtures([tmp_path / "manifest.csv"]):
        np.testing.assert_array_equal(stems, STEMS[row.mixture_name])
    monkeypatch.setattr("weakseg.flac.miniaudio", None)  # as on a machine without it
    np.testing.assert_array_equal(read_stems(tmp_path, rows[1]), STEMS["1.wav"])


def test_audio_that_is_not_its_manifests_is_refused(tmp_path):
    row = ManifestRow(*written(tmp_path).iloc[0])
    with pytest.raises(AudioError, match=r"0\.flac: not the audio that its manifest names"):
        read_stems(tmp_path, row._replace(crc32="0"))


@pytest.mark.parametrize("damage", ["cut", "altered", "missing"])
def test_a_damaged_mixture_is_named(tmp_path, damage):
    row = ManifestRow(*written(tmp_path).iloc[0])
    path = tmp_path / row.file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data[: len(data) // 2] if damage == "cut" else data)
    if damage == "missing":
        path.unlink()
    with pytest.raises(AudioError, match=r"0\.flac: damaged|0\.flac: not the audio"):
        read_stems(tmp_path, row)
