"""Metrics of the references, oracles and floors, on a holdout fold."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _step import step

from weakseg.detection import Detector
from weakseg.draws import Draws, clip_weights, draws_of, write_draws
from weakseg.evaluation import as_table, planned
from weakseg.folds import read_folds
from weakseg.plan import read_plan
from weakseg.progress import counted
from weakseg.reference_evaluation import score_references
from weakseg.rendered import rendered_mixtures
from weakseg.sealed import write_table
from weakseg.store import FeatureStore
from weakseg.thresholds import Thresholds


def evaluate_references(
    plan: str,
    folds: str,
    features: Sequence[str],
    manifests: Sequence[str],
    metrics: str,
    draws: str,
    snr_db: float,
    holdout_fold: int,
    thresholds: Mapping[str, float],
    detector: Mapping[str, Any],
    seconds: float,
    threshold_db: float,
    n_draws: int,
) -> None:
    mixtures = read_plan(Path(plan))
    with FeatureStore([Path(path) for path in features]) as truth:
        rendered = (stems for _, stems in rendered_mixtures([Path(path) for path in manifests]))
        rendered = counted(rendered, len(truth), " clips")
        scores = score_references(
            truth,
            mixtures,
            rendered,
            Thresholds(**thresholds),
            Detector(**detector),
            seconds,
            threshold_db,
        )
        mine = planned(mixtures, truth.names)
        weights = clip_weights(mine, read_folds(Path(folds)), n_draws, holdout_fold)
        tables: list[pd.DataFrame] = []
        drawn: Draws = {}
        for model, of_task in scores:
            run: dict[str, Any] = {"snr_db": snr_db, "model": model, "holdout_fold": holdout_fold}
            table = as_table(of_task, truth.classes)
            tables.append(table.assign(**run)[[*run, *table.columns]])
            drawn |= draws_of(run, of_task, weights)
    write_draws(draws, drawn)
    write_table(metrics, pd.concat(tables))


if __name__ == "__main__":
    with step(snakemake.log[0]):
        evaluate_references(
            plan=snakemake.input.plan,
            folds=snakemake.input.folds,
            features=snakemake.input.features,
            manifests=snakemake.input.manifests,
            metrics=snakemake.output.metrics,
            draws=snakemake.output.draws,
            snr_db=float(snakemake.wildcards.snr),
            holdout_fold=int(snakemake.wildcards.fold),
            **snakemake.params.settings,
        )
