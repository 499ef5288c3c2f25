"""Index what the archives or folders of both sets hold."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from _step import step

from weakseg.collection import Collection
from weakseg.recordings import has_sources, index_events, index_scenes
from weakseg.sealed import write_table

log = logging.getLogger(__name__)


def index_recordings(
    role: str,
    make_index: Callable[[Collection], pd.DataFrame],
    files: Sequence[str],
    directory: str | None,
    output: str,
) -> None:
    with Collection([Path(file) for file in files], Path(directory or "")) as collection:
        index = make_index(collection)
    log.info("%s: %d of %d recordings are usable", role, index.usable.sum(), len(index))
    for why_not, number in Counter(index[~index.usable].why_not).most_common():
        log.info("%s: %d not used: %s", role, number, why_not)
    if not has_sources(index):
        log.warning(
            "warning: %s: nothing says which recordings have one source, so each counts "
            "as its own; takes of one thing may lie in several folds",
            role,
        )
    write_table(output, index)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        for role, make_index in {"scenes": index_scenes, "events": index_events}.items():
            index_recordings(
                role=role,
                make_index=make_index,
                files=snakemake.params.files[role],
                directory=snakemake.params.settings[f"{role}_directory"],
                output=snakemake.output[role],
            )
