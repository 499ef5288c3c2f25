"""List the published archives with lengths and checksums, and say what room they need."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _step import step

from weakseg.download import check_room, complete, open_session
from weakseg.files import replacing
from weakseg.published import Archive, write_list

log = logging.getLogger(__name__)


def list_archives(
    archives: Sequence[Mapping[str, Any]],
    directories: Mapping[str, str],
    host: str,
    output: str,
) -> None:
    with open_session() as session:
        listed = complete([Archive(**archive) for archive in archives], session, host)
    places = {role: Path(directory) for role, directory in directories.items()}
    for line in check_room(listed, places):
        log.info(line)
    with replacing(output) as temporary:
        write_list(temporary, listed)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        list_archives(
            directories=snakemake.params.directories,
            host=snakemake.params.host,
            output=snakemake.output.listed,
            **snakemake.params.settings,
        )
