"""Events of a holdout fold from its predictions, by detectors that were tuned class by class."""

from pathlib import Path

from _step import step

from weakseg.detection import EVENT_FORMAT, detect_all
from weakseg.sealed import write_table
from weakseg.store import PredictionStore
from weakseg.thresholds import read_thresholds


def detect_tuned_events(predictions: str, thresholds: str, events: str) -> None:
    with PredictionStore(Path(predictions)) as store:
        tuned = [one.detector for one in read_thresholds(thresholds, store.classes)]
        write_table(events, detect_all(store, tuned), **EVENT_FORMAT)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        detect_tuned_events(
            predictions=snakemake.input.predictions,
            thresholds=snakemake.input.thresholds,
            events=snakemake.output.events,
        )
