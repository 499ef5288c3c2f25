"""Bits that flip in results while nobody looks: named where they are read, mended as is said."""

import os
import re

import h5py
import pytest
import torch

pytestmark = pytest.mark.workflow

FEATURES = "features/snr0/fold1-part1.h5"
MODEL = "models/snr0/tiny_gwrp/holdout1/model.pt"
# what is made of these, and asked for again
WANTED = ("metrics/snr0/tiny_gmp/holdout1.csv", "predictions/snr0/tiny_gwrp/holdout1.h5")
TARGETS = ("tables", *(f"results/smoke/{path}" for path in WANTED))
KEPT = ("tables/*", "metrics/**/*", "predictions/**/*", "models/**/*", "features/**/*")


def flip(path, at):
    """Flip a bit as a failing disk does: the times stay as they were."""
    data, times = bytearray(path.read_bytes()), path.stat()
    data[at] ^= 4
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def place_of_a_mask(path):
    with h5py.File(path) as file:
        chunk = file["mask_truth"].id.get_chunk_info(1)
    return chunk.byte_offset + chunk.size // 2


def place_of_a_weight(path):
    weights = torch.load(path, weights_only=True)["weights"].values()
    largest = max(weights, key=torch.numel)
    return path.read_bytes().index(largest.numpy().tobytes()) + 5


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
    before = run.files(*KEPT)
    flip(run.results / FEATURES, place_of_a_mask(run.results / FEATURES))
    flip(run.results / MODEL, place_of_a_weight(run.results / MODEL))
    assert run.would_run() == {}  # nothing says so until it is read
    for path in WANTED:
        (run.results / path).unlink()

    done = run.run(*TARGETS, "--keep-going")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert remove_named(run, done.stderr) == {FEATURES, MODEL}
    run.must_run(*TARGETS)
    assert run.files(*KEPT) == before
