"""weakseg.flac: what dr_flac decodes is what was written; all else is left to libsndfile."""

import numpy as np
import pytest
import soundfile

from weakseg import audio as libsndfile
from weakseg import flac_encoder
from weakseg.flac import decoded


@pytest.mark.parametrize("write", [flac_encoder.write_flac, libsndfile.write_flac])
@pytest.mark.parametrize("n_channels", [1, 2, 4, 8])
def test_all_samples_are_those_that_were_written(tmp_path, n_channels, write):
    rng = np.random.default_rng(n_channels)
    audio = rng.integers(-32768, 32768, (20_000, n_channels)).astype(np.int16)
    audio[5000:15_000, 0] = 0
    write(tmp_path / "ä.flac", audio, 32_000)
    assert [path.name for path in tmp_path.iterdir()] == ["ä.flac"]
    assert np.array_equal(decoded(tmp_path / "ä.flac"), audio)


def test_what_is_no_flac_is_left_to_libsndfile(tmp_path):
    assert decoded(tmp_path / "none.flac") is None
    assert decoded(tmp_path) is None
    for name, data in {"empty": b"", "text": b"not audio", "header": b"fLaC" + bytes(100)}.items():
        (tmp_path / name).write_bytes(data)
        assert decoded(tmp_path / name) is None
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 8000)
    assert decoded(tmp_path / "a.wav") is None
