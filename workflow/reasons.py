"""What Snakemake's reasons for a job hold: values before and now, and how two of them differ.

A reason about parameters ends with `before: VALUES now: VALUES`, values written as Python does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

CODE = re.compile(r"\S+=[0-9a-f]{12,}")
OLD_CODE = re.compile(r"[0-9a-f]{64}")  # of a version that did not list the files


def parameters(part: str) -> tuple[list[Any], list[Any]]:
    """The values before and now; a value that cannot be read is left out."""
    values = part.partition(" before: ")[2]
    for middle in re.finditer(" now: ", values):
        old, new = values[: middle.start()], values[middle.end() :]
        try:
            return _values(old), _values(new)
        except (ValueError, SyntaxError):
            continue
    return [], []


def _values(text: str) -> list[Any]:
    text = text.strip()
    if text == "<nothing exclusive>":
        return []
    return list(ast.literal_eval(f"[{text}]"))


def code_of(values: Sequence[Any]) -> dict[str, str] | None:
    """Path -> digest of the files of a rule's code, if it is among the values; see code_digest."""
    for value in values:
        if isinstance(value, str) and OLD_CODE.match(value):
            return {}
        if isinstance(value, str) and CODE.match(value):
            return dict(pair.rsplit("=", 1) for pair in value.split(" "))
    return None


def code_changes(rule: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Which files differ; a file that is used no more, or only now, follows from those."""
    if not old or not new:
        return [f"code of {rule} or of what it imports has changed"]
    edited = [path for path in new if path in old and old[path] != new[path]]
    if edited:
        return [f"code of {path} has changed" for path in edited]
    return [f"{rule} uses other files than {path}" for path in sorted(set(old) ^ set(new))]


def differences(
    old: Any, new: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """The leaves that differ, each with its path; None stands for one that is not there."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from differences(old.get(name), new.get(name), (*path, str(name)))
    elif old != new:
        yield path, old, new


def list_changes(key: str, old: Sequence[Any], new: Sequence[Any]) -> list[str]:
    """What is new in a list of the configuration, and what has left it."""
    before, now = ([_plain(value) for value in values] for values in (old, new))
    texts = [f"{key}: {value} is new" for value in now if value not in before]
    texts += [f"{key}: {value} is left out" for value in before if value not in now]
    return texts or ([f"{key}: in another order"] if before != now else [])


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
