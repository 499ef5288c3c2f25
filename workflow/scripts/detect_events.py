"""Events of a holdout fold from its predictions, by the configured detector."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _step import step

from weakseg.detection import EVENT_FORMAT, Detector, detect_all
from weakseg.sealed import write_table
from weakseg.store import PredictionStore


def detect_events(predictions: str, events: str, detector: Mapping[str, Any]) -> None:
    with PredictionStore(Path(predictions)) as store:
        write_table(events, detect_all(store, Detector(**detector)), **EVENT_FORMAT)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        detect_events(
            predictions=snakemake.input.predictions,
            events=snakemake.output.events,
            detector=snakemake.params.detector,
        )
