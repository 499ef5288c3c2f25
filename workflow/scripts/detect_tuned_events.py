"""Events of a holdout fold from its predictions, by detectors that were tuned class by class."""

from pathlib import Path

from _step import step

from weakseg.detection import EVENT_FORMAT
from weakseg.sealed import write_table
from weakseg.store import PredictionStore
from weakseg.thresholds import REMEDY, ThresholdError, read_thresholds
from weakseg.tuned_events import detect_tuned


def detect_tuned_events(predictions: str, thresholds: str, events: str, events_by: str) -> None:
    with PredictionStore(Path(predictions)) as store:
        tuned = read_thresholds(thresholds, store.classes)
        if events_by == "durations" and any(one.by_duration is None for one in tuned):
            raise ThresholdError(f"{thresholds}: no thresholds: a class has no durations; {REMEDY}")
        write_table(events, detect_tuned(store, tuned, events_by), **EVENT_FORMAT)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        detect_tuned_events(
            predictions=snakemake.input.predictions,
            thresholds=snakemake.input.thresholds,
            events=snakemake.output.events,
            **snakemake.params.settings,
        )
