"""Features: clips a second on two cores, peak memory, and whether it grows with the clips."""

from __future__ import annotations

import shutil
import time
from itertools import cycle, islice
from typing import Any

from benchmarks.inputs import SNR_DB, Inputs, chosen_mixtures, features_call, make_mixtures, pairs
from benchmarks.plain import mixtures as plain
from benchmarks.processes import measured, together
from benchmarks.recordings import where_of
from benchmarks.rows import Row
from weakseg.files import replacing

STEP = "extract_features:extract_features"
PLAIN_ROUNDS, PLAIN_CLIPS, FEW = 3, 10, 20
REPEATED = "repeated.csv"


def measure(inputs: Inputs) -> list[Row]:
    make_mixtures(inputs)
    keep_for_plain(inputs)
    size = inputs.config["mixtures"]["shard"]
    seconds, plain_seconds, peak = 0.0, 0.0, 0.0
    for number, pair in enumerate(pairs(inputs.shards)):
        children = together(STEP, [call_of_clips(inputs, shard, size) for shard in pair])
        seconds += max(child.seconds for child in children)
        peak = max(peak, *(child.peak_gib for child in children))
        if number == 0:
            plain_seconds = sum(plain_features(inputs) for _ in range(PLAIN_ROUNDS))
    growth = peak / few_clips(inputs)
    forget_repeated(inputs)
    n_clips, n_different = len(inputs.shards) * size, inputs.n_rendered
    return [
        Row(
            "features_clips_per_second",
            n_clips / seconds,
            f"clips/s on 2 cores, without the start of Python, {n_clips} of {inputs.n_mixtures} "
            f"clips, of which {n_different} differ",
            PLAIN_ROUNDS * PLAIN_CLIPS / plain_seconds,
        ),
        Row("features_peak_gib", peak, "GiB a process"),
        Row("features_memory_growth", growth, f"peak with {size} over that with {FEW} clips"),
    ]


def call_of_clips(inputs: Inputs, shard: tuple[int, int], n_clips: int) -> dict[str, Any]:
    """The call for so many clips of a shard, again and again where it has fewer: what a shard of
    the experiment's size costs but once, such as reading the plan, counts as there."""
    whole = inputs.manifest(shard)
    head, *rows = whole.read_text().splitlines(keepends=True)
    manifest = whole.with_name(REPEATED)  # beside the audio that it names
    with replacing(manifest) as temporary:
        temporary.write_text("".join([head, *islice(cycle(rows), n_clips)]))
    output = inputs.path(f"features-repeated/{shard[0]}-{shard[1]}.h5")
    output.parent.mkdir(exist_ok=True)
    return features_call(inputs, shard) | {"manifest": str(manifest), "output": str(output)}


def forget_repeated(inputs: Inputs) -> None:
    shutil.rmtree(inputs.path("features-repeated"))
    for shard in inputs.shards:
        inputs.manifest(shard).with_name(REPEATED).unlink(missing_ok=True)


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
    return measured(STEP, **call_of_clips(inputs, (1, 1), FEW)).peak_gib
