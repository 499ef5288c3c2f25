"""Downloads from a server of the test's own, on 127.0.0.1, that misbehaves as it is told."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weakseg import download
from weakseg.download import PIECE, check_room, complete, fetch, open_session
from weakseg.published import Archive, ArchiveError

DATA = np.random.default_rng(0).bytes(3_000_000)
NAME, PART = "a.zip", ".a.zip.part"
ARCHIVE = Archive("scenes", "7", NAME, len(DATA), hashlib.md5(DATA).hexdigest())
FILE = f"/records/7/files/{NAME}?download=1"
EVENTS = replace(ARCHIVE, role="events", file="b.zip")


@dataclass
class Server:
    """Serves `files` by path; each answer is as the next of `faults` says, or right.

    A fault has the keys: status (with `body`), cut (bytes after which the connection ends), stall
    (seconds before it does), ranges (False: ignored), headers (more of them), chunked (no length is
    sent).
    """

    files: dict[str, bytes] = field(default_factory=lambda: {FILE: DATA})
    faults: list[dict[str, Any]] = field(default_factory=list)
    seen: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range
    before: Any = None  # is called before an answer
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.seen.append((request.path, asked))
        if self.before:
            self.before()
        fault = self.faults.pop(0) if self.faults else {}
        body, status = self.files.get(request.path, b"<html>nothing here</html>"), 200
        headers = {"Content-Type": "application/octet-stream"}
        if request.path not in self.files:
            status = 404
        elif asked and fault.get("ranges", True):
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            status, body = (206, body[start:]) if start < len(body) else (416, b"")
        body = fault.get("body", body)
        headers |= {"Content-Length": str(len(body))} | fault.get("headers", {})
        if fault.get("chunked"):
            del headers["Content-Length"]
        request.send_response(fault.get("status", status))
        for key, value in headers.items():
            request.send_header(key, value)
        request.end_headers()
        with suppress(ConnectionError):  # a client that has read enough
            request.wfile.write(body[: fault.get("cut", len(body))])
        time.sleep(fault.get("stall", 0))

    @property
    def ranges(self) -> list[str | None]:
        return [asked for _, asked in self.seen]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "BACKOFF_SECONDS", 0.01)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        served.url = f"http://127.0.0.1:{http.server_port}"
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield served
        http.shutdown()


@pytest.fixture
def get(server, tmp_path):
    """Fetches an archive: get(archive, **options of fetch); what is said goes to `get.lines`."""

    def fetch_it(archive: Archive = ARCHIVE, directory: Path = tmp_path, **options: Any) -> Path:
        with open_session() as session:
            options = {"host": server.url, "say": fetch_it.lines.append} | options
            return fetch(archive, directory, session, **options)

    fetch_it.lines = []
    return fetch_it


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def refusal(get: Any, *arguments: Any) -> str:
    """The one line that a fetch ends with; nothing has the archive's name."""
    with pytest.raises(ArchiveError) as refused:
        get(*arguments)
    assert "\n" not in str(refused.value)
    return str(refused.value)


# ---------------------------------------------------------------- what goes well


def test_an_archive_is_fetched_whole(get, server, tmp_path):
    path = get(directory=tmp_path / "not" / "there yet ü")
    assert path.read_bytes() == DATA and names(path.parent) == {NAME}
    assert server.seen == [(FILE, None)]


def test_what_is_there_is_not_fetched_again(get, server, tmp_path):
    (tmp_path / NAME).write_bytes(DATA)
    tmp_path.chmod(0o500)  # nor is anything written beside it
    assert get() == tmp_path / NAME
    tmp_path.chmod(0o700)
    assert not server.seen and names(tmp_path) == {NAME}
    assert "is there" in get.lines[0]


def test_a_cut_connection_is_taken_up_where_it_broke(get, server):
    server.faults = [{"cut": 20 * PIECE + 5}, {"cut": 10 * PIECE}]
    assert get().read_bytes() == DATA
    assert server.ranges == [None, f"bytes={20 * PIECE}-", f"bytes={30 * PIECE}-"]
    assert [line for line in get.lines if "broke off at 1.31MB of 3.00MB" in line]


def test_a_server_that_falls_silent_is_asked_again(get, server, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", (5.0, 0.5))
    server.faults = [{"cut": 20 * PIECE, "stall": 3}]
    assert get().read_bytes() == DATA
    assert server.ranges == [None, f"bytes={20 * PIECE}-"]


def test_a_killed_run_is_taken_up_by_the_next(get, server, tmp_path):
    (tmp_path / PART).write_bytes(DATA[:2_000_000])
    assert get().read_bytes() == DATA
    assert server.ranges == ["bytes=2000000-"] and names(tmp_path) == {NAME}


def test_a_transfer_that_was_killed_at_its_end_asks_for_nothing(get, server, tmp_path):
    (tmp_path / PART).write_bytes(DATA)
    assert get().read_bytes() == DATA
    assert not server.seen and names(tmp_path) == {NAME}


def test_a_server_without_ranges_starts_over(get, server):
    server.faults = [{"cut": 20 * PIECE}, {"ranges": False}]
    assert get().read_bytes() == DATA
    assert server.ranges == [None, f"bytes={20 * PIECE}-"]
    assert any("starts over" in line for line in get.lines)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_status_that_passes_is_waited_for(get, server, status):
    server.faults = [{"status": status, "body": b"busy"}] * 2
    assert get().read_bytes() == DATA
    assert len(server.seen) == 3


def test_retry_after_is_obeyed(get, server, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    server.faults = [{"status": 503, "headers": {"Retry-After": "7"}}]
    assert get().read_bytes() == DATA
    assert 7 in waits


def test_waits_grow(get, server, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    server.faults = [{"status": 503}] * 5
    get()
    waits = [round(seconds, 6) for seconds in waits if seconds > 0]
    assert len(waits) >= 4 and all(b == 2 * a for a, b in pairwise(waits))


def test_a_length_that_is_not_told(get, server):
    server.faults = [{"chunked": True, "cut": 1_000_000}, {"chunked": True}]
    assert get().read_bytes() == DATA
    assert server.ranges == [None, "bytes=1000000-"]


def test_a_mirror_may_have_a_path_of_its_own(get, server):
    server.files = {"/zenodo" + FILE: DATA}
    assert get(host=f"{server.url}/zenodo").read_bytes() == DATA


def test_the_environments_proxy_is_used(get, server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    server.files = {"http://zenodo.invalid" + FILE: DATA}
    assert get(host="http://zenodo.invalid").read_bytes() == DATA


def test_two_at_once_fetch_it_once(get, server, tmp_path):
    started, goes_on = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        goes_on.wait(10)

    server.before = wait
    threads = [threading.Thread(target=get) for _ in range(2)]
    threads[0].start()
    assert started.wait(10)
    threads[1].start()
    while not any("another process is fetching it" in line for line in get.lines):
        assert threads[1].is_alive()
    goes_on.set()
    for thread in threads:
        thread.join(10)
    assert len(server.seen) == 1 and names(tmp_path) == {NAME}
    assert (tmp_path / NAME).read_bytes() == DATA


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("status,word", [(403, "Forbidden"), (404, "Not Found"), (410, "Gone")])
def test_a_page_that_says_no(get, server, tmp_path, status, word):
    server.faults = [{"status": status, "body": b"<html>no</html>"}]
    assert f"the answer is {status} {word}, not the file; check data.mirror" in refusal(get)
    assert len(server.seen) == 1 and not (tmp_path / NAME).exists()


def test_a_server_that_stays_away(get, server, tmp_path):
    server.faults = [{"status": 503}] * 20
    assert "the answer is 503 Service Unavailable" in refusal(get)
    assert len(server.seen) == download.TRIES and not (tmp_path / NAME).exists()


def test_nobody_answers(get, tmp_path):
    with pytest.raises(ArchiveError, match=r"no answer \(.*Connection refused\); check data"):
        get(host="http://127.0.0.1:9")


def test_a_page_in_place_of_the_archive(get, server, tmp_path):
    page = {"body": b"<html>please log in</html>", "headers": {"Content-Type": "text/html"}}
    server.faults = [page]
    assert "a web page (text/html), not the archive" in refusal(get)
    server.faults = [page | {"body": DATA}]  # even of the right length
    assert "a web page" in refusal(get)
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("length", [10, len(DATA) - 1, len(DATA) + 1])
def test_another_length(get, server, tmp_path, length):
    server.files = {FILE: (DATA + b"!")[:length]}
    assert f"has {length} bytes, the published archive 3000000" in refusal(get)
    server.faults = [{"chunked": True, "cut": length}] * 20
    expected = "is longer than the 3000000 bytes" if length > len(DATA) else "the answer is 416"
    assert expected in refusal(get)
    assert not (tmp_path / NAME).exists()


def test_a_part_that_is_longer_than_the_archive_is_thrown_away(get, server, tmp_path):
    (tmp_path / PART).write_bytes(DATA + b"!")
    assert get().read_bytes() == DATA and server.ranges == [None]


def test_another_content_is_thrown_away_and_fetched_anew_by_the_next_run(get, server, tmp_path):
    server.files = {FILE: DATA[::-1]}
    line = refusal(get)
    assert f"MD5 {hashlib.md5(DATA[::-1]).hexdigest()}, that of the published archive is" in line
    assert not (tmp_path / NAME).exists() and (tmp_path / PART).stat().st_size == 0
    server.files = {FILE: DATA}
    assert get().read_bytes() == DATA and names(tmp_path) == {NAME}


def test_a_part_of_something_else_is_found_out(get, server, tmp_path):
    (tmp_path / PART).write_bytes(b"x" * 1000)
    assert "MD5" in refusal(get)
    assert get().read_bytes() == DATA


def test_a_range_that_was_not_asked_for(get, server, tmp_path):
    (tmp_path / PART).write_bytes(DATA[:1000])
    server.faults = [{"headers": {"Content-Range": "bytes 5-2999999/3000000"}}]
    assert "sends 'bytes 5-2999999/3000000' when asked for 1000-" in refusal(get)
    assert (tmp_path / PART).read_bytes() == DATA[:1000]


def test_a_server_that_breaks_off_for_ever_is_given_up(get, server, tmp_path):
    server.faults = [{"cut": PIECE, "ranges": False}] * 50
    assert "broke off 6 times at 65.5kB of 3.00MB; run again" in refusal(get)
    assert len(server.seen) == download.TRIES and not (tmp_path / NAME).exists()


@pytest.mark.parametrize("content", [DATA[:-1], DATA[::-1]], ids=["length", "MD5"])
def test_a_wrong_file_of_that_name_is_named_and_left(get, server, tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    line = refusal(get)
    assert line.startswith(f"{tmp_path / NAME}: not the published archive: ")
    assert "move it away" in line
    assert (tmp_path / NAME).read_bytes() == content and not server.seen


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        problem = mounted.stderr.strip() if mounted.returncode else ""
    except FileNotFoundError:
        problem = "no command mount"
    if problem:
        assert os.environ.get("CI") != "true", problem
        pytest.skip(f"a small file system cannot be mounted: {problem}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk(get, server, small_disk):
    line = refusal(get, ARCHIVE, small_disk)
    assert line.startswith(f"{small_disk / PART}: the disk is full (No space left on device)")
    assert names(small_disk) == {PART}
    received = (small_disk / PART).stat().st_size
    assert received > 1_900_000
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert get(ARCHIVE, small_disk).read_bytes() == DATA
    assert server.ranges == [None, f"bytes={received}-"]


# ---------------------------------------------------------------- lists and room


@pytest.fixture
def listing(server):
    """Completes archives from a record's listing: listing(content of the record)."""

    def ask(record: object) -> list[Archive]:
        server.files["/api/records/8"] = json.dumps(record).encode()
        unknown = Archive("events", "8", "b.zip", 0, "")
        with open_session() as session:
            return complete([ARCHIVE, unknown], session, server.url)

    return ask


def test_a_records_listing_has_what_the_list_has_not(listing, server):
    one = {"key": "b.zip", "size": 12, "checksum": "md5:" + "AB" * 16, "links": {}}
    other = {"key": "c.zip", "size": 13, "checksum": "md5:" + "cd" * 16}
    expected = Archive("events", "8", "b.zip", 12, "ab" * 16)
    assert listing({"id": 8, "files": [other, one]}) == [ARCHIVE, expected]
    assert [path for path, _ in server.seen] == ["/api/records/8"]


def test_nobody_is_asked_for_what_is_known(server):
    with open_session() as session:
        assert complete([ARCHIVE], session, server.url) == [ARCHIVE]
    assert not server.seen


@pytest.mark.parametrize("host", ["http://mirror.example", "http://localhost.example", "ftp://x"])
def test_a_checksum_must_not_come_unencrypted(host):
    unknown = Archive("events", "8", "b.zip", 12, "")
    with open_session() as session, pytest.raises(ArchiveError, match="zip has no MD5") as caught:
        complete([ARCHIVE, unknown], session, host)
    assert "https://" in str(caught.value) and "\n" not in str(caught.value)


NO_LISTINGS = {
    "lists no b.zip": {"files": []},
    "not the listing": {"entries": []},
    "not the listing of": [],
    "not the listing of a": {"files": [{"key": "b.zip", "size": 1, "checksum": "sha1:ab"}]},
    "not the listing of a Zenodo": {"files": [{"key": "b.zip", "size": None, "checksum": "md5:"}]},
    "not the listing of a Zenodo record": {"files": [{"key": "b.zip"}]},
}


@pytest.mark.parametrize("line,record", NO_LISTINGS.items(), ids=NO_LISTINGS)
def test_what_is_no_listing(listing, line, record):
    with pytest.raises(ArchiveError, match=f"/api/records/8: {line}") as refused:
        listing(record)
    assert "\n" not in str(refused.value)


def test_a_page_in_place_of_a_listing(listing, server):
    server.faults = [{"body": b"<html>"}]
    with pytest.raises(ArchiveError, match="not the listing of a Zenodo record"):
        listing({})


@pytest.fixture
def free(monkeypatch):
    """Sets what is free on every disk: free(bytes)."""

    def pretend(number: int) -> None:
        usage = type("Usage", (), {"free": number})
        monkeypatch.setattr(download.shutil, "disk_usage", lambda path: usage)

    return pretend


def test_the_room_that_is_needed_is_said(tmp_path, free):
    free(5_500_000)
    (tmp_path / NAME).write_bytes(DATA)
    (tmp_path / ".b.zip.part").write_bytes(DATA[:1_000_000])
    assert check_room([ARCHIVE, EVENTS], dict.fromkeys(("scenes", "events"), tmp_path)) == [
        "2 archives of 6.00MB, 4.00MB are there",
        f"{tmp_path}: 2.00MB to fetch, 5.50MB free",
    ]


def test_too_little_room_is_refused(tmp_path, free):
    places = dict.fromkeys(("scenes", "events"), tmp_path / "later")
    free(6_000_000)
    assert len(check_room([ARCHIVE, EVENTS], places)) == 2
    free(5_999_999)
    with pytest.raises(
        ArchiveError, match=r"later: the archives need 6\.00MB, 6\.00MB are free; mak"
    ):
        check_room([ARCHIVE, EVENTS], places)
    assert not (tmp_path / "later").exists()


def test_room_is_counted_by_file_system(tmp_path, small_disk):
    with pytest.raises(ArchiveError, match=r"small: the archives need 3\.00MB, 2\.10MB are free"):
        check_room([ARCHIVE, EVENTS], {"scenes": small_disk, "events": tmp_path})


def test_a_wrong_length_is_found_before_anything_is_fetched(tmp_path):
    (tmp_path / NAME).write_bytes(b"half of it")
    with pytest.raises(ArchiveError, match=r"a\.zip: not the published archive: it has 10 bytes"):
        check_room([EVENTS, ARCHIVE], dict.fromkeys(("scenes", "events"), tmp_path))
