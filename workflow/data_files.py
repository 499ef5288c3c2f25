"""The files of a data set: those that its owner keeps, found when the workflow starts, and those
that are published, known before they are fetched."""

from __future__ import annotations

from pathlib import Path

from weakseg.names import is_audio
from weakseg.published import DCASE2018, ROLES, Archive, ArchiveError, read_list
from workflow.consistency import ConfigurationError

TABLES = (".csv", ".tsv")
SPECIAL = frozenset("{}<>")


def files_of_set(role: str, directory: str | None, source: str) -> list[str]:
    """Paths of a set's recordings and tables (source `folders`), else of its archives and tables.

    role: `scenes` or `events`, for the message.  Raises ConfigurationError if nothing is found.
    """
    if directory is None:
        raise ConfigurationError(
            f"data.{role}: null is not a directory; give the one that holds the {role}"
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
    special = [path for path in found if not SPECIAL.isdisjoint(path)]
    if special:
        raise ConfigurationError(
            f"data.{role}: {special[0]} has one of {{}}<> in its path, which mean something to "
            "Snakemake; rename it (a label in a CSV may have them)"
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


def both_sets(scenes: str | None, events: str | None, source: str) -> dict[str, list[str]]:
    """`files_of_set` of the scenes and of the events, by role.

    Raises ConfigurationError also if one extracted set lies in the other: events would be scenes.
    """
    if source == "folders" and scenes is not None and events is not None:
        one, other = Path(scenes).resolve(), Path(events).resolve()
        if one.is_relative_to(other) or other.is_relative_to(one):
            raise ConfigurationError(
                f"data.scenes: {scenes} and data.events: {events} are not apart; "
                "give each set a directory of its own"
            )
    sets = {"scenes": scenes, "events": events}
    return {role: files_of_set(role, directory, source) for role, directory in sets.items()}


def both_sets_or_stop(scenes: str | None, events: str | None, source: str) -> dict[str, list[str]]:
    """`both_sets` for the Snakefile: an error ends the program with its one line, status 1."""
    try:
        return both_sets(scenes, events, source)
    except ConfigurationError as error:
        raise SystemExit(f"configuration: {error}") from None


def published_or_stop(path: str | None) -> dict[str, list[Archive]]:
    """The archives of the list at `path` (None: of DCASE 2018) by role, for the Snakefile."""
    try:
        archives = read_list(DCASE2018 if path is None else Path(path))
    except ArchiveError as error:
        raise SystemExit(f"configuration: data.published: {error}") from None
    return {role: [archive for archive in archives if archive.role == role] for role in ROLES}


def download_directories(scenes: str | None, events: str | None, results: str) -> dict[str, str]:
    """Where published archives are kept, by role: apart from the results, which people remove."""
    default = str(Path(results).parent / "data")
    return {"scenes": scenes or default, "events": events or default}
