"""Published archives, which the workflow fetches from a mirror of plain files on 127.0.0.1."""

import json
import shutil
import threading
import time
from collections import Counter
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from weakseg.demo_audio import EVENT_SET, write_demo_archives
from weakseg.published import Archive, md5_of, write_list

pytestmark = pytest.mark.workflow

SECONDS = 0.2  # that each file takes


class Mirror:
    """A directory like the published records, served over HTTP."""

    def __init__(self, directory: Path):
        self.directory, self.asked = directory, Counter()
        self.at_once = self.most_at_once = 0
        mirror = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                assert "//" not in self.path
                mirror.asked[self.path.partition("?")[0].rpartition("/")[2]] += 1
                mirror.at_once += 1
                mirror.most_at_once = max(mirror.most_at_once, mirror.at_once)
                time.sleep(SECONDS)
                super().do_GET()
                mirror.at_once -= 1

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=directory))
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def add(self, role: str, record: str, path: Path, listed: bool) -> Archive:
        """Publish a file; `listed`: its length and MD5 are in the record's listing alone."""
        place = self.directory / "records" / record / "files"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
        length, md5 = path.stat().st_size, md5_of(path)
        if not listed:
            return Archive(role, record, path.name, length, md5)
        listing = self.directory / "api" / "records" / record
        listing.parent.mkdir(parents=True, exist_ok=True)
        files = json.loads(listing.read_text())["files"] if listing.exists() else []
        files.append({"key": path.name, "size": length, "checksum": f"md5:{md5}"})
        listing.write_text(json.dumps({"files": files}))
        return Archive(role, record, path.name, 0, "")


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    mirror = Mirror(tmp_path / "mirror")
    made = tmp_path / "made"
    made.mkdir()
    write_demo_archives(made, takes_per_class=6, recordings_per_scene=1)
    write_list(
        tmp_path / "list.csv",
        [
            mirror.add(
                *(
                    ("events", "22", path, True)
                    if EVENT_SET in path.name
                    else ("scenes", "1", path, False)
                )
            )
            for path in sorted(made.iterdir())
        ],
    )
    yield mirror
    mirror.http.shutdown()
    mirror.http.server_close()


@pytest.fixture
def config(mirror, tmp_path):
    """The data section for the mirror, with these keys as well: config("scenes: DIR")."""

    def data(*more: str) -> str:
        keys = (f"mirror: {mirror.url}/", f"published: {tmp_path}/list.csv", *more)
        return f"data={{source: dcase2018, {', '.join(keys)}}}"

    return data


def test_archives_are_fetched_once_and_kept(fresh, mirror, config, tmp_path):
    names = sorted(path.name for path in (tmp_path / "made").iterdir())
    until = ("--until", "index_recordings", "--config")
    output = fresh.must_run(*until, config(), cores=4)
    assert f"{len(names)} archives of " in output and " to fetch, " in output
    assert mirror.asked == Counter([*names, "22"]) and mirror.most_at_once == 2
    data = fresh.directory / "data"
    assert sorted(path.name for path in data.iterdir()) == names
    for name in names:
        assert (data / name).read_bytes() == (tmp_path / "made" / name).read_bytes()
    events = pd.read_csv(fresh.results / "recordings" / "events.csv")
    assert len(events) == 60 and set(events.archive) == {f"{EVENT_SET}.audio_train.zip"}

    # a removed archive is missed by nothing that is done
    (data / names[0]).unlink()
    assert fresh.would_run(*until, config().replace(mirror.url, "http://other")) == {}

    # what is there is looked at when all runs anew, and by another experiment, and not touched
    times = {path: path.stat().st_mtime_ns for path in data.iterdir()}
    fresh.must_run("--forceall", *until, config())
    fresh.must_run(*until, config(), "experiment=other")
    assert times.items() <= {path: path.stat().st_mtime_ns for path in data.iterdir()}.items()
    assert mirror.asked == Counter([*names, names[0], "22", "22", "22"])


def test_a_removed_archive_that_is_needed_is_named(fresh, config):
    fresh.must_run("--until", "plan_mixtures", "--config", config())
    archive = next((fresh.directory / "data").glob("*audio_train.zip"))
    archive.unlink()
    done = fresh.run("--until", "render_mixtures", "--config", config())
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert f"error: data/{archive.name}: not a readable zip archive" in done.stderr


def test_what_is_there_is_used_and_what_is_wrong_is_named(fresh, mirror, config, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(tmp_path / "made", own)
    events = sorted(own.glob(f"{EVENT_SET}*"))
    content = events[0].read_bytes()
    events[0].write_bytes(content[::-1])
    events[1].unlink()
    places = config(f"scenes: {own}", f"events: {own}")
    done = fresh.run("--keep-going", "--until", "index_recordings", "--config", places)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert done.stderr.count(f"error: {events[0]}: not the published archive: its MD5 is") == 1
    assert events[0].read_bytes() == content[::-1]
    assert mirror.asked == Counter([events[1].name, "22"])

    events[0].write_bytes(content[:-1])
    shutil.rmtree(fresh.results)
    done = fresh.run("--until", "index_recordings", "--config", places)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert f"error: {events[0]}: not the published archive: it has" in done.stderr
    assert mirror.asked == Counter([events[1].name, "22", "22"])


def test_a_dry_run_of_the_published_experiment_needs_no_network(fresh, root, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    fresh.configfiles = (root / "experiments" / "dcase2018.yaml",)
    jobs = fresh.would_run("--config", "data={source: dcase2018}")
    assert jobs["fetch_archive"] == 17 and jobs["list_archives"] == 1
    assert jobs["train"] == 48
