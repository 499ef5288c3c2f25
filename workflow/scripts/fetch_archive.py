"""Fetch one published archive, or find that it is there and right."""

import logging
from collections.abc import Mapping
from pathlib import Path

from _step import step

from weakseg.download import check_room, fetch, open_session
from weakseg.files import replacing
from weakseg.published import read_list

log = logging.getLogger(__name__)


def fetch_archive(
    listed: str, file: str, directories: Mapping[str, str], host: str, output: str
) -> None:
    archives = read_list(Path(listed))
    places = {role: Path(directory) for role, directory in directories.items()}
    check_room(archives, places)  # anew: the list may be of another day
    archive = next(archive for archive in archives if archive.file == file)
    with open_session() as session:
        fetch(archive, places[archive.role], session, host, log.info)
    with replacing(output) as temporary:
        temporary.write_text(f"{archive.md5}  {archive.file}\n")  # as md5sum writes it


if __name__ == "__main__":
    with step(snakemake.log[0]):
        fetch_archive(
            listed=snakemake.input.listed,
            file=snakemake.wildcards.archive,
            host=snakemake.params.host,
            output=snakemake.output.checked,
            **snakemake.params.settings,
        )
