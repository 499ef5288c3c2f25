"""weakseg.prefetch: what is announced when, and which bytes the system is asked for."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from weakseg.collection import Collection
from weakseg.mixing import announcer_of, write_shard
from weakseg.prefetch import AHEAD, MOST_BYTES, announced, prefetch
from weakseg.rendered import rendered_mixtures


@pytest.fixture
def asked(monkeypatch):
    """What was asked for: (path, offset, length)."""
    if not hasattr(os, "posix_fadvise"):
        pytest.skip("this system takes no advice")
    calls = []

    def advise(descriptor, offset, length, advice):
        assert advice == os.POSIX_FADV_WILLNEED
        calls.append((str(Path(f"/proc/self/fd/{descriptor}").readlink()), offset, length))

    monkeypatch.setattr(os, "posix_fadvise", advise)
    return calls


@pytest.mark.parametrize("n_items", [0, 1, 3, 7])
def test_each_item_is_announced_once_and_some_before_its_turn(n_items):
    told, seen = [], []
    for item in announced(range(n_items), told.append, ahead=2):
        seen.append(item)
        assert told == list(range(min(n_items, len(seen) + 2)))
    assert seen == told == list(range(n_items))


def test_what_is_not_there_is_left_alone(tmp_path, asked):
    prefetch(tmp_path / "none.flac")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.wav", b"a")
    with Collection([tmp_path / "a.zip"], tmp_path) as files:
        files.prefetch("a.zip", "none.wav")
        files.prefetch("", "none.wav")
    assert asked == []


def test_a_system_that_takes_no_advice_is_given_none(tmp_path, monkeypatch):
    (tmp_path / "a.flac").touch()
    monkeypatch.delattr(os, "posix_fadvise", raising=False)
    prefetch(tmp_path / "a.flac")


def test_a_member_is_asked_for_whole_and_a_long_file_in_part(tmp_path, asked):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("before.wav", os.urandom(1000))
        archive.writestr(f"{'folder' * 20}/a.wav", os.urandom(5000))
        archive.writestr("long.wav", os.urandom(MOST_BYTES + 1000))
    (tmp_path / "b.wav").write_bytes(b"b")
    index = pd.DataFrame(
        [("a.zip", f"{'folder' * 20}/a.wav", "a"), ("", "b.wav", "b"), ("a.zip", "long.wav", "c")],
        columns=["archive", "member", "name"],
    )
    with Collection([path, tmp_path / "b.wav"], tmp_path) as files:
        announce = announcer_of(index, files.prefetch)
        for name in ("a", "b", "a", "c"):
            announce(name)
    (of_a, of_b, of_c), data = asked, path.read_bytes()
    assert of_a[0] == str(path) and b"before.wav" not in data[of_a[1] : of_a[1] + 300]
    with zipfile.ZipFile(path) as archive:
        packed = archive.getinfo(index.member[0]).compress_size
        assert of_a[1] + of_a[2] >= archive.getinfo("long.wav").header_offset >= of_a[1] + packed
    assert of_b == (str(tmp_path / "b.wav"), 0, MOST_BYTES)
    assert of_c[2] == MOST_BYTES


def test_mixtures_are_asked_for_before_their_turn(tmp_path, asked):
    mixtures = [{"mixture_name": f"{number}.wav"} for number in range(AHEAD + 3)]
    silence = np.zeros((100, 2), np.int16)
    table = write_shard(tmp_path, mixtures, lambda _: silence, 8000)
    table.to_csv(tmp_path / "manifest.csv", index=False)
    read = rendered_mixtures([tmp_path / "manifest.csv"])
    next(read)
    names = [Path(path).name for path, *_ in asked]
    assert names == [f"{number}.flac" for number in range(AHEAD + 1)]
    assert len(list(read)) == len(mixtures) - 1 and len(asked) == len(mixtures)
