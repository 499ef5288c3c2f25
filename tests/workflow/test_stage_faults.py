"""Each stage under each fault: one line that names the file and the cause, nothing that was there
is harmed, nothing is half-written, and the same again succeeds when the fault is gone.

What is there before, under the final names, is old and may not be written to, so that a script that
writes to a final name, and not to a temporary one that it renames, fails.
"""

import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.workflow

STAGES = {
    "index": "recordings/events.csv",
    "folds": "folds.csv",
    "plan": "mixtures.yaml",
    "render": "mixtures/snr0/fold1-part1/manifest.csv",
    "material": "material/fold2.h5",
    "features": "features/snr0/fold1-part1.h5",
    "train": "models/snr0/tiny_fresh/holdout1/model.pt",
    "segment": "predictions/snr0/tiny_gmp/holdout1.h5",
    "tune": "thresholds/snr0/tiny_gmp/holdout1.yaml",
    "detect": "events/snr0/tiny_gmp/holdout1.tsv",
    "separate": "separated/snr0/tiny_gwrp/holdout1/manifest.csv",
    "evaluate": "metrics/snr0/tiny_gmp/holdout1.csv",
    "tables": "tables/summary.csv",
    "figures": "figures/snr0/training-holdout1.png",
    "describe": "summary.json",
}
LONG = {  # seconds each
    "demo": "archives/FSDKaggle2018.audio_train.zip",
    "references": "metrics/snr0/references/holdout1.csv",
    "models": "tables/models.csv",
    "clips": "figures/snr0/tiny_gmp/holdout1/clip1.png",
    "truth": "figures/snr0/mixtures-holdout1/clip1.png",
    "overviews": "figures/models.png",
    "method": "figures/method.png",
    "gallery": "gallery/index.html",
}
ALL = STAGES | LONG
SOAK = pytest.mark.soak
EACH = [*STAGES, *(pytest.param(name, marks=SOAK) for name in LONG)]
ROOM = [  # stage, and how much of its output finds room
    pytest.param(name, room, marks=() if room and name in ("render", "segment") else SOAK)
    for name in ALL
    for room in (0, 0.5)
]
COSTS = ("run.html", "tables/costs.csv", "tables/costs.md")
OLD = b"of an earlier run"


class Place:
    """Where a stage writes, with what an earlier run and a killed one have left."""

    def __init__(self, directory, stage, smoke):
        self.results = directory / "results" / "smoke"
        self.smoke = smoke.results
        for path in self.beside(self.smoke / ALL[stage]):
            there = self.results / path.relative_to(self.smoke)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(OLD)
            there.chmod(0o444)
            there.with_name(f".{there.name}.99999999.tmp").write_bytes(b"half of")

    def beside(self, output):
        """The outputs of the same job, more or less: all files of its folder."""
        return [path for path in output.parent.iterdir() if path.is_file()]

    def files(self):
        """Content of all but logs and states, by name."""
        found = {
            str(path.relative_to(self.results)): path
            for path in self.results.rglob("*")
            if path.is_file() and not {"logs", ".state"} & set(path.parts)
        }
        return {name: path.read_bytes() for name, path in found.items()}

    def check_unharmed(self):
        """Each file is the old or the new one, whole, or has a temporary name."""
        for name, content in self.files().items():
            if not name.endswith(".99999999.tmp") and name not in COSTS:
                assert content in (OLD, (self.smoke / name).read_bytes()), name

    def check_finished(self, stage):
        """What this stage makes is new, and all temporaries of what it makes are gone."""
        files = self.files()
        assert files[ALL[stage]] == (self.smoke / ALL[stage]).read_bytes()
        self.check_unharmed()
        for name, content in files.items():
            folder, _, file = name.rpartition("/")
            left = f"{folder}/.{file}.99999999.tmp".lstrip("/")
            assert content == OLD or left not in files, left


def check_said(done, cause):
    """One line of ours, which names a file and the cause; returns the file's name."""
    status, errors = done
    assert status == 1 and "Traceback" not in errors, errors
    lines = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and errors.rstrip().endswith(lines[0]), errors
    name, _, said = lines[0].removeprefix("error: ").rpartition(f": {cause}; ")
    assert name and said.endswith("run the same command again"), lines[0]
    return name


def check_success(done):
    status, errors = done
    assert status == 0, errors


@pytest.mark.parametrize("stage", EACH)
def test_no_room_for_half_a_file(jobs, smoke, tmp_path, stage):
    """RLIMIT_FSIZE, which needs no right to mount a disk."""
    place = Place(tmp_path, stage, smoke)
    half = (smoke.results / ALL[stage]).stat().st_size // 2
    name = check_said(jobs.run(ALL[stage], tmp_path, file_bytes=half), "File too large")
    assert name.startswith(str(place.results)) and not name.endswith(".tmp")
    place.check_unharmed()
    check_success(jobs.run(ALL[stage], tmp_path))
    place.check_finished(stage)


@pytest.mark.parametrize(("stage", "room"), ROOM)
def test_disk_full(jobs, smoke, small_disk, stage, room):
    disk = small_disk(64 << 20)
    place = Place(disk, stage, smoke)
    size = (smoke.results / ALL[stage]).stat().st_size
    for left in place.results.rglob("*.tmp"):  # to remove it would make room
        left.unlink()
    fill(disk / "ballast", int(size * room) // 4096)
    name = check_said(jobs.run(ALL[stage], disk), "No space left on device")
    assert name.startswith(str(place.results)) and not name.endswith(".tmp")
    place.check_unharmed()
    (disk / "ballast").unlink()
    check_success(jobs.run(ALL[stage], disk))
    place.check_finished(stage)


def fill(path, free_pages):
    """Write until the disk is full, then free so many pages."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            os.truncate(file.fileno(), file.tell() - 4096 * free_pages)


@pytest.mark.parametrize("stage", ALL)
def test_read_only_results(jobs, smoke, small_disk, stage):
    disk = small_disk(64 << 20)
    place = Place(disk, stage, smoke)
    before = place.files()
    for log in smoke.results.glob("logs/**/"):
        (disk / log.relative_to(smoke.directory)).mkdir(parents=True, exist_ok=True)
    for output in jobs.outputs:
        (disk / output).parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    name = check_said(jobs.run(ALL[stage], disk), "Read-only file system")
    assert name.startswith(str(place.results / "logs"))
    assert place.files() == before


@pytest.mark.parametrize(
    "stage",
    ["folds", "render", "features", "segment", "separate", pytest.param("train", marks=SOAK)],
)
def test_a_folder_without_permission(jobs, smoke, tmp_path, stage):
    place = Place(tmp_path, stage, smoke)
    folder = (place.results / ALL[stage]).parent
    folder.chmod(0o555)
    if stage == "folds":  # its folder holds that of the logs
        (place.results / "logs").mkdir()
    name = check_said(jobs.run(ALL[stage], tmp_path), "Permission denied")
    assert name.startswith(str(folder))
    place.check_unharmed()
    folder.chmod(0o755)
    check_success(jobs.run(ALL[stage], tmp_path))
    place.check_finished(stage)


# a file that a stage reads, whether or not Snakemake knows of it
READ = {
    "index": "archives/FSDKaggle2018.audio_train.zip",
    "folds": "recordings/events.csv",
    "plan": "folds.csv",
    "render": "archives/FSDKaggle2018.audio_train.zip",
    "material": "archives/FSDKaggle2018.audio_train.zip",
    "features": "mixtures/snr0/fold1-part1/00001.flac",
    "train": "material/fold2.h5",
    "segment": "models/snr0/tiny_gmp/holdout1/model.pt",
    "tune": "predictions/snr0/tiny_gmp/holdout1-training.h5",
    "detect": "predictions/snr0/tiny_gmp/holdout1.h5",
    "separate": "mixtures/snr0/fold1-part1/00001.flac",
    "evaluate": "features/snr0/fold1-part1.h5",
    "references": "mixtures.yaml",
    "tables": "metrics/snr0/tiny_gmp/holdout1-draws.npz",
    "models": "models/snr0/tiny_gwrp/holdout1/model.pt",
    "figures": "models/snr0/tiny_gwrp/holdout1/history.csv",
    "clips": "events/snr0/tiny_gmp/holdout1.tsv",
    "overviews": "metrics/snr0/tiny_gmp/holdout1-curve.csv",
    "gallery": "features/snr0/fold1-part2.h5",
    "describe": "tables/models.csv",
}


REMEDIES = (
    "run the same command again",
    "to make it anew",
    "train the model first",
    "fetch or make it again",
)


@pytest.mark.parametrize("lose", ["vanished", "forbidden"])
@pytest.mark.parametrize(
    "stage", [pytest.param(name, marks=SOAK if name in LONG else ()) for name in READ]
)
def test_a_file_that_cannot_be_read_any_more(jobs, smoke, tmp_path, stage, lose):
    shutil.copytree(smoke.results, tmp_path / "results" / "smoke", copy_function=os.link)
    lost = tmp_path / "results" / "smoke" / READ[stage]
    if lose == "vanished":
        lost.unlink()
    else:
        forbid(lost)
    status, errors = jobs.run(ALL[stage], tmp_path / "new", directory=str(tmp_path))
    assert status == 1 and "Traceback" not in errors, errors
    line = errors.rstrip().splitlines()[-1]
    assert line.startswith("error: ") and errors.count("error: ") == 1
    assert f"results/smoke/{READ[stage]}: " in line
    assert line.endswith(REMEDIES)
    assert "missing" in line or "damaged" not in line


def forbid(path):
    """A copy of its own, as the file is linked to the finished run's."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    path.chmod(0)


SHORT = [  # stage, and MiB on top of what is loaded
    ("index", 1),  # no recording is unusable therefore
    ("features", 2),
    ("segment", 0.5),  # a store is not damaged therefore
    ("segment", 2),
    ("segment", 16),
    ("evaluate", 16),
    ("tables", 2),
]


@pytest.mark.parametrize(("stage", "more"), SHORT)
def test_out_of_memory(jobs, smoke, tmp_path, stage, more):
    place, more_bytes = Place(tmp_path, stage, smoke), round(more * 2**20)
    status, errors = jobs.run(ALL[stage], tmp_path, more_bytes=more_bytes)
    assert status == 1 and "Traceback" not in errors, errors
    line = errors.rstrip().splitlines()[-1]
    assert line.startswith("error: ") and "out of memory (" in line and "give it more" in line
    place.check_unharmed()
    check_success(jobs.run(ALL[stage], tmp_path))
    place.check_finished(stage)
