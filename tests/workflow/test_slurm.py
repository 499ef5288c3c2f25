"""profiles/slurm on a real Slurm of one node (tests/slurm), by what Slurm itself has on record.

Slurm gives a card that the machine need not have, so the computation is on the CPU.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.real_slurm]

PROGRAMS = ("sbatch", "slurmctld", "slurmd", "munged")
PATH = f"{os.environ['PATH']}:/usr/sbin"
MISSING = [program for program in PROGRAMS if not shutil.which(program, path=PATH)]
FIELDS = [
    "JobID",
    "Partition",
    "State",
    "tres-per-job",
    "MinMemory",
    "TimeLimit",
    "NumCPUs",
    "Comment",
    "WorkDir",
]
PROFILE = Path(__file__).parents[2] / "profiles" / "slurm"
ONE_MODEL = "grid={models: [tiny_gwrp]}"
ON_CPU = ("--config", "training={device: cpu}", ONE_MODEL)
ONE_TRAINING = (ONE_MODEL, "--until", "train")
DEADLINE = 1800  # seconds, for a machine that has other work


@pytest.fixture(scope="module")
def slurm(root):
    """A running Slurm; gives the folder of its logs."""
    why_not = f"no {', '.join(MISSING)}" if MISSING else "not root" if os.geteuid() else None
    if why_not and os.environ.get("CI") != "true":
        pytest.skip(f"{why_not}: a Slurm of one node cannot be started")
    directory = Path(tempfile.mkdtemp(prefix="slurm-"))  # short, for a socket
    stop = ["bash", str(root / "tests/slurm/stop.sh"), str(directory)]
    start = ["bash", str(root / "tests/slurm/start.sh"), str(directory)]
    # its daemons keep the pipes of a captured output open
    log = directory / "start.log"
    try:
        with log.open("w") as output:
            done = subprocess.run(start, stdout=output, stderr=output, timeout=DEADLINE)
        assert done.returncode == 0, log.read_text()
        yield directory / "log"
    finally:
        subprocess.run(stop, timeout=60)
        shutil.rmtree(directory)


@pytest.fixture(scope="module")
def whole(slurm, smoke_on, tmp_path_factory):
    """experiments/smoke.yaml with one of its models, run on Slurm from nothing."""
    workflow = smoke_on(tmp_path_factory.mktemp("on slurm"))
    done = on_slurm(workflow, *ON_CPU)
    assert done.returncode == 0, done.stdout[-6000:]
    return workflow


@pytest.fixture
def copy_of_whole(whole, smoke_on, tmp_path):
    shutil.copytree(whole.directory, tmp_path / "copy")
    return smoke_on(tmp_path / "copy")


def command_on_slurm(workflow, *arguments):
    polls = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10")
    return workflow.command("--workflow-profile", str(PROFILE), *polls, *arguments)


def on_slurm(workflow, *arguments):
    """A run with the profile; its standard error is in `stdout` too."""
    return subprocess.run(
        command_on_slurm(workflow, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
    )


def records(workflow):
    """What Slurm has on record of the jobs of a run's directory, the oldest first."""
    columns = ",".join(f"{field}:300" for field in FIELDS)
    command = ["squeue", "--states=all", "--noheader", "--sort=i", "--Format", columns]
    output = subprocess.check_output(command, text=True, timeout=60)
    rows = [
        [line[i : i + 300].strip() for i in range(0, len(line), 300)]
        for line in output.splitlines()
    ]
    jobs = [dict(zip(FIELDS, row, strict=True)) for row in rows]
    return [job for job in jobs if job["WorkDir"] == str(workflow.directory)]


def minutes(limit):
    """Minutes of a time limit of squeue, [hours:]minutes:seconds."""
    hours, minute, _ = f"0:{limit}".split(":")[-3:]
    return int(hours) * 60 + int(minute)


def learns(job):
    return job["Comment"].startswith(("rule_train_", "rule_segment_"))


def test_learning_runs_with_a_card_and_all_else_on_cpus(whole, slurm):
    jobs = records(whole)
    assert {job["State"] for job in jobs} == {"COMPLETED"}
    assert len(jobs) == 8  # of 30 steps
    learning = [job for job in jobs if learns(job)]
    assert len(learning) == 3
    for job in learning:
        assert job["Partition"] == "gpu" and job["tres-per-job"].replace("/", ":") == "gres:gpu:1"
        assert (job["MinMemory"], minutes(job["TimeLimit"])) == ("4000M", 60)
        assert job["NumCPUs"] == ("2" if job["Comment"].startswith("rule_train_") else "1")
    others = {job["Comment"]: job for job in jobs if not learns(job)}
    assert {job["Partition"] for job in others.values()} == {"cpu"}
    assert {job["tres-per-job"] for job in others.values()} == {"N/A"}
    asked = {
        name.split("_")[1]: (job["MinMemory"], minutes(job["TimeLimit"]), job["NumCPUs"])
        for name, job in others.items()
    }
    assert asked["preparation"] == ("1000M", 5 + 20 + 5 + 5, "1")  # one after the other
    assert asked["features"] == ("1000M", 4 * (2 + 2), "1")  # the four shards too
    assert set(asked) == {"preparation", "features", "evaluation", "report"}
    assert all(0 < limit <= 120 for _, limit, _ in asked.values())
    cpus = {name: cpus for name, (*_, cpus) in asked.items()}
    assert cpus == dict.fromkeys(asked, "1") | {"report": "2"}  # the gallery's threads

    given = dict(line.rsplit(" ", 1) for line in (slurm / "tasks.log").read_text().splitlines())
    for job in jobs:
        cards = given[f"{job['JobID']} {job['Partition']}"]
        assert cards == f"CUDA_VISIBLE_DEVICES={'0' if learns(job) else ''}"
    assert (whole.results / "tables" / "summary.md").exists()


def test_a_cancelled_training_is_submitted_again_and_resumes(copy_of_whole):
    long = "training={device: cpu, iterations: 150, save_every_seconds: 0.2}"
    command = command_on_slurm(copy_of_whole, "--config", long, *ONE_TRAINING)
    known = set(copy_of_whole.results.glob(".state/*"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        deadline = time.monotonic() + DEADLINE
        states = copy_of_whole.results.glob
        while not [p for p in states(".state/*/newest.state") if p.parent not in known]:
            assert run.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        (training,) = records(copy_of_whole)
        subprocess.run(["scancel", training["JobID"]], check=True, timeout=60)
        output = run.communicate(timeout=DEADLINE)[0].decode()
    assert run.returncode == 0, output[-4000:]
    first, second = records(copy_of_whole)
    assert (first["State"], second["State"]) == ("CANCELLED", "COMPLETED")
    assert (first["MinMemory"], second["MinMemory"]) == ("4000M", "8000M")
    assert [minutes(job["TimeLimit"]) for job in (first, second)] == [60, 120]
    log = (copy_of_whole.results / "logs/train/snr0-tiny_gwrp-holdout1.log").read_text()
    resumed = re.search(r"resuming at iteration (\d+)", log)
    assert resumed and 0 < int(resumed[1]) < 150


def test_the_log_of_a_failed_job_is_shown(copy_of_whole):
    damaged = sorted(copy_of_whole.results.glob("features/snr0/fold2-*.h5"))[0]
    damaged.write_bytes(damaged.read_bytes()[:1000])
    seed = "training={device: cpu, seed: 2}"
    done = on_slurm(copy_of_whole, "--config", seed, *ONE_TRAINING, "--retries", "0")
    assert done.returncode != 0 and "Traceback" not in done.stdout
    (job,) = records(copy_of_whole)
    assert job["State"] == "FAILED"
    message = f"error: {damaged.relative_to(copy_of_whole.directory)}"
    assert message in done.stdout
    (kept,) = copy_of_whole.directory.glob(f".snakemake/slurm_logs/**/{job['JobID']}.log")
    assert str(kept) in done.stdout and message in kept.read_text()
