"""What a run would take: seconds from benchmarks, bytes from siblings, and the text of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow.causes import Past
from workflow.configuration import complete, over_config_yaml
from workflow.dry_run import Job
from workflow.expected import Benchmarks, elapsed, sizes
from workflow.plan_text import duration, report


def job(rule: str, outputs: str, inputs: str = "", threads: int = 1, **wildcards: str) -> Job:
    parts = "-".join(f"{'holdout' if n == 'fold' else n}{v}" for n, v in wildcards.items())
    benchmark = (
        f"results/x/benchmarks/{rule}/{parts}.tsv" if parts else f"results/x/benchmarks/{rule}.tsv"
    )
    paths = (tuple(f"results/x/{p}" for p in text.split()) for text in (inputs, outputs))
    return Job(rule, *paths, benchmark, wildcards, threads, "Missing output files: x")


def write(path: str, content: str | bytes = "") -> None:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())


def benchmark(path: str, seconds: str) -> None:
    write(path, f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t5\n")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


CHAIN = [job("a", "1"), job("b", "2", "1"), job("c", "3", "2")]
FORK = [job("a", "1"), job("b", "2", "1"), job("b", "3", "1"), job("c", "4", "2 3")]


@pytest.mark.parametrize(
    ("jobs", "seconds", "cores", "expected"),
    [
        (CHAIN, [1, 2, 3], 8, 6.0),
        (FORK, [1, 2, 3, 4], 1, 10.0),
        (FORK, [1, 2, 3, 4], 2, 8.0),
        ([job("a", "1", threads=2), job("b", "2", threads=2)], [3, 4], 2, 7.0),
        ([job("a", "1", threads=4), job("b", "2")], [3, 4], 1, 7.0),
        ([], [], 1, 0.0),
    ],
)
def test_jobs_wait_for_inputs_and_threads(
    jobs: list[Job], seconds: list[float], cores: int, expected: float
) -> None:
    assert elapsed(jobs, seconds, cores) == expected


def test_seconds_are_the_jobs_own_then_its_rules_then_another_experiments() -> None:
    own, new, other, never = (
        job("evaluate", "m", snr="0"), job("evaluate", "n", snr="10"), job("train", "t", snr="0"),
        job("predict", "p"),
    )  # fmt: skip
    for snr, seconds in (("0", "9"), ("5", "2"), ("7", "4"), ("8", "NA")):
        benchmark(f"results/x/benchmarks/evaluate/snr{snr}.tsv", seconds)
    benchmark("results/y/benchmarks/train/snr0.tsv", "30")
    found = Benchmarks(Path("results/x"))
    assert [found.expected(one) for one in (own, new, other, never)] == [9.0, 4.0, 30.0, None]
    assert found.own(own) == 9.0 and found.own(new) is None


def test_a_longer_training_takes_longer() -> None:
    benchmark("results/x/benchmarks/train/snr0.tsv", "30")
    settings = [repr({"iterations": n, "batch_size": 8}) for n in (100, 400)]
    reason = f"Params have changed since last execution: before: {settings[0]} now: {settings[1]} "
    one = job("train", "models/model.pt", snr="0")
    longer = Job(one.rule, one.inputs, one.outputs, one.benchmark, one.wildcards, 1, reason)
    assert Benchmarks(Path("results/x")).expected(longer) == 3.0 + 4 * 27.0


def test_bytes_are_those_of_siblings_else_the_estimate() -> None:
    for fold, size in (("1", 1000), ("2", 3000)):
        write(f"results/x/mixtures/snr0/fold{fold}-part1/a.flac", bytes(size))
        write(f"results/x/mixtures/snr0/fold{fold}-part1/manifest.csv", bytes(10))
    write("results/x/tables/a.csv", bytes(50))
    manifest = "mixtures/snr10/fold{}-part1/manifest.csv"
    jobs = [job("render_mixtures", manifest.format(f), snr="10", fold=f, part="1") for f in "12"]
    jobs += [
        job("extract_features", "features/snr10/fold1-part1.h5"),
        job("summarise", "tables/a.csv"),
    ]
    made, gone = sizes(jobs, Path("results/x"), {"features": 777.0, "mixtures": 5.0})
    assert made == {"render_mixtures": 4020.0, "extract_features": 777.0, "summarise": 50.0}
    assert gone == {"render_mixtures": 0.0, "extract_features": 0.0, "summarise": 50.0}


def test_the_plan_reads_like_this() -> None:
    write("results/x/models/snr0/gmp/holdout1/model.pt", bytes(2_000_000))
    benchmark("results/x/benchmarks/train/snr0-modelgmp-holdout1.tsv", "1234")
    settings = [repr({"iterations": n, "batch_size": 8}) for n in (300, 600)]
    train = job("train", "models/snr0/gmp/holdout1/model.pt", snr="0", model="gmp", fold="1")
    reason = f"Params have changed since last execution: before: {settings[0]} now: {settings[1]} "
    jobs = [
        Job("train", (), train.outputs, train.benchmark, train.wildcards, 2, reason),
        Job("evaluate", train.outputs, ("results/x/e",), None, {}, 1,
            "Input files updated by another job: model.pt"),
    ]  # fmt: skip
    given = over_config_yaml({"experiment": "x"})
    *lines, disk, replaced = report(jobs, Past("results/x", given, complete(given), None), 2)
    assert lines == [
        "results/x: 2 jobs would run",
        "  why      training.iterations: 300 -> 600: train",
        "           what follows: evaluate",
        "  time     about 41 min on 2 cores (train 41 min); not known of evaluate",
    ]
    assert disk.startswith("  disk     about 2 MB are made (train 2 MB) in place of 2 MB; ")
    assert replaced == (
        "  replaces a trained model, 21 min of training: gmp (SNR 0, fold 1) 21 min"
    )


def test_a_plan_says_whose_times_it_is_made_of() -> None:
    benchmark("results/y/benchmarks/train/snr0.tsv", "30")
    benchmark("results/y/benchmarks/check_data.tsv", "1")
    given = over_config_yaml({"experiment": "x"})
    past = Past("results/x", given, complete(given), None)
    jobs = [job("train", "m", snr="0"), job("check_data", "c")]

    def time() -> str:
        return next(line for line in report(jobs, past, 2) if "time" in line)

    assert time().endswith("s), as other experiments took")
    benchmark("results/x/benchmarks/check_data.tsv", "1")
    assert time().endswith("s), in part as other experiments took")
    benchmark("results/x/benchmarks/train/snr0.tsv", "20")
    assert time().endswith("on 2 cores (train 20 s, check_data 1.0 s)")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.04, "0.0 s"), (9.9, "9.9 s"), (10, "10 s"), (99, "99 s"), (100, "2 min"), (5900, "98 min"),
     (7260, "2 h 1 min"), (360000, "100 h")],
)  # fmt: skip
def test_times_are_said_as_people_do(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected
