"""Events of a holdout fold from its predictions, by the configured and by tuned detectors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _step import step

from weakseg.detection import Detector, detect_all
from weakseg.sealed import write_table
from weakseg.store import PredictionStore
from weakseg.thresholds import read_thresholds


def detect_events(
    predictions: str, thresholds: str, events: str, tuned_events: str, detector: Mapping[str, Any]
) -> None:
    with PredictionStore(Path(predictions)) as store:
        tuned = [one.detector for one in read_thresholds(thresholds, store.classes)]
        found = {
            events: detect_all(store, Detector(**detector)),
            tuned_events: detect_all(store, tuned),
        }
    for output, table in found.items():
        write_table(output, table, sep="\t", float_format="%.3f")


if __name__ == "__main__":
    with step(snakemake.log[0]):
        detect_events(
            predictions=snakemake.input.predictions,
            thresholds=snakemake.input.thresholds,
            events=snakemake.output.events,
            tuned_events=snakemake.output.tuned_events,
            detector=snakemake.params.detector,
        )
