"""Runs of the real workflow, in a directory of their own."""

import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.workflow.variants import variant_of

ROOT = Path(__file__).parents[2]
SMOKE = ROOT / "experiments" / "smoke.yaml"


@dataclass
class Workflow:
    """Snakemake on this project's Snakefile, with results under `directory`."""

    directory: Path
    configfiles: tuple[Path, ...] = (SMOKE,)
    snakefile: Path = ROOT / "Snakefile"
    python: str = sys.executable
    first_on_path: str = ""
    forked: Callable[[list[str]], subprocess.CompletedProcess[str]] | None = None

    @property
    def results(self) -> Path:
        return self.directory / "results" / "smoke"

    def command(self, *arguments: str) -> list[str]:
        return [
            self.python,
            "-m",
            "snakemake",
            "--snakefile",
            str(self.snakefile),
            "--directory",
            str(self.directory),
            "--configfile",
            *map(str, self.configfiles),
            *arguments,
        ]

    def run(self, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
        command = self.command("--cores", str(cores), *arguments)
        if self.forked:
            return self.forked(command[3:])
        path = os.pathsep.join(filter(None, (self.first_on_path, os.environ["PATH"])))
        around = os.environ | {"PATH": path}
        return subprocess.run(command, capture_output=True, text=True, env=around, timeout=1800)

    def must_run(self, *arguments: str, cores: int = 2) -> str:
        done = self.run(*arguments, cores=cores)
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout + done.stderr

    def would_run(self, *arguments: str) -> dict[str, int]:
        """Number of jobs a rule of a dry run, `all` left out."""
        output = self.must_run("--dry-run", *arguments)
        stats = output.partition("Job stats:")[2].partition("\n\n")[0]
        jobs = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", stats, re.M)}
        return {name: count for name, count in jobs.items() if name not in ("all", "total")}

    def files(self, *patterns: str) -> dict[str, bytes]:
        """Content of the results that match, by their path."""
        found = sorted(path for pattern in patterns for path in self.results.glob(pattern))
        return {
            str(path.relative_to(self.results)): path.read_bytes()
            for path in found
            if path.is_file()
        }


class Forks:
    """Runs of Snakemake that are forks of one process (dry_runs.py), for a project."""

    def __init__(self, root: Path, **around: str):
        command = [sys.executable, str(Path(__file__).with_name("dry_runs.py")), str(root)]
        self.server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | around,
        )

    def __call__(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        self.server.stdin.write(json.dumps(arguments) + "\n")
        self.server.stdin.flush()
        done = json.loads(self.server.stdout.readline())
        return subprocess.CompletedProcess(arguments, done["status"], "", done["output"])

    def close(self) -> None:
        self.server.stdin.close()
        self.server.wait(60)
        self.server.stdout.close()


@pytest.fixture(scope="module")
def forks():
    """Makes what a Workflow takes as `forked`: forks(root); a variable of the environment each."""
    made = []

    def make(root: Path, **around: str) -> Forks:
        made.append(Forks(root, **around))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def quick(smoke, forks):
    """The finished smoke run, for many dry runs."""
    return replace(smoke, forked=forks(ROOT))


@pytest.fixture(scope="module")
def variant(quick, tmp_path_factory):
    """Gives a finished run by its name in reruns.yaml; None is the smoke run itself."""
    made = {None: quick}

    def give(name: str | None) -> Workflow:
        if name not in made:
            made[name] = variant_of(quick, name, tmp_path_factory.mktemp("variant") / "run")
        return made[name]

    return give


@pytest.fixture(scope="session")
def smoke(tmp_path_factory) -> Workflow:
    """experiments/smoke.yaml, run once; tests only look at it, or make dry runs."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # of all workers, each of which takes a copy
    made, finished = Workflow(shared / "smoke run ü"), shared / "smoke.finished"
    with (shared / "smoke.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            made.directory.mkdir(exist_ok=True)
            made.must_run()
            finished.touch()
    mine = tmp_path_factory.mktemp("smoke run ü") / "run"
    return Workflow(shutil.copytree(made.directory, mine))


@pytest.fixture(scope="session")
def root() -> Path:
    """The project."""
    return ROOT


@pytest.fixture
def copy_of_smoke(smoke, tmp_path):
    """Makes a copy of the finished run, Snakemake's records included: copy_of_smoke("name")."""

    def copy(name: str) -> Workflow:
        shutil.copytree(smoke.directory, tmp_path / name)
        return Workflow(tmp_path / name)

    return copy


@pytest.fixture(scope="session")
def smoke_on():
    """Makes a run of experiments/smoke.yaml in a directory: smoke_on(directory)."""
    return Workflow


class Jobs:
    """Runs single jobs of a finished run, under faults: see jobs.py."""

    def __init__(self, directory):
        command = [sys.executable, str(Path(__file__).with_name("jobs.py")), str(directory)]
        self._process = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True)
        self.outputs = self._answer()
        self._directory = directory

    def _answer(self):
        return json.loads(self._process.stdout.readline())

    def run(self, job, place, **fault):
        """Exit status and standard error of the job with the output `job`, put below `place`."""
        request = {"job": f"results/smoke/{job}", "place": str(place)}
        request |= {"directory": str(self._directory), **fault}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self._answer()

    def close(self):
        self._process.stdin.close()
        self._process.wait()


@pytest.fixture(scope="session")
def jobs(smoke):
    """Runs single jobs of the smoke run: jobs.run("folds.csv", place)."""
    jobs = Jobs(smoke.directory)
    yield jobs
    jobs.close()


@pytest.fixture
def small_disk(tmp_path):
    """Makes a disk of so many bytes in memory, empty, and mounted: small_disk(bytes)."""
    place = tmp_path / "small disk"
    place.mkdir()

    def mount(size):
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs to mount a tmpfs: {done.stderr.strip()}")
        return place

    yield mount
    subprocess.run(["umount", "--lazy", str(place)], capture_output=True)


@pytest.fixture
def read_only():
    """Makes a directory one that cannot be written: with read_only(directory): ..."""

    @contextmanager
    def mounted(directory):
        bind = ["mount", "--bind", str(directory), str(directory)]
        done = subprocess.run(bind, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs to mount a directory: {done.stderr.strip()}")
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", str(directory)], check=True)
            yield
        finally:
            subprocess.run(["umount", str(directory)], check=True)

    return mounted


@pytest.fixture
def fresh(tmp_path) -> Workflow:
    """An empty directory to run in."""
    return Workflow(tmp_path)


@pytest.fixture(scope="session")
def double():
    """The module tests/conda/double.py, which stands in for conda."""
    source = ROOT / "tests" / "conda" / "double.py"
    spec = importlib.util.spec_from_file_location("double", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
