"""A run that is killed goes on where it was, and ends with the same bytes."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.workflow

TRAINING = (
    "--config",
    "training={iterations: 150, save_every_seconds: 0.2}",
    "grid={models: [tiny_gwrp]}",
    "--until",
    "train",
)
MODEL = "models/snr0/tiny_gwrp/holdout1/*"


def test_a_killed_training_resumes_to_the_same_bytes(copy_of_smoke, root):
    whole, killed = copy_of_smoke("whole"), copy_of_smoke("killed")
    whole.must_run(*TRAINING)

    command = killed.command("--cores", "2", *TRAINING)
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    known = set(killed.results.glob(".state/*"))
    deadline = time.monotonic() + 60
    while not any(list(p.iterdir())[1:] for p in set(killed.results.glob(".state/*")) - known):
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not any(name.endswith("model.pt") for name in killed.files(MODEL))

    resumed = subprocess.run(
        [sys.executable, str(root / "workflow" / "resume.py"), *command[3:]],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert resumed.returncode == 0, resumed.stderr[-3000:]
    started = re.search(r"resuming at iteration (\d+)", resumed.stderr)
    assert started and 0 < int(started[1]) <= 150
    assert killed.files(MODEL) == whole.files(MODEL)


def test_resume_refuses_while_a_run_is_alive(copy_of_smoke, root):
    busy = copy_of_smoke("busy")
    command = busy.command("--cores", "2", *TRAINING)
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        time.sleep(4)
        resume = [sys.executable, str(root / "workflow" / "resume.py"), *command[3:]]
        refused = subprocess.run(resume, capture_output=True, text=True, timeout=60)
        assert run.poll() is None
        assert refused.returncode != 0 and "a run is alive" in refused.stderr
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
