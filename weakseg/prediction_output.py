"""What is said of a recording of one's own, and its files.

Conventions
-----------
- Tables are CSV with a header, but for `events.tsv`, which has the DCASE columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import soundfile
import yaml
from numpy.typing import NDArray

from weakseg import detection
from weakseg.audio_paths import as_text
from weakseg.excerpt import Excerpt
from weakseg.figures.clip_data import ClipData
from weakseg.files import replacing, writing
from weakseg.stem_stream import Stems

COLUMNS = [
    "file", "path", "usable", "why_not", "seconds", "sample_rate", "channels", "events", "found",
]  # fmt: skip


@dataclass(frozen=True)
class FilePrediction:
    """What a model says of one file, at a size that does not grow with the file's.

    name: of the file, and the path it was read from; folder: where its files are; seconds;
    sample_rate (Hz) and channels of the file; probabilities (classes,); found: indices of the
    classes above their thresholds, the most probable first; events: a table with the DCASE columns,
    seconds; stems: the FLAC of each found class, by its index, and residual, None where nothing was
    separated; overview: all of the recording, with frames merged to columns; excerpt: half a minute
    at full resolution.
    """

    name: str
    path: Path
    folder: Path
    seconds: float
    sample_rate: int
    channels: int
    probabilities: NDArray[np.float32]
    found: list[int]
    events: pd.DataFrame
    stems: dict[int, Path]
    residual: Path | None
    overview: ClipData
    excerpt: Excerpt


def row_of(predicted: FilePrediction, classes: Sequence[str]) -> dict[str, Any]:
    """The file's row of the table of all files."""
    probabilities = zip(map(_column, classes), predicted.probabilities, strict=True)
    return {
        "file": predicted.name,
        "path": as_text(predicted.path),
        "usable": True,
        "why_not": "",
        "seconds": predicted.seconds,
        "sample_rate": predicted.sample_rate,
        "channels": predicted.channels,
        "events": len(predicted.events),
        "found": "; ".join(classes[index] for index in predicted.found),
    } | dict(probabilities)


def write_table(path: Path, rows: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> None:
    """The table of all files, of rows by `row_of`, or with the first four columns alone."""
    table = pd.DataFrame(rows, columns=[*COLUMNS, *map(_column, classes)])
    whole = dict.fromkeys(("sample_rate", "channels", "events"), "Int64")
    with replacing(path) as temporary:
        table.astype(whole).to_csv(temporary, index=False, float_format="%.4f")


def described(path: Path) -> dict[str, str]:
    """A file's path and SHA-256, for `write_how`."""
    with path.open("rb") as file:
        return {"path": as_text(path), "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def write_how(path: Path, how: Mapping[str, Any]) -> None:
    """What predictions were made by and with, as YAML."""
    with replacing(path) as temporary:
        text = yaml.safe_dump(dict(how), sort_keys=False, allow_unicode=True)
        temporary.write_text(text, encoding="utf-8")


def write_streams(paths: Sequence[Path], sample_rate: int, parts: Iterable[Stems]) -> None:
    """Write each row of the parts' whole numbers as a FLAC of 16 bits; all appear at the end."""
    with ExitStack() as stack:
        files = []
        for path in paths:
            opened = stack.enter_context(writing(path))
            files.append(stack.enter_context(_new_flac(opened, sample_rate)))
        for part in parts:
            for file, samples in zip(files, part.pcm16, strict=True):
                file.write(samples)


def _new_flac(file: IO[bytes], sample_rate: int) -> soundfile.SoundFile:
    return soundfile.SoundFile(file, "w", sample_rate, 1, "PCM_16", format="FLAC")


def _column(label: str) -> str:
    return f"probability of {label}"


def write_tags(path: Path, classes: Sequence[str], probabilities: NDArray[np.float32]) -> None:
    """Every class with its probability, the most probable first."""
    table = pd.DataFrame({"class": classes, "probability": probabilities})
    table = table.sort_values("probability", ascending=False, kind="stable")
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f")


def write_events(folder: Path, events: pd.DataFrame) -> None:
    """`events.tsv`, and `labels.txt`, a label track of Audacity."""
    detection.write_events(folder / "events.tsv", events)
    lines = (
        f"{onset:.6f}\t{offset:.6f}\t{' '.join(label.split())}\n"
        for onset, offset, label in zip(
            events["onset"], events["offset"], events["event_label"], strict=True
        )
    )
    with replacing(folder / "labels.txt") as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")
