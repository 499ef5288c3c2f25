"""A trained model on recordings of one's own."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _step import device_for, step

from weakseg.audio_paths import Listed, as_text
from weakseg.cards import one_card
from weakseg.detection import Detector
from weakseg.gallery.from_predictions import write_page
from weakseg.predict_files import Predictor, forget_others
from weakseg.prediction_output import described
from weakseg.segmenter import load_model

log = logging.getLogger(__name__)


def predict(
    paths: Sequence[str],
    audio: Sequence[tuple[str, str]],
    model: str,
    model_name: str,
    thresholds: str | None,
    detector: Mapping[str, Any] | None,
    table: str,
    stems: bool,
    gain_db: float,
    max_mb: float,
    threads: int,
    **options: Any,
) -> None:
    """`audio`: name and version of each of the `paths`; `detector`: of all classes, where there is
    no file of thresholds; `options`: those of `weakseg.segmenter.load_model`."""
    segmenter = load_model(model, threads=threads, **options)
    detectors = segmenter.detectors(thresholds)
    if detector is not None:
        detectors = [Detector(**detector)] * len(segmenter.classes)
    output = Path(table).parent
    how = described(Path(thresholds)) if thresholds else detector
    made_by = {"model": described(Path(model)), "thresholds": how}
    name = as_text(model_name)
    predictor = Predictor(segmenter, detectors, output, name, stems, gain_db, made_by)
    files = [Listed(Path(path), name) for path, (name, _) in zip(paths, audio, strict=True)]
    predictions = predictor.predict_all(files)
    used = write_page(
        output,
        predictions,
        segmenter.spectral,
        segmenter.classes,
        name,
        max_mb,
        threads,
    )
    forget_others(output, {file.name for file in files})
    log.info("%d of %d recordings: %s", used, len(files), output)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        device = device_for(snakemake.params.device, snakemake.resources.get("gpu"))
        with one_card(device, log.info):
            predict(
                paths=snakemake.params.audio,
                model=snakemake.input.model,
                thresholds=snakemake.input.get("thresholds") or None,
                table=snakemake.output.table,
                device=device,
                threads=snakemake.threads,
                **snakemake.params.settings,
            )
