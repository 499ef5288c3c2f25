"""What a run will take on disk, estimated from the configuration, and said before it starts.

Conventions
-----------
- An estimate is a mapping from what is made to bytes.  The rates below are means over finished
  runs of generated and of real recordings; a whole run comes out within 30 %.
- Read by the Snakefile: no package but Snakemake's own is needed.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from workflow.consistency import Configuration

AUDIO = 1.2  # bytes a sample that is heard, of FLAC of 16 bits; silence takes next to nothing
SEPARATED, FOUND = 0.6, 3  # likewise, of separated audio; and classes that are found, an event
LOGMEL = 3.0  # bytes a cell, truth in bits included
MASKS, CUT_MASKS = 0.5, 0.3  # bytes a cell of a predicted mask; if it is cut to the foreground
FILE = 10_000  # bytes of a store or a model without its content
STATES = 8  # what a training goes on from: twice weights, their average and two moments, in models
DRAW = 250  # bytes a draw, of the metrics of a model; likewise of the references
PICTURES = 2_500_000  # of one clip by one model, as PNG and SVG
OVERVIEWS = 2_500_000  # pictures of all models, tables
SHOWN_CLIP = 800_000  # on the gallery's page
OWN_FILE = 800_000  # pictures of a recording of one's own, its part of the page
OWN_STEMS = 0.5  # of a WAV's bytes: its separated audio
PACKED = {".flac": 2, ".mp3": 10, ".oga": 10, ".ogg": 10, ".opus": 10}  # bytes of a WAV, a byte
DEMO_CLASSES, DEMO_TAKE = 10, 66_000  # bytes of a generated take of an event
DEMO_SCENE, DEMO_KINDS = 2_880_000, 4  # bytes of a generated scene, and how many kinds there are
MANY_CLASSES = 41  # of DCASE 2018, and where nothing tells how many there are
MATERIAL = 0.3  # of the recordings' bytes: mono, 16 bits, 32 kHz, no longer than a mixture

Bytes = dict[str, float]


def estimate(config: Configuration, n_classes: int, data_bytes: int) -> Bytes:
    """Bytes of all that a completed configuration asks for, below its directory of results.

    data_bytes: of the archives or recordings that are read; those of the demo are made, and count.
    """
    mixtures, grid = config["mixtures"], config["grid"]
    made = _demo(config) if config["data"]["source"] == "demo" else {}
    n_clips = mixtures["folds"] * mixtures["per_fold"] * len(grid["snr_db"])
    heard = mixtures["seconds"] + mixtures["events"] * mixtures["event_seconds"]
    n_shards = -(-mixtures["per_fold"] // mixtures["shard"]) * mixtures["folds"]
    return {
        **made,
        "mixtures": n_clips * heard * mixtures["sample_rate"] * AUDIO,
        "features": n_clips * _cells(config) * LOGMEL + n_shards * len(grid["snr_db"]) * FILE,
        "material": _material(config, sum(made.values()) or data_bytes),
        "models": _n_runs(config) * sum(map(_model_bytes, _models(config))) * (1 + STATES),
        "predictions": _n_runs(config) * _predictions(config, n_classes),
        "looks": _n_runs(config) * len(grid["models"]) * _looks(config, n_classes) + _pages(config),
    }


def _models(config: Configuration) -> list[Configuration]:
    return [config["models"][name] for name in config["grid"]["models"]]


def _n_runs(config: Configuration) -> int:
    """Of each model."""
    return len(config["grid"]["snr_db"]) * len(config["grid"]["holdout_folds"])


def _cells(config: Configuration) -> int:
    """Frames times mels of a mixture."""
    n_samples = round(config["mixtures"]["seconds"] * config["mixtures"]["sample_rate"])
    features = config["features"]
    n_frames = (n_samples - features["window"]) // features["hop"] + 1
    return int(n_frames * features["mels"])


def _demo(config: Configuration) -> Bytes:
    events = config["data"]["demo_takes"] * DEMO_CLASSES * DEMO_TAKE
    return {"archives": config["data"]["demo_scenes"] * DEMO_KINDS * DEMO_SCENE + events}


def _material(config: Configuration, data_bytes: float) -> float:
    fresh = any(model["mixtures"]["type"] == "fresh" for model in _models(config))
    return data_bytes * MATERIAL if fresh else 0.0


def _model_bytes(model: Configuration) -> float:
    """Of weights in float32, from the widths of 3x3 convolutions; an encoder-decoder has thrice."""
    widths = model["network"].get("widths") or [16, 32, 64, 128]
    pairs = zip([1, *widths], widths, strict=False)
    weights = 9 * sum(n_in * n_out + n_out * n_out for n_in, n_out in pairs)
    factor = {"encoder_decoder": 3, "dnn": 1 / 9}.get(model["network"]["type"], 1)
    return 4.0 * weights * factor + FILE


def _predictions(config: Configuration, n_classes: int) -> float:
    """Of one run of each model: for its holdout fold, and to tune thresholds by."""
    mixtures = config["mixtures"]
    n_clips = mixtures["per_fold"] + min(
        config["tuning"]["clips"], mixtures["per_fold"] * (mixtures["folds"] - 1)
    )
    with_masks = [model for model in _models(config) if model["network"]["type"] != "dnn"]
    return sum(_maps(model, n_classes) for model in with_masks) * n_clips * _cells(config)


def _maps(model: Configuration, n_classes: int) -> float:
    """Bytes a cell of a clip: masks of all classes, and the map of a learnt foreground."""
    rate = MASKS if model["foreground"]["above"] is None else CUT_MASKS
    return rate * n_classes + (MASKS if model["objective"]["foreground"] else 0.0)


def _looks(config: Configuration, n_classes: int) -> float:
    """Of one run of one model: separated audio, draws, pictures."""
    mixtures, evaluation = config["mixtures"], config["evaluation"]
    n_samples = mixtures["seconds"] * mixtures["sample_rate"]
    n_found = config["separation"]["clips"] * min(n_classes, FOUND * mixtures["events"])
    separated = n_found * n_samples * SEPARATED
    return float(separated + 2 * evaluation["draws"] * DRAW + evaluation["figure_clips"] * PICTURES)


def _pages(config: Configuration) -> float:
    """Of the gallery, and of what is drawn once."""
    gallery, grid, mixtures = config["gallery"], config["grid"], config["mixtures"]
    n_clips = len(gallery["clips"]) + gallery["clips_per_model"] * len(grid["models"])
    n_clips = min(n_clips, mixtures["per_fold"] * len(grid["holdout_folds"]))
    return float(OVERVIEWS + min(n_clips * SHOWN_CLIP, gallery["max_mb"] * 1e6))


def estimate_own(config: Configuration, recordings: Sequence[Path]) -> float:
    """Bytes that `predict` keeps of recordings of one's own; masks are there only meanwhile."""
    wav_bytes = sum(size_of([path]) * PACKED.get(path.suffix.lower(), 1) for path in recordings)
    stems = OWN_STEMS * wav_bytes if config["predict"]["stems"] else 0.0
    return len(recordings) * OWN_FILE + stems


def number_of_classes(config: Configuration, files: Sequence[str]) -> int:
    """Of the events: from the index, if a run has made it, or from what the data's files tell."""
    source = config["data"]["source"]
    index = Path(config["results"], config["experiment"], "recordings", "events.csv")
    if index.exists():
        with index.open(encoding="utf-8", newline="") as table:
            rows = list(csv.DictReader(table))
        labels = {row["label"] for row in rows if row["usable"] == row["verified"] == "True"}
        return len(labels) or MANY_CLASSES
    if source == "demo":
        return DEMO_CLASSES
    folders = {Path(file).parent for file in files} if source == "folders" else set()
    return len(folders) if len(folders) > 1 else MANY_CLASSES


def size_of(paths: Iterable[str | Path]) -> int:
    """Bytes of the files among some paths, and in the directories among them."""
    total = 0
    for path in map(Path, paths):
        if path.is_dir():
            with os.scandir(path) as entries:
                total += size_of(entry.path for entry in entries)
        elif path.is_file():
            total += path.stat().st_size
    return total


def free_bytes(directory: Path) -> int:
    """What is free on the disk of a directory that may not be there yet."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def report(
    config: Configuration,
    files: Mapping[str, Sequence[str]],
    archives: Mapping[str, int],
    own: Sequence[Path] = (),
) -> list[str]:
    """What to say before a run: of the results, and of each directory that is fetched to.

    files: the data's files, by role; archives: bytes of what is fetched, by its path; own:
    recordings that `predict` is asked for.
    """
    data = [file for of_role in files.values() for file in of_role]
    data_bytes = max(size_of(data), sum(archives.values()))
    made = estimate(config, number_of_classes(config, files["events"]), data_bytes)
    parts = sorted((part for part in made if made[part] > 0), key=made.__getitem__, reverse=True)
    listed = ", ".join(f"{part} {shown(made[part])}" for part in parts[:4])
    results = Path(config["results"], config["experiment"])
    lines = [_line(results, sum(made.values()), size_of([results]), f" ({listed})")]
    for directory in sorted({Path(path).parent for path in archives}):
        mine = {path: n for path, n in archives.items() if Path(path).parent == directory}
        lines.append(_line(directory, sum(mine.values()), size_of(mine), " of archives"))
    if own:
        folder = results / "predict" / config["predict"]["name"]
        what = f" of {len(own)} own recording" + "s" * (len(own) > 1)
        lines.append(_line(folder, estimate_own(config, own), size_of([folder]), what))
    return lines


def _line(directory: Path, needed: float, there: int, what: str) -> str:
    """One directory; a warning, with what to do, if more is missing than free."""
    free = free_bytes(directory)
    line = f"disk: about {shown(needed)}{what} in {directory}, {shown(there)} there; "
    line += f"{shown(free)} free"
    if needed - there <= free:
        return line
    return f"warning: {line}: make room, or name a directory on another disk (results, data)"


def shown(size: float) -> str:
    """A size in MB or GB."""
    return f"{size / 1e9:.3g} GB" if size >= 1e9 else f"{size / 1e6:.3g} MB"
