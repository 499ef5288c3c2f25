from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import torch

from weakseg.state import TrainingState, file_digest, state_key

SETTINGS = {"seed": 1, "network": {"type": "published", "widths": [4]}}


def content(number: int) -> dict:
    return {"iteration": number, "weights": {"a": torch.full((3,), number)}, "recent": [(0.5, 1.0)]}


def test_what_was_saved_is_loaded(tmp_path):
    with TrainingState(tmp_path / "new" / "state") as state:
        assert state.load() is None
        state.save(content(1))
        state.save(content(2))
        loaded = state.load()
    assert loaded["iteration"] == 2
    assert loaded["recent"] == [(0.5, 1.0)]
    assert torch.equal(loaded["weights"]["a"], torch.full((3,), 2))
    assert not state.fell_back


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty"])
def test_a_damaged_newest_state_gives_way_to_the_one_before(tmp_path, damage):
    with TrainingState(tmp_path) as state:
        state.save(content(1))
        state.save(content(2))
    newest = tmp_path / "newest.state"
    data = bytearray(newest.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    newest.write_bytes(data[: {"truncate": 100, "flip": None, "empty": 0}[damage]])
    with TrainingState(tmp_path) as state:
        assert state.load()["iteration"] == 1
        assert state.fell_back
        state.save(content(3))
        newest.unlink()
        assert state.load()["iteration"] == 1


def test_two_damaged_states_are_none(tmp_path):
    with TrainingState(tmp_path) as state:
        state.save(content(1))
        state.save(content(2))
        for path in tmp_path.glob("*.state"):
            path.write_bytes(b"damaged")
        assert state.load() is None


def test_a_save_that_fails_leaves_the_state_before(tmp_path, monkeypatch):
    with TrainingState(tmp_path) as state:
        state.save(content(1))

        def fail(*_):
            raise OSError("No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            state.save(content(2))
        assert state.load()["iteration"] == 1


def test_a_second_holder_is_refused_until_the_first_ends(tmp_path):
    with TrainingState(tmp_path):
        with pytest.raises(ValueError, match="another process is training on this state") as caught:
            TrainingState(tmp_path).__enter__()
        assert "\n" not in str(caught.value)
    with TrainingState(tmp_path):
        pass


def test_the_lock_of_a_killed_process_is_lifted(tmp_path):
    program = (
        "import os, sys, pathlib; from weakseg.state import TrainingState\n"
        "TrainingState(pathlib.Path(sys.argv[1])).__enter__()\n"
        "os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    with TrainingState(tmp_path) as state:
        assert state.load() is None


def test_a_signal_asks_for_a_stop_and_the_old_handler_comes_back(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with TrainingState(tmp_path) as state:
        assert state.stop_signal is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert state.stop_signal == signal.SIGTERM
        # a second one, of either kind, ends the process at once
        assert signal.getsignal(signal.SIGTERM) == signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_key_changes_with_each_determinant(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    inputs = [file_digest(first), file_digest(second)]
    key = state_key(SETTINGS, "code", inputs)
    assert len(key) == 16
    assert key == state_key(dict(reversed(SETTINGS.items())), "code", inputs)
    others = {
        state_key(SETTINGS | {"seed": 2}, "code", inputs),
        state_key(SETTINGS, "other code", inputs),
        state_key(SETTINGS, "code", inputs[::-1]),
        state_key(SETTINGS, "code", inputs[:1]),
    }
    assert len(others | {key}) == 5
