"""Training: the default trainer against a plain one, step by step in turn; waits and validation."""

from __future__ import annotations

from statistics import median

from benchmarks.inputs import Inputs, forget_model, make_features, make_model
from benchmarks.processes import CORES, Child, measured
from benchmarks.rows import Row

ROUNDS, STEPS_A_ROUND = 5, 2


def measure(inputs: Inputs) -> list[Row]:
    make_features(inputs)
    forget_model(inputs)  # its training is to be measured in this run
    return steps(inputs) + whole_training(inputs) + memory(inputs)


def steps(inputs: Inputs) -> list[Row]:
    """Rows of single steps: the medians of both trainers, which take turns."""
    batch = inputs.config["training"]["batch_size"]
    mine, theirs, peaks = [], [], []
    with Child(CORES) as default, Child(CORES) as plain:
        default.call("benchmarks.trainers:open_default", inputs=inputs)
        plain.call("benchmarks.trainers:open_plain", inputs=inputs)
        for _round in range(ROUNDS + 1):
            theirs.append(last := plain.call("benchmarks.trainers:plain_step"))
            for _ in range(STEPS_A_ROUND):
                mine.append(own := default.call("benchmarks.trainers:default_step"))
        for _ in range(2 * ROUNDS):
            peaks.append(default.call("benchmarks.trainers:conv_tflops").result)
        tflop = default.call("benchmarks.trainers:step_tflop").result
    seconds = median(one.result for one in mine[STEPS_A_ROUND:])
    plain_seconds, peak = median(one.result for one in theirs[1:]), max(peaks)
    what = f"published network, GWRP, {batch} clips, 2 threads"
    return [
        Row("train_step_seconds", seconds, f"s, {what}", plain_seconds),
        Row("train_step_ratio_vs_plain", plain_seconds / seconds, "times as fast as plain PyTorch"),
        Row("train_share_of_conv_peak", tflop / seconds / peak, f"of conv_peak_tflops, {what}"),
        Row("conv_peak_tflops", peak, "TFLOP/s of the widest convolution, forward and backward"),
        Row("train_peak_gib", own.peak_gib, f"GiB, {what}", last.peak_gib),
    ]


def whole_training(inputs: Inputs) -> list[Row]:
    """Rows of the training that makes the model for the masks."""
    run = make_model(inputs)
    what = f"of a training of {run['iterations']} steps of {run['batch_size']} clips"
    stepping = run["seconds"] - run["validation_seconds"]
    return [
        Row("input_wait_share", run["waiting_seconds"] / stepping, f"{what}, without validation"),
        Row(
            "validation_share",
            run["validation_seconds"] / run["seconds"],
            f"{what}, validated as often as the trainer lets it",
        ),
    ]


def memory(inputs: Inputs) -> list[Row]:
    """Whether the memory of a training grows with its feature files."""
    files = [inputs.features(shard) for shard in inputs.shards[:2]]
    few, more = (
        measured("benchmarks.training_run:few_steps", CORES, inputs=inputs, features=some).peak_gib
        for some in (files[:1], files)
    )
    return [Row("train_memory_growth", more / few, "peak with 200 over that with 100 mixtures")]
