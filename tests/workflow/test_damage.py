"""Bits that flip in results while nobody looks: named where they are read, mended as is said."""

import os
import re

import h5py
import pytest

pytestmark = pytest.mark.workflow

FEATURES, FOLDS = "features/snr0/fold1-part1.h5", "folds.csv"
MODEL = "models/snr0/tiny_gwrp/holdout1/model.pt"
KEPT = ("metrics", "predictions", "models", "features")
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


def remove_named(run, messages):
    """Do as the messages say; the files that they name."""
    lines = set(re.findall(r"^error: .*", messages, re.M))
    assert all("damaged" in line and "delete it and run the same command" in line for line in lines)
    named = {line.split(": ")[1].removeprefix("results/smoke/") for line in lines}
    for name in named:
        (run.results / name).unlink()
    return named


def test_damaged_results_are_named_and_made_again_as_the_message_says(copy_of_smoke):
    run = copy_of_smoke("damaged")
    kept = ("tables/*", "folds.csv", *(f"{part}/**/*" for part in KEPT))
    before = run.files(*kept)
    with h5py.File(run.results / FEATURES) as file:
        chunk = file["logmel"].id.get_chunk_info(1)
    flip(run.results / FEATURES, chunk.byte_offset + chunk.size // 2)
    flip(run.results / MODEL, (run.results / MODEL).stat().st_size // 2)
    flip(run.results / FOLDS, 100)
    assert run.would_run() == {}  # nothing says so until it is read
    for path in WANTED:
        (run.results / path).unlink()

    named = []
    while (done := run.run("--keep-going")).returncode != 0 and len(named) < 4:
        assert "Traceback" not in done.stderr
        named.append(remove_named(run, done.stderr))
    assert named == [{FEATURES, MODEL}, {FOLDS}]  # a step names the first that it reads
    assert run.files(*kept) == before
