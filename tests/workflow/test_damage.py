"""Bits that flip in results while nobody looks: named where they are read, mended as is said."""

import os
import re

import h5py
import pytest

pytestmark = pytest.mark.workflow

FEATURES, MODEL, FOLDS = (
    "features/snr0/fold1-part1.h5",
    "models/snr0/tiny_gwrp/holdout1/model.pt",
    "folds.csv",
)
# what reads these is made again
WANTED = [
    "metrics/snr0/tiny_gmp/holdout1.csv",
    "predictions/snr0/tiny_gwrp/holdout1.h5",
    "metrics/snr0/references/holdout1.csv",
]


def flip(path, at):
    """Flip a bit as a failing disk does: the times stay as they were."""
    data, times = bytearray(path.read_bytes()), path.stat()
    data[at] ^= 4
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_damaged_results_are_named_and_made_again_as_the_message_says(copy_of_smoke):
    run = copy_of_smoke("damaged")
    kept = (
        "tables/*",
        "metrics/**/*",
        "predictions/**/*",
        "models/**/*",
        "folds.csv",
        "features/**/*",
    )
    before = run.files(*kept)
    with h5py.File(run.results / FEATURES) as file:
        chunk = file["logmel"].id.get_chunk_info(1)
    flip(run.results / FEATURES, chunk.byte_offset + chunk.size // 2)
    flip(run.results / MODEL, (run.results / MODEL).stat().st_size // 2)
    flip(run.results / FOLDS, 100)
    assert run.would_run() == {}  # nothing says so until it is read
    for path in WANTED:
        (run.results / path).unlink()

    done = run.run("--keep-going")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    messages = set(re.findall(r"^error: .*", done.stderr, re.M))
    named = {message.split(": ")[1] for message in messages}
    assert named == {f"results/smoke/{path}" for path in (FEATURES, MODEL)} or named == {
        f"results/smoke/{path}" for path in (FEATURES, MODEL, FOLDS)
    }
    assert all(
        "damaged" in message and "delete it and run the same" in message for message in messages
    )

    for _ in range(3):  # a step names the first damaged file that it reads
        for name in named:
            (run.directory / name).unlink()
        done = run.run("--keep-going")
        if done.returncode == 0:
            break
        named = {line.split(": ")[1] for line in re.findall(r"^error: .*", done.stderr, re.M)}
    assert done.returncode == 0, done.stderr[-3000:]
    assert run.files(*kept) == before
