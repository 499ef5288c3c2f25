"""Assign recordings to folds."""

from pathlib import Path

from _step import step

from weakseg.folds import assign_files, assign_grouped, assign_published
from weakseg.recordings import read_index
from weakseg.sealed import write_table


def assign_folds(
    scenes: str, events: str, output: str, n_folds: int, published: bool, group: bool, seed: int
) -> None:
    assign = assign_published if published else assign_grouped if group else assign_files
    folds = assign(read_index(Path(scenes)), read_index(Path(events)), n_folds, seed)
    write_table(output, folds)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        assign_folds(
            scenes=snakemake.input.scenes,
            events=snakemake.input.events,
            output=snakemake.output.folds,
            **snakemake.params.settings,
        )
