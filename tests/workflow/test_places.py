"""Where the checkout, the run and the results may lie, and what may run beside each other."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow

OTHER_DISK = Path("/dev/shm")


@pytest.fixture
def other_disk(tmp_path):
    """A directory on another file system where there is one, else one with a space in its path."""
    if not OTHER_DISK.is_dir():
        yield tmp_path / "other disk"
        return
    folder = Path(tempfile.mkdtemp(prefix="weakseg ö ", dir=OTHER_DISK))
    yield folder
    shutil.rmtree(folder)


def test_two_experiments_at_once_in_one_folder_of_results_elsewhere(fresh, other_disk):
    def arguments(name, seed):
        change = [f"experiment={name}", f"results={other_disk}", f"mixtures={{seed: {seed}}}"]
        return "--until", "render_mixtures", "--config", *change

    runs = [arguments("one", 1), arguments("two", 2)]
    running = [
        subprocess.Popen(
            fresh.command("--cores", "1", *run), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        for run in runs
    ]
    errors = [process.communicate(timeout=300)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0], errors
    assert {path.name for path in other_disk.iterdir()} == {"one", "two"}
    assert not fresh.results.exists()
    plans = [(other_disk / name / "mixtures.yaml").read_bytes() for name in ("one", "two")]
    assert plans[0] != plans[1]
    assert all(fresh.would_run(*run) == {} for run in runs)


def test_one_experiment_twice_at_once_is_refused(fresh):
    command = fresh.command("--cores", "1", "--until", "plan_mixtures")  # four jobs in turn
    first = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not list(fresh.directory.glob(".snakemake/locks/*")):
        assert first.poll() is None
        time.sleep(0.1)
    second = fresh.run("--until", "make_demo_archives")
    assert first.wait(timeout=300) == 0
    assert second.returncode != 0 and "Directory cannot be locked" in second.stderr
