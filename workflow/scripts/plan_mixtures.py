"""Plan the mixtures of all folds."""

from pathlib import Path
from typing import Any

from _step import step

from weakseg.folds import read_folds
from weakseg.plan import plan_mixtures, plan_published, write_plan
from weakseg.recordings import read_index


def plan(
    scenes: str, events: str, folds: str, output: str, published: bool, **settings: Any
) -> None:
    """`settings` are those of `weakseg.plan.plan_mixtures`; the published plan has fewer."""
    tables = [read_index(Path(path)) for path in (scenes, events)]
    assigned = read_folds(Path(folds))
    if published:
        for fixed in ("overlap", "reshuffle", "seconds"):
            settings.pop(fixed)
    make_plan = plan_published if published else plan_mixtures
    write_plan(Path(output), make_plan(*tables, assigned, **settings))


if __name__ == "__main__":
    with step(snakemake.log[0]):
        plan(
            scenes=snakemake.input.scenes,
            events=snakemake.input.events,
            folds=snakemake.input.folds,
            output=snakemake.output.plan,
            **snakemake.params.settings,
        )
