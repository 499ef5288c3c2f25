"""The commands: python -m weakseg predict MODEL FILES..., export MODEL FILE

Exit status: 0, or 1 if some of the files could not be used, or 2 if nothing could be done.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from weakseg.audio_paths import as_text, list_audio, passed_over
from weakseg.foreseen import message_of
from weakseg.in_use import IN_USE

MOST_DECIBELS = 120
log = logging.getLogger("weakseg")


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    program = argparse.ArgumentParser(prog="python -m weakseg", description=__doc__.splitlines()[0])
    commands = program.add_subparsers(dest="command", required=True, metavar="COMMAND")
    predict = commands.add_parser(
        "predict",
        help="sound events, masks and separated audio of recordings",
        description="What a trained model says of recordings, as files beside each other.",
    )
    predict.add_argument("model", type=Path, metavar="MODEL", help="a model.pt of the workflow")
    predict.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a recording, or a folder of them"
    )
    predict.add_argument(
        "--output",
        type=Path,
        default=Path("predictions"),
        metavar="DIR",
        help="made if need be (%(default)s)",
    )
    predict.add_argument(
        "--thresholds", type=Path, metavar="FILE", help="tuned ones; without it the published ones"
    )
    predict.add_argument(
        "--no-stems", dest="stems", action="store_false", help="separate no audio: faster"
    )
    predict.add_argument(
        "--gain-db",
        type=_decibels,
        default=0.0,
        metavar="DB",
        help="how much louder the model hears the recordings than they are (%(default)s)",
    )
    predict.add_argument(
        "--resolution", choices=("stft", "mel"), default="stft", help="of separation (%(default)s)"
    )
    _add_use(predict)
    predict.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    predict.add_argument("--threads", type=_positive, metavar="N", help="of torch")
    predict.set_defaults(run=_predict)
    export = commands.add_parser("export", help="a model as an ONNX file, for other programs")
    export.add_argument("model", type=Path, metavar="MODEL", help="a model.pt of the workflow")
    export.add_argument("file", type=Path, metavar="FILE", help="the .onnx file to write")
    _add_use(export)
    export.set_defaults(run=_export)
    return program


def _add_use(command: argparse.ArgumentParser) -> None:
    """The options of IN_USE."""
    command.add_argument(
        "--shifts", type=_positive, metavar="N", help="of the network, whose masks are averaged (3)"
    )
    command.add_argument("--smooth-frames", type=_odd, metavar="N", help="of masks (17)")
    command.add_argument(
        "--nearby-frames", type=_odd, metavar="N", help="that weight masks and scores (63)"
    )


def _in_use(options: argparse.Namespace) -> dict[str, int | None]:
    return {name: getattr(options, name) for name in IN_USE}


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return number


def _decibels(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= MOST_DECIBELS:  # nor NaN
        raise argparse.ArgumentTypeError(f"{text} is not from -{MOST_DECIBELS} to {MOST_DECIBELS}")
    return number


def _odd(text: str) -> int:
    number = _positive(text)
    if number % 2 == 0:
        raise argparse.ArgumentTypeError(f"{text} is not odd")
    return number


def _predict(options: argparse.Namespace) -> int:
    from weakseg.gallery.from_predictions import write_page  # take seconds, which --help need not
    from weakseg.predict_files import Predictor, others
    from weakseg.prediction_output import described
    from weakseg.segmenter import load_model

    files = list_audio(options.files, but_not_in=options.output)
    if said := passed_over(options.files, but_not_in=options.output):
        log.warning("warning: %s", said)
    segmenter = load_model(
        options.model,
        **_in_use(options),
        resolution=options.resolution,
        device=options.device,
        threads=options.threads,
    )
    detectors = segmenter.detectors(options.thresholds)
    if options.thresholds is None:
        log.info("thresholds: the published ones; tuned ones of the model: --thresholds FILE")
    if left := others(options.output, {file.name for file in files}):
        log.warning(
            "warning: %s has results of %d other recordings, which stay; predictions.csv and "
            "predict.yaml do not tell of them",
            *(options.output, len(left)),
        )
    name = as_text(Path(*options.model.parts[-3:]))  # of a run: MODEL/holdoutN/model.pt
    thresholds = described(options.thresholds) if options.thresholds else "published"
    predictor = Predictor(
        segmenter,
        detectors,
        options.output,
        name,
        stems=options.stems,
        gain_db=options.gain_db,
        made_by={"model": described(options.model), "thresholds": thresholds},
    )
    n_used = write_page(
        options.output,
        predictor.predict_all(files),
        segmenter.spectral,
        segmenter.classes,
        name,
    )
    log.info("%d of %d recordings: %s", n_used, len(files), options.output)
    return 0 if n_used == len(files) else 1


def _export(options: argparse.Namespace) -> int:
    from weakseg.export import export_onnx
    from weakseg.model import load_model

    export_onnx(load_model(options.model), options.file, **_in_use(options))
    log.info("%s", options.file)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; errors that are foreseen are one line on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr, force=True)
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except KeyboardInterrupt:
        log.error("stopped")
        return 130
    except Exception as error:
        message = message_of(error)
        if message is None:
            raise
        log.error("error: %s", message)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
