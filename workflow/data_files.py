"""The files of a data set that its owner keeps: inputs of the workflow, found when it starts."""

from __future__ import annotations

from pathlib import Path

from weakseg.recordings import is_audio
from workflow.consistency import ConfigurationError

TABLES = (".csv", ".tsv")


def files_of_set(role: str, directory: str | None, source: str) -> list[str]:
    """Paths of a set's recordings and tables (source `folders`), else of its archives and tables.

    role: `scenes` or `events`, for the message.  Raises ConfigurationError if nothing is found.
    """
    if directory is None:
        raise ConfigurationError(
            f"data.{role}: null, and the published archives are not fetched yet; "
            f"fetch them by hand and give their directory"
        )
    root = Path(directory)
    if not root.is_dir():
        raise ConfigurationError(
            f"data.{role}: {directory} is not a directory; give the one that holds the {role}"
        )
    extracted = source == "folders"
    found = sorted(
        str(path)
        for path in (root.rglob("*") if extracted else root.iterdir())
        if path.is_file() and not path.name.startswith(".") and _is_wanted(path, extracted)
    )
    if not any(is_audio(path) if extracted else path.lower().endswith(".zip") for path in found):
        wanted = "recording" if extracted else "zip archive"
        raise ConfigurationError(
            f"data.{role}: {directory} holds no {wanted}; give the directory that does, "
            f"or set data.source to {'archives' if extracted else 'folders'}"
        )
    return found


def _is_wanted(path: Path, extracted: bool) -> bool:
    suffix = path.suffix.lower()
    return suffix in TABLES or (is_audio(path.name) if extracted else suffix == ".zip")


def files_or_stop(role: str, directory: str | None, source: str) -> list[str]:
    """`files_of_set` for the Snakefile: an error ends the program with its line and status 1."""
    try:
        return files_of_set(role, directory, source)
    except ConfigurationError as error:
        raise SystemExit(f"configuration: {error}") from None
