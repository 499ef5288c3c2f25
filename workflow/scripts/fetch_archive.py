"""Fetch one published archive, or find that it is there, and link to it."""

import logging
from collections.abc import Mapping
from pathlib import Path

from _step import step

from weakseg.download import check_room, fetch, open_session
from weakseg.files import replacing
from weakseg.published import read_list

log = logging.getLogger(__name__)


def fetch_archive(
    listed: str, name: str, directories: Mapping[str, str], host: str, output: str
) -> None:
    archives = read_list(Path(listed))
    places = {role: Path(path) for role, path in directories.items()}
    check_room(archives, places)  # anew: it may be another day and another run
    archive = next(archive for archive in archives if archive.file == name)
    with open_session() as session:
        path = fetch(archive, places[archive.role], session, host, log.info)
    # Snakemake removes the output of a rule before it runs: it may do so with a link
    with replacing(output) as temporary:
        temporary.symlink_to(path.resolve())


if __name__ == "__main__":
    with step(snakemake.log[0]):
        fetch_archive(
            listed=snakemake.input.listed,
            name=Path(snakemake.output.archive).name,
            directories=snakemake.params.directories,
            host=snakemake.params.host,
            output=snakemake.output.archive,
        )
