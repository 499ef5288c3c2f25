"""Events of a holdout fold, from its predictions."""

from pathlib import Path

from _step import step

from weakseg.detection import Detector, detect_all
from weakseg.files import replacing
from weakseg.store import PredictionStore


def detect_events(predictions: str, output: str, detector: Detector) -> None:
    with PredictionStore(Path(predictions)) as store:
        found = detect_all(store, detector)
    with replacing(output) as temporary:
        found.to_csv(temporary, sep="\t", index=False, float_format="%.3f")


if __name__ == "__main__":
    with step(snakemake.log[0]):
        detect_events(
            predictions=snakemake.input.predictions,
            output=snakemake.output.events,
            detector=Detector(**snakemake.params.detector),
        )
