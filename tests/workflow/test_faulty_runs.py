"""Runs of the real Snakemake under a fault: what they say, and that the next one goes on."""

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from workflow.resume import is_script, processes_in

pytestmark = pytest.mark.workflow

THRESHOLDS = "thresholds/snr0/tiny_gmp/holdout1.yaml"
MODEL = "models/snr0/tiny_gmp/holdout1/model.pt"
MEMORY = Path("/sys/fs/cgroup/memory")  # of version 1
SOAK = pytest.mark.soak


def target(path):
    """Arguments that make a file anew, and nothing else."""
    return f"results/smoke/{path}", "--force"


def our_lines(text, start="error: "):
    return [line for line in text.splitlines() if line.startswith(start)]


def check_goes_on(run, smoke, output):
    """The next run succeeds, with the file as it was."""
    run.must_run(f"results/smoke/{output}")
    assert run.files("**/*.*").keys() >= smoke.files("**/*.*").keys() - {"logs"}
    assert run.files(output) == smoke.files(output)


def finished(run):
    """What no further job should touch."""
    return run.files("mixtures/**/*", "features/**/*", "models/**/*", "tables/*", "archives/*")


def test_a_job_that_the_system_kills(copy_of_smoke, smoke):
    """As it does when memory is used up."""
    run = copy_of_smoke("killed job")
    command = run.command("--cores", "1", *target(THRESHOLDS))
    snakemake = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (scripts := processes_in(run.directory, is_script)):
        assert snakemake.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    for script in scripts:
        script.kill()
    errors = snakemake.communicate(timeout=120)[1]
    assert snakemake.returncode != 0 and "Traceback" not in errors
    (line,) = our_lines(errors)
    log = "results/smoke/logs/tune_thresholds/snr0-tiny_gmp-holdout1.log"
    assert line.startswith(f"error: {log}: tune_thresholds was ended by SIGKILL")
    assert (run.directory / log).read_text().endswith(f"{line}\n")
    assert finished(run) == finished(smoke)
    check_goes_on(run, smoke, THRESHOLDS)


def test_a_clock_that_was_set_back_between_runs(copy_of_smoke, smoke):
    run = copy_of_smoke("clock")
    (run.results / THRESHOLDS).unlink()
    for path in run.results.rglob("*"):
        if path.is_file():
            os.utime(path, (path.stat().st_mtime + 7200,) * 2)
    said = run.must_run(f"results/smoke/{THRESHOLDS}")
    assert len(our_lines(said, "results/smoke: ")) == 1 and "the clock was set back" in said
    assert run.files(THRESHOLDS) == smoke.files(THRESHOLDS)
    assert run.would_run() == {}


def test_records_that_cannot_be_written(copy_of_smoke, read_only):
    run = copy_of_smoke("records")
    with read_only(run.directory / ".snakemake"):
        done = run.run()
    (line,) = our_lines(done.stderr)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{run.directory / '.snakemake'}: cannot be written" in line
    assert run.would_run() == {}


@SOAK
def test_results_that_cannot_be_written(copy_of_smoke, smoke, read_only):
    """Snakemake's own words, which name the file."""
    run = copy_of_smoke("results")
    with read_only(run.results):
        done = run.run(*target(THRESHOLDS))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"results/smoke/{THRESHOLDS}" in done.stderr.partition("Write-protected output")[2]
    assert run.files("**/*.*") == smoke.files("**/*.*")
    check_goes_on(run, smoke, THRESHOLDS)


@SOAK
def test_a_disk_that_gets_full(fresh, smoke, small_disk):
    disk = small_disk(16_400_000)  # what the archives need, and a little more
    until = ("--until", "extract_features", "--config", f"results={disk}")
    done = fresh.run(*until)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    lines = our_lines(done.stderr)
    assert lines and all(
        line.startswith(f"error: {disk}/smoke/") and ": No space left on device; " in line
        for line in lines
    )
    assert "warning: disk: about" in done.stderr
    made = {path for path in (disk / "smoke").rglob("*") if path.is_file()}
    results = {path for path in made if not {"logs", "benchmarks"} & set(path.parts)}
    for path in results:
        assert path.read_bytes() == (smoke.results / path.relative_to(disk / "smoke")).read_bytes()
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    said = fresh.must_run(*until)
    assert "make_demo_archives" not in said
    for path in smoke.files("features/**/*.h5", "mixtures/**/*.flac"):
        assert (disk / "smoke" / path).read_bytes() == (smoke.results / path).read_bytes()


@SOAK
def test_a_recording_that_vanishes_between_steps(copy_of_smoke, smoke):
    """Mixtures are no declared outputs: the message says what to delete, so that they come back."""
    run = copy_of_smoke("vanished")
    (run.results / "mixtures/snr0/fold1-part1/00001.flac").unlink()
    references = "metrics/snr0/references/holdout1.csv"
    done = run.run(*target(references))
    (line,) = our_lines(done.stderr)
    assert "mixtures/snr0/fold1-part1/00001.flac: " in line and "delete the manifest" in line
    assert "Traceback" not in done.stderr
    (run.results / "mixtures/snr0/fold1-part1/manifest.csv").unlink()
    check_goes_on(run, smoke, references)
    assert run.files("mixtures/**/*") == smoke.files("mixtures/**/*")


@SOAK
def test_archives_of_the_future(copy_of_smoke, fresh):
    """A recorder's clock is ahead: no file of a user is dated anew."""
    archives = copy_of_smoke("data").results / "archives"
    data = f"data={{source: archives, scenes: '{archives}', events: '{archives}'}}"
    ahead = archives / "FSDKaggle2018.meta.zip"
    os.utime(ahead, (time.time() + 7200,) * 2)
    asked = ("--until", "index_recordings", "--config", data)
    done = fresh.run(*asked)
    (line,) = our_lines(done.stderr)
    assert done.returncode == 1 and line.startswith(f"error: {ahead}: dated ")
    assert line.endswith("(a file of your own: touch it first)")
    ahead.touch()
    fresh.must_run(*asked)


@contextmanager
def group_of_little_memory(megabytes):
    """A cgroup, to which processes can be added, or the test is skipped."""
    group = MEMORY / f"weakseg-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(f"{megabytes}M")
    except OSError as error:
        pytest.skip(f"needs the right to make a cgroup: {error}")
    try:
        yield group
    finally:
        while (group / "cgroup.procs").read_text():
            time.sleep(0.1)
        group.rmdir()


@SOAK
def test_a_training_for_which_the_kernel_has_no_memory(copy_of_smoke, smoke):
    run = copy_of_smoke("memory")
    with group_of_little_memory(280) as group:
        command = run.command("--cores", "1", *target(MODEL))
        shell = f'echo $$ > "{group}/cgroup.procs"; exec "$@"'
        done = subprocess.run(
            ["sh", "-c", shell, "sh", *command], capture_output=True, text=True, timeout=600
        )
        killed = "oom_kill 0" not in (group / "memory.oom_control").read_text()
    assert killed and done.returncode == 1 and "Traceback" not in done.stderr
    (line,) = our_lines(done.stderr)
    assert "train was ended by SIGKILL, most often because memory was used up" in line
    run.must_run(f"results/smoke/{MODEL}")
    assert run.files("models/**/*") == smoke.files("models/**/*")
