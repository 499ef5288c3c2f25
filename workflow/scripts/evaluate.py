"""Metrics of one model on its holdout fold."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _step import step

from weakseg.detection import read_events
from weakseg.draws import clip_weights, draws_of, write_draws
from weakseg.evaluation import Decisions, as_table, planned, score_model
from weakseg.folds import read_folds
from weakseg.plan import read_plan
from weakseg.progress import counted
from weakseg.rendered import rendered_mixtures
from weakseg.scores import curves
from weakseg.sealed import write_table
from weakseg.store import FeatureStore, PredictionStore
from weakseg.thresholds import Thresholds, join, read_thresholds


def evaluate_fold(
    predictions: str,
    events: Sequence[str],
    thresholds: str,
    plan: str,
    folds: str,
    features: Sequence[str],
    manifests: Sequence[str],
    metrics: Sequence[str],
    draws: Sequence[str],
    curve: str,
    run: Mapping[str, Any],
    configured: Mapping[str, float],
    seconds: float,
    n_draws: int,
    foreground: Mapping[str, float] | None,
) -> None:
    """Events, metrics and draws are two each: by the configured thresholds, and by tuned ones.

    The curve over all thresholds knows neither.
    """
    mixtures = read_plan(Path(plan))
    with (
        FeatureStore([Path(path) for path in features]) as truth,
        PredictionStore(Path(predictions)) as predicted,
    ):
        rendered = (stems for _, stems in rendered_mixtures([Path(path) for path in manifests]))
        rendered = counted(rendered, len(truth), " clips")
        tuned = join(read_thresholds(thresholds, predicted.classes), configured["gate"])
        decisions = [
            Decisions(read_events(Path(path)), of_events)
            for path, of_events in zip(events, (Thresholds(**configured), tuned), strict=True)
        ]
        scores = score_model(truth, predicted, decisions, mixtures, rendered, seconds, foreground)
        mine, classes = planned(mixtures, truth.names), truth.classes
    write_table(curve, curves(scores[0]).assign(**run))
    weights = clip_weights(mine, read_folds(Path(folds)), n_draws, run["holdout_fold"])
    for of_task, its_metrics, its_draws in zip(scores, metrics, draws, strict=True):
        write_draws(its_draws, draws_of(run, of_task, weights))
        table = as_table(of_task, classes)
        write_table(its_metrics, table.assign(**run)[[*run, *table.columns]])


if __name__ == "__main__":
    with step(snakemake.log[0]):
        evaluate_fold(
            predictions=snakemake.input.predictions,
            events=[snakemake.input.events, snakemake.input.tuned_events],
            thresholds=snakemake.input.thresholds,
            plan=snakemake.input.plan,
            folds=snakemake.input.folds,
            features=snakemake.input.features,
            manifests=snakemake.input.manifests,
            metrics=[snakemake.output.metrics, snakemake.output.tuned_metrics],
            draws=[snakemake.output.draws, snakemake.output.tuned_draws],
            curve=snakemake.output.curve,
            run={
                "snr_db": float(snakemake.wildcards.snr),
                "model": snakemake.wildcards.model,
                "holdout_fold": int(snakemake.wildcards.fold),
            },
            **snakemake.params.settings,
        )
