"""The recordings of one's own that a model is used on: found when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from weakseg.audio_paths import Listed, ListingError, list_audio, passed_over
from weakseg.foreseen import message_of

ASK = (
    "predict.audio: null is no recording; give one, or a folder of them: "
    "snakemake --cores 2 predict --config 'predict={audio: FILE_OR_DIR}'"
)


def own_audio_or_stop(predict: Mapping[str, Any], results: str) -> list[Listed]:
    """The recordings of `predict.audio`, but for those among the results; without any the program
    ends with one line and status 1."""
    audio = predict["audio"]
    if audio is None:
        raise SystemExit(f"configuration: {ASK}")
    try:
        return _listed(_given(audio), results)
    except ListingError as error:
        raise SystemExit(f"configuration: predict.audio: {error}") from None
    except OSError as error:
        raise SystemExit(f"configuration: predict.audio: {message_of(error)}") from None


def passed_over_line(predict: Mapping[str, Any], results: str) -> list[str]:
    """What to tell of files beside these recordings that are not read, if there are any."""
    try:
        said = passed_over(_given(predict["audio"]), but_not_in=Path(results))
    except OSError:  # since they were listed
        return []
    return [f"warning: predict.audio: {said}"] if said else []


def own_paths(predict: Mapping[str, Any], results: str) -> list[Path]:
    """The same recordings' paths; none where `own_audio_or_stop` would end the program."""
    try:
        return [file.path for file in own_audio_or_stop(predict, results)]
    except SystemExit:
        return []


def file_or_stop(key: str, path: str) -> str:
    """The path of a file that `predict.KEY` names, which is there, or the program ends likewise."""
    try:
        is_there = Path(path).is_file()
    except OSError as error:
        raise SystemExit(f"configuration: predict.{key}: {message_of(error)}") from None
    if not is_there:
        raise SystemExit(f"configuration: predict.{key}: {path}: no such file; give its path")
    return path


def version_of(path: Path) -> str:
    """A text that changes when the file does: its length and its time of change."""
    status = path.stat()
    return f"{status.st_size} bytes, {status.st_mtime_ns} ns"


def _given(audio: str | Sequence[str]) -> tuple[str, ...]:
    return (audio,) if isinstance(audio, str) else tuple(audio)


@cache  # Snakemake asks several times
def _listed(audio: tuple[str, ...], results: str) -> list[Listed]:
    return list_audio(audio, but_not_in=Path(results))
