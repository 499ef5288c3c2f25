"""Say what the recordings are, and what will go wrong with them."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _step import step

from weakseg.checks.data_set import look_through, unread
from weakseg.checks.findings import Setup
from weakseg.checks.report import report
from weakseg.files import replacing

log = logging.getLogger(__name__)


def check_data(
    experiment: str,
    files: Mapping[str, Sequence[str]],
    scenes_directory: str | None,
    events_directory: str | None,
    searched: Mapping[str, str],
    output: str,
    **keys: Any,
) -> None:
    """searched: role -> directory whose recordings are used; `keys` are those of `Setup`."""
    paths = {role: [Path(path) for path in of_role] for role, of_role in files.items()}
    directories = {"scenes": Path(scenes_directory or ""), "events": Path(events_directory or "")}
    indices, findings = look_through(paths, directories, Setup(**keys))
    for role, directory in searched.items():
        findings += unread(role, Path(directory))
    page = report(experiment, indices, findings)
    with replacing(output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    log.info("\n%s", page)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        check_data(
            files=snakemake.params.files,
            output=snakemake.output.report,
            **snakemake.params.settings,
        )
