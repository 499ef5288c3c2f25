"""Which recordings of one's own a run has to do with."""

import pytest

from workflow.own_audio import own_audio_or_stop, own_paths


def test_what_is_not_there_counts_for_nothing_until_it_is_wanted(tmp_path):
    (tmp_path / "a.wav").touch()
    assert own_paths({"audio": str(tmp_path)}, "results") == [tmp_path / "a.wav"]
    for audio in (None, str(tmp_path / "gone.wav")):
        assert own_paths({"audio": audio}, "results") == []
        with pytest.raises(SystemExit, match=r"predict\.audio"):
            own_audio_or_stop({"audio": audio}, "results")
