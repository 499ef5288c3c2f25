"""Bad input ends with one line that says what to do, and no traceback."""

import pytest

pytestmark = pytest.mark.workflow

CONFIGURATIONS = {
    "mixtures={fold: 2}": "mixtures.folds",
    "training={iterations: many}": "training.iterations",
    "grid={models: [nobody]}": "grid.models",
    "data={source: archives, scenes: /nowhere, events: /nowhere}": "/nowhere is not a directory",
    "data={source: folders}": "data.scenes",
    "data={source: dcase2018, published: /nowhere.csv}": "data.published",
    "data={source: dcase2018, mirror: ftp://localhost}": "data.mirror",
    "features={fmax_hz: 20000}": "features.fmax_hz",
}


@pytest.mark.parametrize("change,named", CONFIGURATIONS.items(), ids=CONFIGURATIONS)
def test_configuration(fresh, change, named):
    done = fresh.run("--config", change)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("configuration: ")]
    assert len(lines) == 1 and named in lines[0]
    assert not fresh.results.exists()


def test_a_damaged_archive_is_named_and_nothing_is_lost(fresh):
    fresh.must_run("--until", "index_recordings")
    archive = next(fresh.results.glob("archives/*audio_train.zip"))
    archive.write_bytes(archive.read_bytes()[:1000])
    done = fresh.run("--until", "index_recordings")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    message = f"error: {archive.relative_to(fresh.directory)}: not a readable zip archive"
    assert done.stderr.count(message) == 1
    assert message in (fresh.results / "logs" / "index_recordings.log").read_text()


def test_more_folds_than_sources(fresh):
    done = fresh.run("--until", "assign_folds", "--config", "mixtures={folds: 50, seconds: 10}")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "sources cannot fill 50 folds; lower mixtures.folds" in done.stderr
