import errno
import resource
from types import SimpleNamespace

import numpy as np
import pytest

from weakseg import flac_encoder
from weakseg.audio import write_flac
from weakseg.files import keep_only, replacing
from weakseg.history import write_history
from weakseg.material import Entry, write_material
from weakseg.prediction_output import write_streams
from weakseg.store import ClipFeatures, write_features


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old" and temporary.parent == path.parent
    assert path.read_text() == "new"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_what_an_earlier_run_left_is_removed(tmp_path):
    for name in ("a.flac", "b.flac", "notes.txt"):
        (tmp_path / name).touch()
    keep_only(tmp_path, "*.flac", {"b.flac"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.flac", "notes.txt"]


def test_an_error_of_writing_names_the_file(tmp_path):
    with pytest.raises(OSError, match="No space left") as caught, replacing(tmp_path / "a.txt"):
        raise OSError(errno.ENOSPC, "it is full")
    assert caught.value.filename == str(tmp_path / "a.txt") and caught.value.errno == errno.ENOSPC
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "gone" / "a.txt") as new:
        new.write_text("new")
    assert caught.value.filename == str(tmp_path / "gone" / "a.txt")


def test_an_error_of_reading_keeps_its_own_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "a.txt"):
        (tmp_path / "other.txt").read_text()
    assert caught.value.filename == str(tmp_path / "other.txt")


def test_what_a_killed_process_has_left_is_removed(tmp_path):
    kept = [".b[1].txt.77.tmp", ".b[1].txt.tmp", "b1.txt", ".b1.txt.77.tmp"]
    for name in [".a.txt.77.tmp", ".a.txt.78.tmp", *kept]:
        (tmp_path / name).touch()
    with replacing(tmp_path / "a.txt") as temporary:
        temporary.touch()
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", *kept}
    with replacing(tmp_path / "b[1].txt") as temporary:
        temporary.touch()
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", "b[1].txt", *kept[1:]}
    (tmp_path / ".b.flac.77.tmp").touch()
    keep_only(tmp_path, "*.flac", ())
    assert not (tmp_path / ".b.flac.77.tmp").exists() and (tmp_path / kept[3]).exists()


def test_two_who_write_one_file_do_not_mix_it(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(FileNotFoundError), replacing(path) as first:
        first.write_text("first")
        renamed = first.rename(tmp_path / ".a.txt.1.tmp")  # as if of another process
        with replacing(path) as second:
            second.write_text("second")
        assert not renamed.exists()
    assert path.read_text() == "second"


NOISE = np.random.default_rng(0).integers(-9000, 9000, (3000, 2), np.int16)
CLIP = ClipFeatures("0", NOISE[:64, :1].astype("f4"), np.zeros((64, 2), bool), {})


def write_store(path):
    write_features(path, ["0"], ["a", "b"], {}, [CLIP])


def write_recordings(path):
    entries = [Entry("scene", "0", "park"), Entry("event", "1", "bark")]
    write_material(path, entries, lambda role, name: NOISE[:, 0] / 1e4, ["bark"], 8000)


WRITERS = {
    "a.flac": lambda path: write_flac(path, NOISE, 8000),
    "mixture.flac": lambda path: flac_encoder.write_flac(path, NOISE, 8000),
    "long.flac": lambda path: write_streams([path], 8000, [SimpleNamespace(pcm16=NOISE.T[:1])]),
    "a.h5": write_store,
    "material.h5": write_recordings,
    "a.txt": lambda path: write_history(path, [{"iteration": 1.0, "loss": 0.5}]),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_is_full_at_any_byte_is_noticed(tmp_path, name):
    """soundfile alone says nothing of a FLAC whose end was lost, h5py says what nobody can read."""
    path = tmp_path / name
    WRITERS[name](path)
    size, whole = path.stat().st_size, path.read_bytes()
    _, most = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in {0, *range(size % 97, size, max(size // 25, 1)), size - 1}:
        path.unlink(missing_ok=True)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
            with pytest.raises(OSError, match="File too large") as caught:
                WRITERS[name](path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert caught.value.filename == str(path)
        assert {left.name for left in tmp_path.iterdir()} <= {f".{name}.crc32"}  # of the one before
    WRITERS[name](path)
    assert path.read_bytes() == whole
