"""Fetches published archives over HTTP, so that only what is whole and right gets its name.

Conventions
-----------
- What is received lies in `.NAME.part` beside the archive, across runs: a transfer that broke off
  goes on from there, and what is there counts for nothing until length and MD5 are right.
- `host` is https://zenodo.org or what stands in for it: it has `records/RECORD/files/NAME`, and for
  a record whose checksums no list has, `api/records/RECORD`.  Proxies are those of the environment.
- Statuses that may pass (`PASSING`) and connections that fail are retried by urllib3, with
  back-off; a transfer that breaks off is taken up again as long as it gets further.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import FileIO
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.exceptions import MaxRetryError
from urllib3.util import Retry

from weakseg.progress import Progress
from weakseg.published import Archive, ArchiveError, check, check_length, md5_of

ZENODO = "https://zenodo.org"
PASSING = (429, 500, 502, 503, 504)
TRIES, BACKOFF_SECONDS = 6, 1.0  # the waits double: half a minute in all
LONGEST_WAIT = 600  # seconds, whatever Retry-After asks for
TIMEOUT = (20.0, 60.0)  # seconds: to connect, and from one piece to the next
PIECE = 1 << 16  # bytes; what is received of the last one is lost when a transfer breaks off
FULL = (errno.ENOSPC, errno.EDQUOT)
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
REMEDY = "check data.mirror and the proxy, or fetch it by hand"

Say = Callable[[str], None]
Listing = dict[str, tuple[int, str]]  # file -> bytes, MD5


def open_session() -> requests.Session:
    """A session that retries; bodies come as they are stored, or ranges would mean other bytes."""
    session = requests.Session()
    session.headers.update({"User-Agent": "weakseg", "Accept-Encoding": "identity"})
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=_retries()))
    return session


def _retries() -> Retry:
    return Retry(
        total=TRIES - 1,
        status_forcelist=PASSING,
        backoff_factor=BACKOFF_SECONDS,
        raise_on_status=False,
        retry_after_max=LONGEST_WAIT,
    )


# ---------------------------------------------------------------- what there is, and its room


def complete(
    archives: Sequence[Archive], session: requests.Session, host: str = ZENODO
) -> list[Archive]:
    """The archives, with the lengths and checksums that only their records' listings have.

    No record is asked that has none of these.  Raises ArchiveError, also for a host without
    encryption: whoever stands between could give another archive and its checksum.
    """
    unknown = {a for a in archives if not (a.bytes and a.md5)}
    if unknown and not _is_encrypted(host):
        name = min(archive.file for archive in unknown)
        raise ArchiveError(
            f"{host}: {name} has no MD5 in the list, and one that comes without encryption proves "
            "nothing; give an address with https:// as data.mirror, or its MD5 in data.published"
        )
    urls = {a.record: f"{host}/api/records/{a.record}" for a in unknown}
    listings = {record: _listing(session, url) for record, url in sorted(urls.items())}
    for archive in unknown:
        if archive.file not in listings[archive.record]:
            raise ArchiveError(f"{urls[archive.record]}: lists no {archive.file}; {REMEDY}")
    return [_completed(a, listings[a.record]) if a in unknown else a for a in archives]


def _is_encrypted(host: str) -> bool:
    """Whether nobody stands between: by https, or on this machine."""
    address = urlsplit(host)
    return address.scheme == "https" or address.hostname in ("localhost", "127.0.0.1", "::1")


def _completed(archive: Archive, listing: Listing) -> Archive:
    length, md5 = listing[archive.file]
    return replace(archive, bytes=archive.bytes or length, md5=archive.md5 or md5)


def _listing(session: requests.Session, url: str) -> Listing:
    with _get(session, url) as response:
        try:
            files = response.json()["files"]
            return {file["key"]: (int(file["size"]), _md5(file["checksum"])) for file in files}
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise ArchiveError(f"{url}: not the listing of a Zenodo record; {REMEDY}") from error


def _md5(checksum: str) -> str:
    kind, _, digest = str(checksum).partition(":")
    if kind != "md5":
        raise ValueError(f"{checksum} is no MD5")
    return digest.lower()


def check_room(archives: Sequence[Archive], directories: Mapping[str, Path]) -> list[str]:
    """What is to be fetched and how much room there is, a line a file system.

    directories: role -> where its archives go.  Raises ArchiveError if there is not enough room, or
    if a file there has the name of an archive and another length.
    """
    places = {_device(directory): directory for directory in directories.values()}
    # what is free first: while other processes fetch, both get less
    free = {device: shutil.disk_usage(_existing(place)).free for device, place in places.items()}
    needed = dict.fromkeys(places, 0)
    for archive in archives:
        directory = directories[archive.role]
        needed[_device(directory)] += _missing(directory / archive.file, archive)
    total = sum(archive.bytes for archive in archives)
    there = total - sum(needed.values())
    rooms = [_room(places[device], needed[device], free[device]) for device in places]
    return [f"{len(archives)} archives of {_size(total)}, {_size(there)} are there", *rooms]


def _room(directory: Path, needed: int, free: int) -> str:
    if needed > free:
        raise ArchiveError(
            f"{directory}: the archives need {_size(needed)}, {_size(free)} are free; "
            "make room or name another directory in data.scenes and data.events"
        )
    return f"{directory}: {_size(needed)} to fetch, {_size(free)} free"


def _device(directory: Path) -> int:
    return _existing(directory).stat().st_dev


def _missing(target: Path, archive: Archive) -> int:
    """Bytes of the archive that are neither under its name nor received in part."""
    received = 0
    with suppress(FileNotFoundError):  # before the name: another process may give it meanwhile
        received = _part_of(target).stat().st_size
    if target.exists():
        check_length(target, archive)
        return 0
    return max(archive.bytes - received, 0)


def _existing(directory: Path) -> Path:
    whole = directory.absolute()
    return next(path for path in (whole, *whole.parents) if path.exists())


def _size(number: int) -> str:
    return f"{tqdm.format_sizeof(number)}B"


# ---------------------------------------------------------------- one archive


def fetch(
    archive: Archive,
    directory: Path,
    session: requests.Session,
    host: str = ZENODO,
    say: Say = lambda line: None,
) -> Path:
    """The archive's path in `directory`, where it is fetched to unless it is there already.

    archive: with its length and MD5 (`complete`).  Another process that fetches the same is waited
    for.  Raises ArchiveError, also for a file of that name that is not the archive: it stays.
    """
    target = directory / archive.file
    if not target.exists():
        directory.mkdir(parents=True, exist_ok=True)
        with _locked_part(target, say) as part:
            if not target.exists():  # nobody else has fetched it meanwhile
                url = f"{host}/records/{archive.record}/files/{archive.file}?download=1"
                _fill(part, archive, url, session, say)
                _name(part, target, archive, url)
                say(f"{archive.file}: fetched, its length and MD5 are right")
                return target
            _part_of(target).unlink(missing_ok=True)
    check(target, archive)
    say(f"{target}: is there, its length and MD5 are right")
    return target


def _part_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


@contextmanager
def _locked_part(target: Path, say: Say) -> Iterator[FileIO]:
    """What has been received, at its end, for this process alone."""
    with _part_of(target).open("ab", buffering=0) as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{target.name}: another process is fetching it, which is waited for")
            fcntl.flock(part, fcntl.LOCK_EX)
        yield part


def _fill(part: FileIO, archive: Archive, url: str, session: requests.Session, say: Say) -> None:
    """Receive what `part` lacks of the archive."""
    whole = archive.bytes
    part.seek(0, os.SEEK_END)
    if part.tell() > whole:
        _empty(part)
    retries, furthest = _retries(), part.tell()
    while part.tell() < whole:
        try:
            _receive(part, archive, url, session, say)
        except BROKEN as error:
            if part.tell() > furthest:  # else a server without ranges could break off for ever
                retries, furthest = _retries(), part.tell()
            at = f"{_size(part.tell())} of {_size(whole)}"
            say(f"{archive.file}: broke off at {at} ({_reason(error)})")
            try:
                retries = retries.increment("GET", url, error=error)
            except MaxRetryError:
                message = f"{url}: broke off {TRIES} times at {at}; run again to go on from there"
                raise ArchiveError(message) from error
            retries.sleep()


def _receive(part: FileIO, archive: Archive, url: str, session: requests.Session, say: Say) -> None:
    """Append what one answer brings; raises one of `BROKEN` if that is not all that is missing."""
    whole = archive.bytes
    with _get(session, url, part.tell()) as response:
        if _start(response, archive, part.tell()) < part.tell():
            say(f"{archive.file}: the server sends no parts of files, so it starts over")
            _empty(part)
        with Progress(whole, part.tell(), "B", say, archive.file) as shown:
            for piece in response.iter_content(PIECE):
                if part.tell() + len(piece) > whole:
                    _empty(part)
                    raise ArchiveError(
                        f"{url}: is longer than the {whole} bytes published; {REMEDY}"
                    )
                _write(part, piece, archive)
                shown.advance(len(piece))
    if part.tell() < whole:
        raise requests.ConnectionError("the server closed the connection")


def _start(response: requests.Response, archive: Archive, received: int) -> int:
    """Where in the file an answer begins: at `received`, or at 0 if the server ignores ranges.

    Raises ArchiveError if it is an answer with something else than the archive.
    """
    kind = response.headers.get("Content-Type", "")
    if "html" in kind:
        raise ArchiveError(f"{response.url}: a web page ({kind}), not the archive; {REMEDY}")
    length = response.headers.get("Content-Length", "")
    start = 0
    if response.status_code == requests.codes.partial_content:
        span = response.headers.get("Content-Range", "")
        match = re.match(r"bytes (\d+)-\d+/(\d+|\*)$", span)
        if not match or int(match[1]) != received:
            raise ArchiveError(
                f"{response.url}: sends {span!r} when asked for {received}-; {REMEDY}"
            )
        start, length = received, match[2]
    if length.isdecimal() and int(length) != archive.bytes:
        lengths = f"has {length} bytes, the published archive {archive.bytes}"
        raise ArchiveError(f"{response.url}: {lengths}; {REMEDY}")
    return start


def _write(part: FileIO, piece: bytes, archive: Archive) -> None:
    rest = memoryview(piece)
    try:
        while rest:  # a disk that gets full takes a part of what it is given
            rest = rest[part.write(rest) :]
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise ArchiveError(
            f"{part.name}: the disk is full ({error.strerror}) before the {_size(archive.bytes)} "
            f"of {archive.file} are there; make room and run again to go on from there"
        ) from error


def _name(part: FileIO, target: Path, archive: Archive, url: str) -> None:
    """Give the archive its name, if it is the archive."""
    os.fsync(part.fileno())
    digest = md5_of(Path(str(part.name)))
    if digest != archive.md5:
        _empty(part)
        sums = f"MD5 {digest}, that of the published archive is {archive.md5}"
        raise ArchiveError(f"{url}: {sums}; thrown away, so run again, or {REMEDY}")
    os.replace(str(part.name), target)


def _empty(part: FileIO) -> None:
    """Not removed: a process that waits for its lock would then fill a file without a name."""
    part.seek(0)
    part.truncate()


def _get(session: requests.Session, url: str, start: int = 0) -> requests.Response:
    """The answer, from byte `start` on; raises ArchiveError if it is none with a file."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        response = session.get(url, headers=headers, stream=True, timeout=TIMEOUT)
    except requests.RequestException as error:
        raise ArchiveError(f"{url}: no answer ({_reason(error)}); {REMEDY}") from error
    if response.status_code not in (requests.codes.ok, requests.codes.partial_content):
        response.close()
        status = f"{response.status_code} {response.reason}"
        raise ArchiveError(f"{url}: the answer is {status}, not the file; {REMEDY}")
    return response


def _reason(error: Exception) -> str:
    cause = error.args[0] if error.args else error
    return str(getattr(cause, "reason", cause))
