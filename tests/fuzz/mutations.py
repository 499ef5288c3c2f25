"""Small changes of bytes and of text, each a function of a random generator alone."""

from __future__ import annotations

import struct
from random import Random

EDGES = (0, 1, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
CHARACTERS = "\x00\t\n\r \"'#%&*,-./:;<=>?@[\\]`{|}~\x85\xa0\u2028\ufeffäß音\U0001f50a019eE+_"


def bytes_changed(data: bytes, rng: Random, times: int | None = None) -> bytes:
    """1 to 5 changes: flipped bits, edge values of whole fields, parts cut, doubled or moved."""
    changed = bytearray(data)
    for _ in range(times or rng.randint(1, 5)):
        if not changed:
            return b""
        at = _place(changed, rng)
        rng.choice((_flip, _flip, _flip, _field, _field, _overwrite, _cut, _double, _end))(
            changed, at, rng
        )
    return bytes(changed)


def _place(data: bytearray, rng: Random) -> int:
    """Anywhere, or among the fields of one of zip's records, where most of the meaning is."""
    if rng.random() < 0.6:
        records = [i for i in range(len(data) - 1) if data[i : i + 2] == b"PK"]
        if records:
            return min(rng.choice(records) + rng.randrange(46), len(data) - 1)
    return rng.randrange(len(data))


def _flip(data: bytearray, at: int, rng: Random) -> None:
    data[at] ^= 1 << rng.randrange(8)


def _field(data: bytearray, at: int, rng: Random) -> None:
    code, size = rng.choice((("<B", 1), ("<H", 2), ("<I", 4), ("<Q", 8)))
    value = rng.choice(EDGES) if rng.random() < 0.7 else rng.getrandbits(8 * size)
    data[at : at + size] = struct.pack(code, value % 256**size)


def _overwrite(data: bytearray, at: int, rng: Random) -> None:
    part = rng.randrange(1, 17)
    start = rng.randrange(len(data))
    data[at : at + part] = data[start : start + part]


def _cut(data: bytearray, at: int, rng: Random) -> None:
    del data[at : at + rng.randrange(1, 33)]


def _double(data: bytearray, at: int, rng: Random) -> None:
    part = data[at : at + rng.randrange(1, 65)]
    data[at:at] = part


def _end(data: bytearray, at: int, rng: Random) -> None:
    del data[at:]


def text_changed(text: str, rng: Random, words: list[str]) -> str:
    """1 to 4 changes of characters, of lines, or of a word that becomes another of `words`."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            text = text[:at] + rng.choice(CHARACTERS) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + rng.randrange(1, 9) :]
        elif kind == 2:
            text = text[:at] + rng.choice(words) + text[at:]
        elif kind == 3:
            text = _lines_changed(text, rng)
        else:
            text = _word_changed(text, rng, words)
    return text


def _lines_changed(text: str, rng: Random) -> str:
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(5)
    if kind == 0:
        del lines[one]
    elif kind == 1:
        lines.insert(other, lines[one])
    elif kind == 2:
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == 3:
        lines[one] = " " * rng.randrange(1, 5) + lines[one]
    else:
        lines[one] = lines[one].lstrip()
    return "".join(lines)


def _word_changed(text: str, rng: Random, words: list[str]) -> str:
    places = [i for i, c in enumerate(text) if c in " ,:[{\t\n;"]
    if not places:
        return text
    start = rng.choice(places) + 1
    end = start
    while end < len(text) and text[end] not in ",]}\n\t;":
        end += 1
    return text[:start] + " " * (text[start - 1] == ":") + rng.choice(words) + text[end:]
