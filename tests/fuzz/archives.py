"""Zip archives of recordings and of their tables, changed in every part."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import soundfile

from tests.fuzz.mutations import bytes_changed, text_changed
from tests.fuzz.trials import Target
from weakseg.collection import Collection, DataError
from weakseg.listing import ListError
from weakseg.recordings import list_events, list_scenes

Archive = tuple[str, bytes]
"""The role of a set, and the bytes of its archive."""
Members = list[tuple[str, bytes]]

RATE = 8000
EVENTS = (
    "fname,label,manually_verified,freesound_id\n"
    "a.wav,Bark,1,11\nb.flac,Knock,0,12\nc.ogg,Bark,1,13\n"
)
SCENES = (
    "filename\tscene_label\tidentifier\tsource_label\n"
    "audio/a.wav\tpark\tparis\ta\naudio/b.flac\ttram\twien\ta\n"
)
LIST = "file;label;source\nx/a.wav;Bark;one\nx/b.flac;Knock / knock;two\n"
WORDS = [
    "", "0", "1", "2", "-1", "true", "no", "nan", "NA", "1e999", "a.wav", "../a.wav", "/a.wav",
    "x/../a.wav", "a.wav/", ".", "..", "a" * 300, '"', '"a\nb"', "a,b", "\ufeff", "Bark", "bark ",
    "$(touch x)", "<b>", "音", "\x00", "fname", "file", "label", "source", "manually_verified",
    "filename", "scene_label", "\t", ";", "\r\n", "\r", "\u2028", "'", "=1+1", "C:\\a.wav",
]  # fmt: skip
FORMATS = {
    "a.wav": ("WAV", "PCM_16"), "b.flac": ("FLAC", "PCM_16"), "c.ogg": ("OGG", "VORBIS"),
    "d.wav": ("WAV", "FLOAT"), "e.aiff": ("AIFF", "PCM_24"), "f.au": ("AU", "ULAW"),
    "g.w64": ("W64", "PCM_16"), "h.mp3": ("MP3", "MPEG_LAYER_III"), "i.caf": ("CAF", "ALAC_16"),
    "j.wav": ("WAV", "MS_ADPCM"), "k.wav": ("WAV", "PCM_U8"), "l.opus": ("OGG", "OPUS"),
    "m.voc": ("VOC", "PCM_16"), "n.rf64": ("RF64", "PCM_16"), "o.wav": ("WAVEX", "DOUBLE"),
}  # fmt: skip


@cache
def sound(name: str) -> bytes:
    """A short sound in the format of `FORMATS`."""
    kind, subtype = FORMATS[name]
    samples = np.random.default_rng(1).uniform(-0.3, 0.3, 480)
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format=kind, subtype=subtype)
    return _alike(buffer.getvalue())


def _alike(data: bytes) -> bytes:
    """The same bytes each time: no time in a PEAK chunk, and 1 for Ogg's random serial number."""
    at, changed = data.find(b"PEAK"), bytearray(data)
    if at >= 0:
        changed[at + 12 : at + 16] = bytes(4)
    page = 0
    while data[page : page + 4] == b"OggS":
        n_segments = data[page + 26]
        end = page + 27 + n_segments + sum(data[page + 27 : page + 27 + n_segments])
        changed[page + 14 : page + 18] = struct.pack("<I", 1)
        changed[page + 22 : page + 26] = bytes(4)
        changed[page + 22 : page + 26] = struct.pack("<I", _ogg_checksum(changed[page:end]))
        page = end
    return bytes(changed)


def _ogg_checksum(page: bytes) -> int:
    """CRC-32 of the polynomial 0x04c11db7, high bits first, from 0 (RFC 3533)."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x104C11DB7 if value & 0x80000000 else 0)
    return value


def packed(members: Members, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of the members, whose names may be anything, also twice the same."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            archive.writestr(info, data)
    return buffer.getvalue()


def members_of(kind: int) -> tuple[str, Members]:
    """The role and the members of one of five archives without a fault."""
    audio = {name: sound(name) for name in ("a.wav", "b.flac", "c.ogg")}
    if kind == 0:
        return "events", [("meta/train.csv", EVENTS.encode()), *_in("audio/", audio)]
    if kind == 1:
        return "scenes", [("set/meta.csv", SCENES.encode()), *_in("set/audio/", audio)]
    if kind == 2:
        return "events", [("my.csv", LIST.encode()), *_in("x/", audio)]
    if kind == 3:
        return "events", _in("Bark/", audio)
    return "scenes", _in("", audio)


def _in(folder: str, audio: dict[str, bytes]) -> Members:
    return [(folder + name, data) for name, data in audio.items()]


def make(rng: Random) -> Archive:
    """An archive with faults of one of four kinds: of bytes, of sounds, of its table, of names."""
    role, members = members_of(rng.randrange(5))
    compression = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
    kind = rng.random()
    if kind < 0.25:
        members = [_other_sound(name, data, rng) for name, data in members]
    elif kind < 0.5:
        members = [_other_table(name, data, rng) for name, data in members]
    elif kind < 0.65:
        members = [_other_name(name, data, rng) for name, data in members]
        members += rng.choices(members, k=rng.randrange(2))
    data = packed(members, compression)
    if kind >= 0.65 or rng.random() < 0.1:
        data = bytes_changed(data, rng)
    if kind >= 0.9:
        data = _with_sizes(data, rng)
    return role, data


def _other_sound(name: str, data: bytes, rng: Random) -> tuple[str, bytes]:
    if name.endswith(".csv") or rng.random() < 0.3:
        return name, data
    folder = name.rpartition("/")[0]
    other = rng.choice(list(FORMATS))
    data = sound(other)
    head = min(len(data), 64 if rng.random() < 0.7 else len(data))
    changed = bytes_changed(data[:head], rng) + data[head:]
    return f"{folder}/{other}".lstrip("/") if rng.random() < 0.3 else name, changed


def _other_table(name: str, data: bytes, rng: Random) -> tuple[str, bytes]:
    if not name.endswith(".csv"):
        return name, data
    text = text_changed(data.decode(), rng, WORDS)
    coding = rng.choice(("utf-8",) * 6 + ("utf-16", "utf-8-sig", "latin-1"))
    changed = text.encode(coding, "replace")
    return name, bytes_changed(changed, rng, 1) if rng.random() < 0.2 else changed


def _other_name(name: str, data: bytes, rng: Random) -> tuple[str, bytes]:
    word = rng.choice(
        [*WORDS, "../../" + name, "/etc/" + name, name + "/", name.upper(), "./" + name]
    )
    folder, _, last = name.rpartition("/")
    return rng.choice((word or "x", f"{folder}/{word}", f"{word}/{last}", name)), data


def _with_sizes(data: bytes, rng: Random) -> bytes:
    """A size or an offset in the central directory that is an edge value."""
    changed = bytearray(data)
    at = data.rfind(b"PK\x01\x02")
    if at >= 0 and at + 46 <= len(data):
        field = rng.choice((20, 24, 42, 16))
        struct.pack_into("<I", changed, at + field, rng.choice((0, 1, 2**31, 2**32 - 2, 10**9)))
    return bytes(changed)


def read(archive: Archive, folder: Path) -> str:
    """The index of the archive, and each recording in it that is said to be usable."""
    role, data = archive
    path = folder / "a.zip"
    path.write_bytes(data)
    with naming_something(data), Collection([path], folder) as files:
        index = (list_scenes if role == "scenes" else list_events)(files)
        assert not index.why_not.str.contains("\n").any(), "a reason has several lines"
        assert np.isfinite(index.seconds).all(), "seconds are not finite"
        usable, refused = index[index.usable], 0
        for row in usable.itertuples():
            try:
                audio = files.read_mono(row.archive, row.member, RATE, 1.0)
            except DataError as error:
                assert len(str(error).splitlines()) == 1, "an error has several lines"
                refused += 1
            else:
                assert np.isfinite(audio).all(), "a waveform is not finite"
    return f"{len(usable) - refused} read" if len(usable) else "none usable"


@contextmanager
def naming_something(data: bytes) -> Iterator[None]:
    """An error must say in which file it is."""
    try:
        yield
    except (DataError, ListError) as error:
        names = ["a.zip"]
        with suppress(Exception), zipfile.ZipFile(io.BytesIO(data)) as archive:
            names += [info.filename for info in archive.infolist() if info.filename]
        assert any(" ".join(name.split()) in " ".join(str(error).split()) for name in names), (
            f"names no file: {error}"
        )
        raise


def bytes_of(archive: Archive) -> bytes:
    """As it is kept: the role in the first line."""
    role, data = archive
    return role.encode() + b"\n" + data


def of_bytes(data: bytes) -> Archive:
    """The archive of `bytes_of`."""
    role, _, rest = data.partition(b"\n")
    return role.decode("utf-8", "replace"), rest


ARCHIVES = Target("archives", make, read, (DataError, ListError), bytes_of, of_bytes)
