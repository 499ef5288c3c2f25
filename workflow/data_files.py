"""The files of a data set: those that its owner keeps, found when the workflow starts, and those
that are published, known before they are fetched."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from unicodedata import category

from weakseg.audio_paths import walk
from weakseg.foreseen import message_of
from weakseg.listing import ListError, read_listed
from weakseg.names import is_audio
from weakseg.published import DCASE2018, ROLES, Archive, ArchiveError, read_list
from workflow.consistency import Configuration, ConfigurationError

TABLES = (".csv", ".tsv")
SPECIAL = frozenset("{}<>")


def files_of_set(role: str, directory: str | None, source: str) -> list[str]:
    """Paths of a set's recordings and tables (source `folders`), else of its archives and tables.

    role: `scenes` or `events`; directory: or, of `folders`, a list (`weakseg.listing`).
    Raises ConfigurationError if nothing is found.
    """
    if directory is None:
        raise ConfigurationError(
            f"data.{role}: null is not a directory; give the one that holds the {role}"
        )
    root = Path(directory)
    if is_list(directory, source):
        return _without_special(role, files_of_list(role, root))
    if not root.is_dir():
        raise ConfigurationError(
            f"data.{role}: {directory} is not a directory; give the one that holds the {role}"
        )
    extracted = source == "folders"
    found = _without_special(
        role,
        sorted(
            str(path)
            for path in (_below(root) if extracted else root.iterdir())
            if path.is_file() and not path.name.startswith(".") and _is_wanted(path, extracted)
        ),
    )
    if not any(is_audio(path) if extracted else path.lower().endswith(".zip") for path in found):
        wanted = "recording" if extracted else "zip archive"
        raise ConfigurationError(
            f"data.{role}: {directory} holds no {wanted}; give the directory that does, "
            f"or set data.source to {'archives' if extracted else 'folders'}"
        )
    return found


def _below(root: Path) -> Iterator[Path]:
    return (Path(folder, name) for folder, _, names in walk(root) for name in names)


def files_of_list(role: str, path: Path) -> list[str]:
    """A list, and of the recordings that it names those that are there."""
    try:
        rows = read_listed(path, role)
    except ListError as error:
        raise ConfigurationError(f"data.{role}: {error}") from None
    listed = [path.parent / file for file in dict.fromkeys(row["file"] for row in rows)]
    there = [str(file) for file in listed if _is_there(file)]
    if not there:
        raise ConfigurationError(
            f"data.{role}: no file that {path} lists is there, the first is {listed[0]}; "
            "correct the paths, which are relative to the folder of the list"
        )
    return [str(path), *there]


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:  # no file has such a name
            raise
        return False


def is_list(path: str | None, source: str) -> bool:
    """Whether what `data.scenes` or `data.events` names is a list of recordings."""
    return source == "folders" and path is not None and path.lower().endswith(TABLES)


def folder_of_set(path: str | None, source: str) -> str | None:
    """What the paths of a set's recordings are relative to: the directory, or that of the list."""
    return str(Path(path).parent) if path and is_list(path, source) else path


def _without_special(role: str, paths: list[str]) -> list[str]:
    """The paths, if Snakemake takes each for what it is."""
    for path in paths:
        if not SPECIAL.isdisjoint(path):
            raise ConfigurationError(
                f"data.{role}: {path} has one of {{}}<> in its path, which mean something to "
                "Snakemake; rename it (a label in a CSV may have them)"
            )
        if any(category(letter) in ("Cc", "Cs") for letter in path):
            raise ConfigurationError(
                f"data.{role}: {path!r} has a line break, another control character or bytes that "
                "are not UTF-8 in its path; rename it"
            )
    return paths


def _is_wanted(path: Path, extracted: bool) -> bool:
    suffix = path.suffix.lower()
    return suffix in TABLES or (is_audio(path.name) if extracted else suffix == ".zip")


def both_sets(scenes: str | None, events: str | None, source: str) -> dict[str, list[str]]:
    """`files_of_set` of the scenes and of the events, by role.

    Raises ConfigurationError also if an extracted recording is in both: events would be scenes.
    """
    named = {"scenes": scenes, "events": events}
    sets = {role: files_of_set(role, directory, source) for role, directory in named.items()}
    if source == "folders":
        audio = {role: {Path(path).resolve() for path in sets[role]} for role in sets}
        both = sorted(audio["scenes"] & audio["events"])
        if both:
            raise ConfigurationError(
                f"data.scenes: {scenes} and data.events: {events} are not apart, both have "
                f"{both[0]}; give each set files of its own"
            )
    return sets


def both_sets_or_stop(scenes: str | None, events: str | None, source: str) -> dict[str, list[str]]:
    """`both_sets` for the Snakefile: an error ends the program with its one line, status 1."""
    try:
        return both_sets(scenes, events, source)
    except ConfigurationError as error:
        raise SystemExit(f"configuration: {error}") from None
    except OSError as error:
        raise SystemExit(f"configuration: data: {message_of(error)}") from None


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


def files_and_fetched(
    data: Configuration, results: str
) -> tuple[dict[str, list[str]], dict[str, int]]:
    """The files of each set by role, and bytes of what is fetched by path; of the demo, nothing.

    data: that part of a complete configuration.
    """
    if data["source"] == "demo":
        return {role: [] for role in ROLES}, {}
    if data["source"] != "dcase2018":
        return both_sets_or_stop(data["scenes"], data["events"], data["source"]), {}
    folders = download_directories(data["scenes"], data["events"], results)
    fetched = {
        role: {f"{folders[role]}/{one.file}": one.bytes for one in archives}
        for role, archives in published_or_stop(data["published"]).items()
    }
    return {role: list(fetched[role]) for role in ROLES}, {
        path: n_bytes for of_role in fetched.values() for path, n_bytes in of_role.items()
    }
