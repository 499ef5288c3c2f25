"""kill -9 of Snakemake and all that it has started, at any moment, then `make resume`, and so on:
no file is ever incomplete, and the results are those of a run in peace, byte for byte."""

import contextlib
import hashlib
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
import yaml

pytestmark = pytest.mark.workflow

RUNS, KILLS = 2, 15  # of all of experiments/smoke.yaml
BEFORE_TRAINING = 38  # jobs that are left when no training can have ended
# A state after each step, so that a training is killed between two of them.
SAVING = ("--config", "training={save_every_seconds: 0}")
TEMPORARY = re.compile(r"\.[^/]+\.\d+\.tmp")
OF_A_RUN = re.compile(r"(logs|benchmarks|\.state)/")  # what is not the same twice, or of this run
COSTS = {"run.html": "</html>", "tables/costs.csv": r"all(,[\d.]+){5}", "tables/costs.md": r"\|"}
CONFIGURATION = "config.yaml"
# Moments: at the number of jobs that are left, or
START = "start"  # Snakemake is being unlocked, or reads the workflow
STATE = "state"  # a training has saved its state, and goes on


class Attempt:
    """A run in a session of its own, which says how far it is."""

    def __init__(self, command, directory, number):
        self.output = directory.parent / f"{directory.name} attempt {number}.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, stderr=output, stdout=output, start_new_session=True
            )
        self.began = time.time()

    def said(self):
        return self.output.read_text()

    def left(self):
        """Jobs that are not finished; None before this is known."""
        said = self.said()
        totals = re.findall(r"^total +(\d+)$", said, re.M)
        return int(totals[0]) - said.count("\nFinished jobid") if totals else None

    def training(self):
        """The model whose training was begun last."""
        return re.findall(r"^localrule train:.*?model=(\w+)", self.said(), re.M | re.S)[-1]

    def kill(self, alone):
        """SIGKILL: Snakemake, then, unless it is to be alone, all that it has started."""
        (os.kill if alone else os.killpg)(self.process.pid, signal.SIGKILL)  # at once
        while not alone and (living := [one for one in self.session() if is_alive(one)]):
            for one in living:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
        assert self.process.wait() == -signal.SIGKILL

    def session(self):
        for process in psutil.process_iter():
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(process.pid) == self.process.pid:
                    yield process


def is_alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(attempt, moment, delay, states):
    """Until the moment, then `delay` seconds more; or until the run ends."""

    def reached():
        if moment == START:
            return True
        if moment == STATE:
            return any(
                path.stat().st_mtime > attempt.began for path in states.glob("*/newest.state")
            )
        left = attempt.left()
        return left is not None and left <= moment

    deadline = time.monotonic() + 600
    with contextlib.suppress(FileNotFoundError):  # a state that is just being renamed
        while attempt.process.poll() is None and not reached():
            assert time.monotonic() < deadline, attempt.said()[-3000:]
            time.sleep(0.002 if moment == STATE else 0.05)
    time.sleep(delay)


def check_all_complete(results, whole):
    """Every file is the one of the run in peace, or has a temporary name, or is of a run alone."""
    for path in results.rglob("*"):
        name = str(path.relative_to(results))
        if not path.is_file() or TEMPORARY.fullmatch(path.name) or OF_A_RUN.match(name):
            continue
        if name == CONFIGURATION:
            assert what_matters(path) == what_matters(whole / name)
        elif name in COSTS:
            assert re.search(f"{COSTS[name]}\n*$", path.read_text()), name
        else:
            assert path.read_bytes() == (whole / name).read_bytes(), name
    for state in results.glob(".state/*/*.state"):
        digest, content = state.read_bytes()[:32], state.read_bytes()[32:]
        assert hashlib.sha256(content).digest() == digest, state


def what_matters(path):
    """The configuration but for how often a state is saved."""
    configuration = yaml.safe_load(path.read_text())
    del configuration["training"]["save_every_seconds"]
    return configuration


def kill_and_resume(workflow, whole, moments, rng, root, *arguments):
    """Kill a run at the moments, resume it after each; returns the models that were hit midway."""
    command = workflow.command("--cores", "2", *arguments)
    resume = [sys.executable, str(root / "workflow" / "resume.py"), *command[3:]]
    hit = []
    for number, moment in enumerate(moments):
        attempt = Attempt(resume if number else command, workflow.directory, number)
        delay = {STATE: 0, START: rng.uniform(0, 6)}.get(moment, rng.uniform(0, 1))
        wait_for(attempt, moment, delay, workflow.results / ".state")
        assert attempt.process.poll() is None, attempt.said()[-3000:]
        # alone, it leaves scripts behind, which the next run stops; but not while it unlocks
        attempt.kill(alone=number % 5 == 4 and moment != START)
        check_all_complete(workflow.results, whole)
        if moment == STATE and not model_of(workflow.results, attempt.training()).exists():
            hit.append(attempt.training())
    done = subprocess.run(resume, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    check_all_complete(workflow.results, whole)
    assert not [path for path in workflow.results.rglob("*") if path.name.endswith(".tmp")]
    for model in hit:
        assert re.search(r"resuming at iteration [1-6]\b", log_of(workflow.results, model))
    return hit


def model_of(results, name):
    return results / f"models/snr0/{name}/holdout1/model.pt"


def log_of(results, name):
    return (results / f"logs/train/snr0-{name}-holdout1.log").read_text()


def test_data_and_features(fresh, smoke, root):
    """The first half: archives, mixtures, features."""
    until = ("--until", "extract_features", "gather_material")
    kill_and_resume(fresh, smoke.results, [11, 5], np.random.default_rng(1), root, *until)
    assert len(fresh.files("features/*/*.h5", "material/*.h5")) == 5


def test_a_model_and_its_tables(copy_of_smoke, smoke, root):
    """The second half: training, predictions, events, audio, metrics, tables."""
    killed = copy_of_smoke("killed")
    lost = ("*/snr0/tiny_gwrp/*/*", "*/snr0/tiny_gwrp/*", "tables/*", "figures/**/*", ".state/*/*")
    for path in killed.files(*lost):
        (killed.results / path).unlink()
    rng = np.random.default_rng(2)
    hit = kill_and_resume(killed, smoke.results, [STATE, 7, 3], rng, root, "tables", *SAVING)
    assert hit == ["tiny_gwrp"]
    tables = "tables/summary*", "tables/per_class.csv", "tables/differences*"
    assert killed.files(*tables) == smoke.files(*tables)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(RUNS))
def test_all_of_it(tmp_path, smoke_on, smoke, root, seed):
    rng = np.random.default_rng(seed)
    jobs = len(list(smoke.results.rglob("benchmarks/**/*.tsv"))) + 1
    moments = sorted(rng.integers(5, jobs, KILLS - 2).tolist(), reverse=True)
    moments.insert(sum(moment > BEFORE_TRAINING for moment in moments), STATE)
    moments.insert(rng.integers(1, KILLS), START)
    run = smoke_on(tmp_path / "killed")
    kill_and_resume(run, smoke.results, moments, rng, root, *SAVING)
    assert run.files("**/*").keys() >= {*smoke.files("tables/*", "*/snr0/**/*.*", "gallery/*")}
