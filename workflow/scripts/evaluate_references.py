"""Metrics of the references, oracles and floors, on a holdout fold."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _step import step

from weakseg.detection import Detector
from weakseg.evaluation import Thresholds, as_table
from weakseg.files import replacing
from weakseg.mixing import rendered_mixtures
from weakseg.plan import read_plan
from weakseg.reference_evaluation import score_references
from weakseg.store import FeatureStore


def evaluate_references(
    plan: str,
    features: Sequence[str],
    manifests: Sequence[str],
    output: str,
    snr_db: float,
    holdout_fold: int,
    thresholds: Mapping[str, float],
    detector: Mapping[str, Any],
    seconds: float,
    threshold_db: float,
) -> None:
    with FeatureStore([Path(path) for path in features]) as truth:
        rendered = (stems for _, stems in rendered_mixtures([Path(path) for path in manifests]))
        scores = score_references(
            truth,
            read_plan(Path(plan)),
            rendered,
            Thresholds(**thresholds),
            Detector(**detector),
            seconds,
            threshold_db,
        )
        tables = []
        for model, of_task in scores.items():
            run = {"snr_db": snr_db, "model": model, "holdout_fold": holdout_fold}
            table = as_table(of_task, truth.classes)
            tables.append(table.assign(**run)[[*run, *table.columns]])
    with replacing(output) as temporary:
        pd.concat(tables).to_csv(temporary, index=False)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        evaluate_references(
            plan=snakemake.input.plan,
            features=snakemake.input.features,
            manifests=snakemake.input.manifests,
            output=snakemake.output.metrics,
            snr_db=float(snakemake.wildcards.snr),
            holdout_fold=int(snakemake.wildcards.fold),
            **snakemake.params.settings,
        )
