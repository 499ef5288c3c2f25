"""Plan the mixtures of all folds."""

from pathlib import Path

import pandas as pd
from _step import step

from weakseg.plan import plan_mixtures, plan_published, write_plan
from weakseg.recordings import read_index

if __name__ == "__main__":
    with step(snakemake.log[0]):
        params = snakemake.params
        tables = [
            read_index(Path(path)) for path in (snakemake.input.scenes, snakemake.input.events)
        ]
        folds = pd.read_csv(snakemake.input.folds, keep_default_na=False)
        shared = {
            "per_fold": params.per_fold,
            "n_events": params.n_events,
            "onsets": params.onsets,
            "event_seconds": params.event_seconds,
            "seed": params.seed,
        }
        plan = (
            plan_published(*tables, folds, **shared)
            if params.published
            else plan_mixtures(
                *tables,
                folds,
                **shared,
                overlap=params.overlap,
                seconds=params.seconds,
                reshuffle=params.reshuffle,
            )
        )
        write_plan(Path(snakemake.output.plan), plan)
