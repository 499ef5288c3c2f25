"""Some thousand inputs in each run, a hundred thousand of each kind in `make soak`; old finds."""

from __future__ import annotations

import io
import os
import signal
import struct
import time
import zipfile
from pathlib import Path

import pytest

from tests.fuzz import TARGETS
from tests.fuzz.archives import EVENTS, members_of, packed
from tests.fuzz.trials import SECONDS, input_of, run, smallest

INPUTS, SOAK_INPUTS = 300, 100_000
SMALL = packed([("train.csv", EVENTS.encode()), ("a.wav", b"RIFF")], zipfile.ZIP_STORED)


@pytest.mark.parametrize(
    "n_inputs", [INPUTS, pytest.param(SOAK_INPUTS, marks=pytest.mark.soak)], ids=["some", "many"]
)
@pytest.mark.parametrize("name", TARGETS)
def test_any_input_is_read_or_refused_in_one_line(name, n_inputs):
    outcomes, finds = run(TARGETS[name], 1, range(n_inputs))
    assert not finds
    assert sum(outcomes.values()) == n_inputs and len(outcomes) >= 2
    assert outcomes["accepted"] or outcomes["1 read"]


def test_an_input_is_a_function_of_seed_and_number():
    for target in TARGETS.values():
        first = [target.bytes_of(input_of(target, 7, number)) for number in range(20)]
        assert first == [target.bytes_of(input_of(target, 7, number)) for number in range(20)]
        assert len({*first}) > 10
        other = [target.bytes_of(input_of(target, 8, number)) for number in range(20)]
        assert first != other


def test_what_goes_wrong_is_a_find_and_is_made_smaller(tmp_path):
    """A reader with six faults, of which one ends its process."""

    def read(data: bytes, folder: Path) -> str:
        if b"crash" in data:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"slow" in data:
            begin = time.process_time()
            while time.process_time() < begin + SECONDS + 0.1:
                pass
        if b"large" in data:
            bytearray(2_000_000_000)
        if b"write" in data:
            (tmp_path / "outside").write_text("x")
        if b"lines" in data:
            raise TwoLinesError("one\nother")
        if b"odd" in data:
            raise KeyError("odd")
        return "accepted"

    target = TARGETS["plans"]._replace(read=read, refusals=(TwoLinesError,))
    expected = {
        b"all is well": None,
        b"a crash": "died: status 9",
        b"so slow": "slow: ",
        b"a large one": "MemoryError",
        b"to write": "forbidden: open",
        b"two lines": "TwoLinesError",
        b"an odd one": "KeyError",
    }
    for text, what in expected.items():
        outcomes, finds = run(target._replace(make=lambda rng, text=text: text), 0, range(1))
        assert [find.what.startswith(what) for find in finds] == ([True] if what else [])
        assert what or outcomes["accepted"] == 1
    assert smallest(target, b"an odd one", "KeyError in ?: 'odd'") == b"odd"


class TwoLinesError(ValueError):
    """A refusal whose message has a line break."""


def field(data: bytes, signature: bytes, offset: int, value: int, size: int = 2) -> bytes:
    """A zip archive with another value in a field of its first record of this signature."""
    at = data.index(signature) + offset
    return data[:at] + struct.pack("<Q", value)[:size] + data[at + size :]


LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
FINDS = {
    # each was, when it was found, another exception than the package's own
    "a table whose CRC is wrong": field(SMALL, CENTRAL, 16, 1, 4),
    "a table that begins elsewhere": field(SMALL, CENTRAL, 42, 7, 4),
    "a table before the beginning": field(SMALL, CENTRAL, 42, 2**32 - 2, 4),
    "a table packed in an unknown way": field(field(SMALL, CENTRAL, 10, 77), LOCAL, 8, 77),
    "a table of four thousand million bytes": field(SMALL, CENTRAL, 24, 2**32 - 2, 4),
    "a version of the future": field(SMALL, CENTRAL, 6, 186),
    "a table that is encrypted": field(field(SMALL, CENTRAL, 8, 1), LOCAL, 6, 1),
    "a quote that stays open": packed([("train.csv", b'fname,label\n"a.wav,Bark\n')]),
    "a cell of two lines": packed(
        [("train.csv", EVENTS.replace("1,11", '"o\nk",11').encode()), ("a.wav", b"RIFF")]
    ),
    "two tables, with a line break in their folder": packed(
        [("\r/train.csv", EVENTS.encode()), ("\r/train.csv", EVENTS.encode())]
    ),
    "UTF-16": packed([("train.csv", EVENTS.encode("utf-16"))]),
}


def without_a_name() -> bytes:
    """An archive whose second member has an empty name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("train.csv", EVENTS)
        archive.writestr(zipfile.ZipInfo(""), b"x")
    return buffer.getvalue()


FINDS["a member without a name"] = without_a_name()


@pytest.mark.parametrize("data", FINDS.values(), ids=FINDS)
def test_an_archive_that_was_a_find_is_read_or_refused(data):
    assert len(data) < 2000
    target = TARGETS["archives"]
    finds = run(target._replace(make=lambda rng: ("events", data)), 0, range(1))[1]
    assert not finds


def test_absurd_samples_are_refused():
    """AU of 64-bit floats as bytes have it by chance: finite, but no sum of squares is."""
    header = struct.pack(">4s5I", b".snd", 24, 240, 7, 8000, 1)
    audio = header + struct.pack(">30d", *[(-1.0) ** i * 10.0 ** (10 * i) for i in range(30)])
    data = packed([("Bark/a.wav", audio), *members_of(3)[1][1:2]])
    target = TARGETS["archives"]
    finds = run(target._replace(make=lambda rng: ("events", data)), 0, range(1))[1]
    assert not finds


TEXTS = {
    "thresholds": [b"2018-13-45", b"classes: !!timestamp x", b"[" * 3000, b"{a: &x [*x]}", b"\xff"],
    "plans": [b"2018-13-45", b"- !!timestamp x", b"[" * 3000, b"- {}", b"null", b"- &a [*a]"],
    "configurations": [b"grid: {snr_db: [.nan]}", b"experiment: {a: 1}", b"models: {a: *b}", b"{"],
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_was_a_find_is_read_or_refused(name):
    for text in TEXTS[name]:
        target = TARGETS[name]._replace(make=lambda rng, text=text: text)
        assert not run(target, 0, range(1))[1], text
