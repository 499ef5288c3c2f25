"""Features: clips a second on two cores, peak memory, and whether it grows with the clips."""

from __future__ import annotations

import shutil
import time

from benchmarks.inputs import SNR_DB, Inputs, chosen_mixtures, features_call, make_mixtures, pairs
from benchmarks.plain import mixtures as plain
from benchmarks.processes import measured, together
from benchmarks.recordings import where_of
from benchmarks.rows import Row
from weakseg.files import replacing

STEP = "extract_features:extract_features"
ROUNDS, PLAIN_CLIPS, FEW = 3, 10, 20


def measure(inputs: Inputs) -> list[Row]:
    make_mixtures(inputs)
    keep_for_plain(inputs)
    seconds, plain_seconds, n_clips, peak = 0.0, 0.0, 0, 0.0
    shard_pairs = pairs(inputs.shards)
    for number, pair in enumerate(shard_pairs if inputs.full else shard_pairs * ROUNDS):
        children = together(STEP, [features_call(inputs, shard) for shard in pair])
        seconds += max(child.seconds for child in children)
        n_clips += len(pair) * inputs.shard
        peak = max(peak, *(child.peak_gib for child in children))
        if number < ROUNDS:
            plain_seconds += plain_features(inputs)
    growth = peak / few_clips(inputs)
    return [
        Row(
            "features_clips_per_second",
            n_clips / seconds,
            f"clips/s on 2 cores, without the start of Python, {inputs.share}",
            ROUNDS * PLAIN_CLIPS / plain_seconds,
        ),
        Row("features_peak_gib", peak, "GiB a process"),
        Row("features_memory_growth", growth, f"peak with 100 over that with {FEW} clips"),
    ]


def keep_for_plain(inputs: Inputs) -> None:
    """The WAV files that the plain features are made of."""
    settings, folder = inputs.config["mixtures"], inputs.path("plain/mixtures")
    plain.render(
        chosen_mixtures(inputs)[:PLAIN_CLIPS],
        where_of(inputs.work),
        folder,
        settings["sample_rate"],
        settings["seconds"],
        SNR_DB,
    )


def plain_features(inputs: Inputs) -> float:
    """Seconds that the plain implementation takes for PLAIN_CLIPS clips."""
    start = time.perf_counter()
    mixtures = chosen_mixtures(inputs)[:PLAIN_CLIPS]
    folders = inputs.path("plain/mixtures"), inputs.path("plain/features")
    plain.features(mixtures, folders[0], inputs.spectral, folders[1])
    return time.perf_counter() - start


def few_clips(inputs: Inputs) -> float:
    """Peak memory for FEW clips of a shard."""
    folder, whole = inputs.path("few"), inputs.manifest((1, 1))
    lines = whole.read_text().splitlines(keepends=True)[: FEW + 1]
    folder.mkdir(exist_ok=True)
    manifest = whole.with_name("few.csv")  # beside the audio that it names
    with replacing(manifest) as temporary:
        temporary.write_text("".join(lines))
    other = {"manifest": str(manifest), "output": str(folder / "features.h5")}
    peak = measured(STEP, **features_call(inputs, (1, 1)) | other).peak_gib
    shutil.rmtree(folder)
    manifest.unlink()
    return peak
