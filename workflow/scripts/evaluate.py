"""Metrics of one model on its holdout fold."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _step import step

from weakseg.detection import read_events
from weakseg.draws import clip_weights, draws_of, write_draws
from weakseg.evaluation import Thresholds, as_table, planned, score_model
from weakseg.files import replacing
from weakseg.folds import read_folds
from weakseg.mixing import rendered_mixtures
from weakseg.plan import read_plan
from weakseg.progress import counted
from weakseg.store import FeatureStore, PredictionStore


def evaluate_fold(
    predictions: str,
    events: str,
    plan: str,
    folds: str,
    features: Sequence[str],
    manifests: Sequence[str],
    metrics: str,
    draws: str,
    run: Mapping[str, Any],
    thresholds: Mapping[str, float],
    seconds: float,
    n_draws: int,
) -> None:
    mixtures = read_plan(Path(plan))
    with (
        FeatureStore([Path(path) for path in features]) as truth,
        PredictionStore(Path(predictions)) as predicted,
    ):
        rendered = (stems for _, stems in rendered_mixtures([Path(path) for path in manifests]))
        rendered = counted(rendered, len(truth), " clips")
        scores = score_model(
            truth,
            predicted,
            read_events(Path(events)),
            mixtures,
            rendered,
            Thresholds(**thresholds),
            seconds,
        )
        mine = planned(mixtures, truth.names)
        table = as_table(scores, truth.classes)
    weights = clip_weights(mine, read_folds(Path(folds)), n_draws, run["holdout_fold"])
    write_draws(draws, draws_of(run, scores, weights))
    with replacing(metrics) as temporary:
        table.assign(**run)[[*run, *table.columns]].to_csv(temporary, index=False)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        evaluate_fold(
            predictions=snakemake.input.predictions,
            events=snakemake.input.events,
            plan=snakemake.input.plan,
            folds=snakemake.input.folds,
            features=snakemake.input.features,
            manifests=snakemake.input.manifests,
            metrics=snakemake.output.metrics,
            draws=snakemake.output.draws,
            run={
                "snr_db": float(snakemake.wildcards.snr),
                "model": snakemake.wildcards.model,
                "holdout_fold": int(snakemake.wildcards.fold),
            },
            **snakemake.params.settings,
        )
