"""Metrics of one model on its holdout fold."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from _step import step

from weakseg.detection import read_events
from weakseg.evaluation import Thresholds, evaluate
from weakseg.files import replacing
from weakseg.mixing import rendered_mixtures
from weakseg.plan import read_plan
from weakseg.store import FeatureStore, PredictionStore


def evaluate_fold(
    predictions: str,
    events: str,
    plan: str,
    features: Sequence[str],
    manifests: Sequence[str],
    output: str,
    snr_db: float,
    model: str,
    holdout_fold: int,
    thresholds: Mapping[str, float],
    seconds: float,
) -> None:
    with (
        FeatureStore([Path(path) for path in features]) as truth,
        PredictionStore(Path(predictions)) as predicted,
    ):
        rendered = (stems for _, stems in rendered_mixtures([Path(path) for path in manifests]))
        table = evaluate(
            truth,
            predicted,
            read_events(Path(events)),
            read_plan(Path(plan)),
            rendered,
            Thresholds(**thresholds),
            seconds,
        )
    run = {"snr_db": snr_db, "model": model, "holdout_fold": holdout_fold}
    with replacing(output) as temporary:
        table.assign(**run)[[*run, *table.columns]].to_csv(temporary, index=False)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        evaluate_fold(
            predictions=snakemake.input.predictions,
            events=snakemake.input.events,
            plan=snakemake.input.plan,
            features=snakemake.input.features,
            manifests=snakemake.input.manifests,
            output=snakemake.output.metrics,
            snr_db=float(snakemake.wildcards.snr),
            model=snakemake.wildcards.model,
            holdout_fold=int(snakemake.wildcards.fold),
            **snakemake.params.settings,
        )
