"""The files of a data set, read in place: members of zip archives, or files in a directory.

Conventions
-----------
- Nothing is unpacked to disk; a member is decompressed only as far as it is read.
- `archive` is an archive's file name and `member` the path inside it; for a file in a directory
  `archive` is empty and `member` is relative to the directory; one that lies elsewhere keeps its
  path.
- `version` changes when the content does: the zip member's CRC-32, or the file's time of change.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any

from weakseg.audio import AudioError, Waveform, pass_on_shortage, read_mono
from weakseg.prefetch import prefetch
from weakseg.zip_member import inflated

READ_WHOLE_BYTES = 64_000_000  # larger members are read only as far as needed, without their CRC
MOST_EXPANSION = 200  # times its packed size: such a large member is digital silence, or a zip bomb
HEAD_BYTES = 65_536  # enough to tell what a table is
HEADER_BYTES = 512  # more than lie between a member's place and its data
UNREADABLE = (AudioError, OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)


class DataError(ValueError):
    """A data set that cannot be used; the message is one line with the file and the remedy."""

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))  # a name may hold line breaks


@dataclass(frozen=True)
class Member:
    """A file in an archive (`archive` is its name), or in a directory (`archive` is empty)."""

    archive: str
    member: str
    version: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.member).name

    @property
    def leads_out(self) -> bool:
        """Whether the path of an archive's member, if it were unpacked, would lie elsewhere."""
        path = PurePosixPath(self.member.replace("\\", "/"))
        return bool(self.archive) and (path.is_absolute() or ".." in path.parts)


class Collection(AbstractContextManager["Collection"]):
    """The files of a data set, read in place.

    files: zip archives, of which each member counts, and single files, as a path says; `directory`:
    what the paths of single files are relative to.
    """

    def __init__(self, files: Sequence[Path], directory: Path):
        self._stack = ExitStack()
        self._directory = directory
        zips = sorted(path for path in files if path.suffix.lower() == ".zip")
        self._paths = {path.name: path for path in zips}
        self._archives = {path.name: self._open_zip(path) for path in zips}
        self.members = [
            m for name, archive in self._archives.items() for m in _zip_members(name, archive)
        ]
        self.members += [_file_member(path, directory) for path in sorted(set(files) - set(zips))]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _open_zip(self, path: Path) -> zipfile.ZipFile:
        try:
            return self._stack.enter_context(zipfile.ZipFile(path))
        except Exception as error:  # zipfile names no set of errors for a file of any content
            pass_on_shortage(error)
            raise DataError(
                f"{path}: not a readable zip archive ({error}); fetch or make it again"
            ) from error

    @contextmanager
    def open(self, archive: str, member: str) -> Iterator[IO[bytes]]:
        """The member as a seekable binary file, decompressed only as far as it is read.

        Raises AudioError if it is not there, or, at the end, if what was read is damaged.
        """
        if not archive:
            with (self._directory / member).open("rb") as file:
                yield file
            return
        info = self._find(archive, member)
        try:
            lazy = LazyMember(self._archives[archive].open(info), info.file_size)
        except Exception as error:  # as when the archive is opened
            pass_on_shortage(error)
            raise AudioError(f"damaged in its archive ({error})") from error
        try:
            with io.BufferedReader(lazy) as reader:
                yield reader
        except AudioError:
            if lazy.damage is None:
                raise
        if lazy.damage:
            pass_on_shortage(lazy.damage)
            raise AudioError(f"damaged in its archive ({lazy.damage})")

    def prefetch(self, archive: str, member: str) -> None:
        """Have the system read a member that will soon be asked for, if it is there."""
        if not archive:
            prefetch(self._directory / member)
            return
        with suppress(KeyError):
            info = self._archives[archive].getinfo(member)
            prefetch(self._paths[archive], info.header_offset, HEADER_BYTES + info.compress_size)

    def _find(self, archive: str, member: str) -> zipfile.ZipInfo:
        """A member that may be read."""
        try:
            info = self._archives[archive].getinfo(member)
        except KeyError as error:
            raise AudioError(f"{archive} holds no {member}") from error
        _require_readable(info)
        return info

    def _inflated(self, archive: str, member: str) -> bytes | None:
        """A whole member, the fast way; None where that is none."""
        if not archive:
            return None
        info = self._find(archive, member)
        small = info.file_size <= READ_WHOLE_BYTES
        return inflated(self._paths[archive], info) if small else None

    def read_mono(
        self, archive: str, member: str, sample_rate: int, seconds: float | None = None
    ) -> Waveform:
        """A recording as `audio.read_mono` gives it; errors name the archive and the member."""
        try:
            data = self._inflated(archive, member)
            if data is not None:
                return read_mono(io.BytesIO(data), sample_rate, seconds)
            with self.open(archive, member) as file:
                size = file.seek(0, io.SEEK_END)
                file.seek(0)
                source = io.BytesIO(file.read()) if size <= READ_WHOLE_BYTES else file
                return read_mono(source, sample_rate, seconds)
        except UNREADABLE as error:
            where = archive or self._directory
            raise DataError(f"{where}: {member}: {error}; exclude or replace it") from error

    def named(self, path: str) -> str:
        """The `member` of the file that a path, as seen from the directory, leads to."""
        return _relative(self._directory / path, self._directory)

    def read_text(self, member: Member) -> str:
        """A table.  DataError if it cannot be read, is no text, or is larger than any table."""
        data = self._read(member, READ_WHOLE_BYTES + 1)
        if len(data) > READ_WHOLE_BYTES:
            limit = READ_WHOLE_BYTES // 1_000_000
            raise self._table_error(
                member, f"larger than {limit} MB, which no list of recordings is"
            )
        return self._as_text(member, data)

    def first_line(self, member: Member) -> str:
        """A table's first line, empty if there is none; errors as in `read_text`."""
        lines = self._read(member, HEAD_BYTES).splitlines()
        return self._as_text(member, lines[0]) if lines and len(lines[0]) < HEAD_BYTES else ""

    def head(self, member: Member) -> str:
        """The first part of a table, with a mark in place of what is not UTF-8."""
        return self._read(member, HEAD_BYTES).decode("utf-8-sig", "replace")

    def _read(self, member: Member, most_bytes: int) -> bytes:
        try:
            with self.open(member.archive, member.member) as file:
                size = file.seek(0, io.SEEK_END)
                file.seek(0)
                return file.read(min(size, most_bytes))
        except UNREADABLE as error:
            raise self._table_error(member, str(error)) from error

    def _as_text(self, member: Member, data: bytes) -> str:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self._table_error(member, f"not UTF-8 text ({error.reason})") from error

    def _table_error(self, member: Member, why: str) -> DataError:
        where = f"{member.archive}: {member.member}" if member.archive else member.member
        return DataError(f"{where}: {why}; save it as CSV UTF-8, or leave it out")


class LazyMember(io.RawIOBase):
    """A zip member that can be sought in without decompressing what is not read.

    Audio readers first seek to the end to learn the length; zipfile would decompress all for that.
    A damaged stream ends where the damage is, and `damage` says what it was: audio readers, which
    are C, print exceptions and go on.
    """

    def __init__(self, stream: IO[bytes], size: int):
        self._stream, self._size = stream, size
        self._at = 0  # where the reader believes to be; the stream follows when it reads
        self.damage: Exception | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        try:
            if self._at != self._stream.tell():
                self._stream.seek(self._at)
            data = self._stream.read(len(buffer))
        except Exception as error:  # each way of packing has errors of its own
            self.damage, data = error, b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def readall(self) -> bytes:
        """The rest at once: the way of the base class, in small pieces, takes twice as long."""
        rest = bytearray(max(0, self._size - self._at))
        read, view = 0, memoryview(rest)
        while count := self.readinto(view[read:]):
            read += count
        return bytes(view[:read])

    def close(self) -> None:
        self._stream.close()
        super().close()


def _require_readable(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 1:
        raise AudioError("encrypted")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise AudioError("a link, which is not followed")
    most = max(READ_WHOLE_BYTES, MOST_EXPANSION * info.compress_size)
    if info.file_size > most:
        raise AudioError(
            f"{info.compress_size} bytes that would become {info.file_size}: a zip bomb"
        )


def _zip_members(name: str, archive: zipfile.ZipFile) -> list[Member]:
    # ZipInfo.is_dir() fails where the name is empty
    files = [info for info in archive.infolist() if not info.filename.endswith("/")]
    return [Member(name, info.filename, f"{info.CRC:08x}") for info in files]


def _file_member(path: Path, directory: Path) -> Member:
    return Member("", _relative(path, directory), str(path.stat().st_mtime_ns))


def _relative(path: Path, directory: Path) -> str:
    return (path.relative_to(directory) if path.is_relative_to(directory) else path).as_posix()
