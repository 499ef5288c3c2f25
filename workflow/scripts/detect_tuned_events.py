"""Events of a holdout fold from its predictions, by detectors that were tuned class by class."""

from pathlib import Path

from _step import step

from weakseg.detection import EVENT_FORMAT, detect_all
from weakseg.event_evidence import event_evidence
from weakseg.sealed import write_table
from weakseg.store import PredictionStore
from weakseg.thresholds import REMEDY, ThresholdError, read_thresholds


def detect_tuned_events(predictions: str, thresholds: str, events: str, events_by: str) -> None:
    with PredictionStore(Path(predictions)) as store:
        tuned = read_thresholds(thresholds, store.classes)
        by_duration = [one.by_duration for one in tuned if one.by_duration is not None]
        if events_by == "durations" and len(by_duration) < len(tuned):
            raise ThresholdError(f"{thresholds}: no thresholds: a class has no durations; {REMEDY}")
        found = (
            detect_all(store, by_duration, event_evidence)
            if events_by == "durations"
            else detect_all(store, [one.detector for one in tuned])
        )
        write_table(events, found, **EVENT_FORMAT)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        detect_tuned_events(
            predictions=snakemake.input.predictions,
            thresholds=snakemake.input.thresholds,
            events=snakemake.output.events,
            **snakemake.params.settings,
        )
