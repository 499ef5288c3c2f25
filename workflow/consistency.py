"""What keys of a configuration must have in common: the checks that its schema cannot express.

Each check takes a complete configuration, in which the schema holds for every key, and raises
ConfigurationError at the first key that disagrees with another one.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterator
from typing import Any

from weakseg.names import fold_of_mixture, mixture_name

Configuration = dict[str, Any]

# Options of poolings: the types that have it; what to give, and which, where they need it.
POOLING_OPTIONS: dict[str, tuple[tuple[str, ...], str | None, str]] = {
    "decay": (("gwrp",), "a number from 0 to 1", "give it; the paper's is 0.9998"),
    "learnable": (("gwrp",), None, ""),
    "sharpness": (("exp_softmax", "auto_pool"), None, ""),
    "exponent": (("power_mean",), "a number from 1 to 100", "give it; 1 is linear_softmax"),
}
TOLERANCE = 1e-9  # seconds or FFT bins: sums of fractions are not exact
MOST_DECIMALS = 3  # of an SNR: it is part of file names


class ConfigurationError(ValueError):
    """A configuration that cannot be run; the message is one line: key, value, expected, remedy."""

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))  # a key or value may hold line breaks


def refuse(key: str, value: object, expected: str, remedy: str) -> ConfigurationError:
    """The error about the dotted `key`, for `raise`."""
    return ConfigurationError(f"{key}: {shown(value)} is not {expected}; {remedy}")


def shown(value: object) -> str:
    """A value as in YAML, on one line, cut short if it is long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    short = reprlib.Repr()
    short.maxstring = short.maxother = 120
    return short.repr(value)


def check(config: Configuration) -> None:
    """Raise ConfigurationError if keys of a complete configuration disagree."""
    for one_check in CHECKS:
        one_check(config)


def _sources(config: Configuration) -> None:
    source = config["data"]["source"]
    for role in ("scenes", "events"):
        key, directory = f"data.{role}", config["data"][role]
        if source in ("archives", "folders") and directory is None:
            remedy = f"set {key}, or data.source to demo or dcase2018"
            raise refuse(key, directory, f"a directory, which data.source {source} needs", remedy)
        if source == "demo" and directory is not None:
            remedy = "set data.source to archives, folders or dcase2018"
            raise refuse(key, directory, "used: data.source is demo", remedy)


def _onsets(config: Configuration) -> None:
    mixtures = config["mixtures"]
    if isinstance(mixtures["onsets"], str):
        _random_onsets(mixtures)
    else:
        _listed_onsets(mixtures)


def _published_plan(config: Configuration) -> None:
    mixtures = config["mixtures"]
    for key in ("reshuffle", "overlap", "group_folds"):
        if mixtures["preset"] == "published" and mixtures[key]:
            remedy = "leave it null or set mixtures.preset to default"
            raise refuse(f"mixtures.{key}", True, "possible in the published plan", remedy)


def _random_onsets(mixtures: Configuration) -> None:
    if mixtures["preset"] == "published":
        what = "a list, which the published plan needs"
        remedy = "list an onset an event or set mixtures.preset to default"
        raise refuse("mixtures.onsets", mixtures["onsets"], what, remedy)
    events, length = mixtures["events"], mixtures["event_seconds"]
    together = length * (1 if mixtures["overlap"] else events)
    if together > mixtures["seconds"] + TOLERANCE:
        what = f"room for {events} events of {length:g} s (mixtures.event_seconds)"
        remedy = "make it longer, lower mixtures.events or event_seconds, or set overlap to true"
        raise refuse("mixtures.seconds", mixtures["seconds"], what, remedy)


def _listed_onsets(mixtures: Configuration) -> None:
    onsets, events, length = mixtures["onsets"], mixtures["events"], mixtures["event_seconds"]
    if len(onsets) != events:
        what = f"a list of {events}, one an event (mixtures.events)"
        remedy = f"list as many or set mixtures.events to {len(onsets)}"
        raise refuse("mixtures.onsets", onsets, what, remedy)
    if max(onsets) + length > mixtures["seconds"] + TOLERANCE:
        what = f"early enough for {length:g} s of an event in {mixtures['seconds']:g} s of mixture"
        least = max(onsets) + length
        remedy = f"set mixtures.seconds to at least {least:g}, or lower it or event_seconds"
        raise refuse("mixtures.onsets", onsets, what, remedy)


def _frames(config: Configuration) -> None:
    window, hop = config["features"]["window"], config["features"]["hop"]
    if hop > window:
        remedy = "lower features.hop: samples between frames would be lost"
        raise refuse("features.hop", hop, f"at most features.window, {window}", remedy)
    samples = round(config["mixtures"]["seconds"] * config["mixtures"]["sample_rate"])
    if window > samples:
        what = f"at most the {samples} samples of a mixture"
        raise refuse("features.window", window, what, "lower it or raise mixtures.seconds")


def _mel_bands(config: Configuration) -> None:
    features, sample_rate = config["features"], config["mixtures"]["sample_rate"]
    low, high = features["fmin_hz"], features["fmax_hz"]
    if high > sample_rate / 2:
        what = f"at most half of mixtures.sample_rate, {sample_rate / 2:g} Hz"
        raise refuse("features.fmax_hz", high, what, "lower it or set it to null")
    if low >= high:
        what = f"below features.fmax_hz, {high:g} Hz"
        raise refuse("features.fmin_hz", low, what, "lower it or raise fmax_hz")
    edges = list(_slaney_edges(low, high, features["mels"]))
    bin_hz = sample_rate / features["window"]
    for lower, upper in zip(edges, edges[2:], strict=False):
        first_above = math.floor(lower / bin_hz + TOLERANCE) + 1
        if first_above >= upper / bin_hz - TOLERANCE:
            what = f"few enough: the band {lower:.0f} to {upper:.0f} Hz holds no FFT bin"
            remedy = "lower features.mels or raise features.window"
            raise refuse("features.mels", features["mels"], what, remedy)


def _slaney_edges(low: float, high: float, mels: int) -> Iterator[float]:
    """Edges (Hz) of triangular bands, evenly spaced on Slaney's mel scale (Auditory Toolbox, 1998):
    linear, 200/3 Hz a mel, up to 1 kHz; then logarithmic, a factor of 6.4 in 27 mels."""
    step = math.log(6.4) / 27

    def mel_of(hz: float) -> float:
        return hz * 3 / 200 if hz < 1000 else 15 + math.log(hz / 1000) / step

    for band in range(mels + 2):
        mel = mel_of(low) + (mel_of(high) - mel_of(low)) * band / (mels + 1)
        yield mel * 200 / 3 if mel < 15 else 1000 * math.exp((mel - 15) * step)


def _models(config: Configuration) -> None:
    for name in config["grid"]["models"]:
        if name not in config["models"]:
            what = f"defined in models, which has {', '.join(config['models']) or 'none'}"
            raise refuse("grid.models", name, what, "define it there or select another one")
    for name, model in config["models"].items():
        _pooling(f"models.{name}.pooling", model["pooling"])


def _pooling(key: str, pooling: Configuration) -> None:
    kind = pooling["type"]
    for option, (kinds, needed, remedy) in POOLING_OPTIONS.items():
        value = pooling.get(option)
        if kind in kinds and needed and value is None:
            raise refuse(f"{key}.{option}", value, needed, remedy)
        if kind not in kinds and value is not None:
            remedy = f"set it to null, or the type to {' or '.join(kinds)}"
            raise refuse(f"{key}.{option}", value, f"used by {kind}", remedy)
    if pooling.get("learnable") and pooling["decay"] in (0, 1):
        what = "a number above 0 and below 1, which learnable needs"
        raise refuse(f"{key}.decay", pooling["decay"], what, "begin with one, such as 0.9998")


def _smoothing(config: Configuration) -> None:
    for name, model in config["models"].items():
        for option in ("smooth_frames", "nearby_frames"):
            frames = model["foreground"][option]
            if frames % 2 == 0:
                key, remedy = f"models.{name}.foreground.{option}", f"make it {frames + 1}"
                raise refuse(key, frames, "odd, so that a frame is its centre", remedy)


def _network_options(config: Configuration) -> None:
    for name, model in config["models"].items():
        network = model["network"]
        for option in ("context", "dilations", "shifts"):
            if network["type"] != "encoder_decoder" and network.get(option) is not None:
                remedy = "set it to null, or the type to encoder_decoder"
                key = f"models.{name}.network.{option}"
                raise refuse(key, network[option], f"used by {network['type']}", remedy)
        halvings = len(network["widths"]) - 1 if network["type"] == "encoder_decoder" else 0
        if name in config["grid"]["models"] and config["features"]["mels"] % 2**halvings:
            what = f"divisible by {2**halvings}, which models.{name}.network.widths needs"
            remedy = "give fewer widths or another number of mels"
            raise refuse("features.mels", config["features"]["mels"], what, remedy)


def _fresh_mixtures(config: Configuration) -> None:
    for name, model in config["models"].items():
        mixtures, key = model["mixtures"], f"models.{name}.mixtures"
        for option in mixtures if mixtures["type"] == "fixed" else ():
            if option != "type" and mixtures[option] is not None:
                remedy = "set it to null, or the type to fresh"
                raise refuse(f"{key}.{option}", mixtures[option], "used by fixed", remedy)
        for option in ("events", "level_db"):
            least, most = mixtures.get(option) or (0, 0)
            if least > most:
                remedy = "give the smaller number first"
                raise refuse(f"{key}.{option}", mixtures[option], "in order", remedy)


def _teachers(config: Configuration) -> None:
    for name, model in config["models"].items():
        weight, key = model["objective"]["consistency"], f"models.{name}.objective.consistency"
        averaged = model["training"]["average"]
        if averaged is None:
            averaged = config["training"]["average"]
        if weight and model["mixtures"]["type"] != "fresh":
            remedy = f"set it to 0, or models.{name}.mixtures.type to fresh"
            raise refuse(key, weight, "0 with fixed mixtures", remedy)
        if weight and not averaged:
            remedy = f"set it to 0, or models.{name}.training.average above 0"
            raise refuse(key, weight, "0 without averaged weights, the teacher's", remedy)


def _foregrounds(config: Configuration) -> None:
    """A map of the foreground learns from how clips were mixed, and is what masks are cut to."""
    for name, model in config["models"].items():
        objective, of_model = model["objective"], f"models.{name}"
        without = {
            "with fixed mixtures": (
                model["mixtures"]["type"] != "fresh",
                f"{of_model}.mixtures.type to fresh",
            ),
            "where masks are not cut to a foreground": (
                model["foreground"]["above"] is None,
                f"{of_model}.foreground.above to a number",
            ),
            "where the scene is not heard softer": (
                not objective["softer_db"],
                f"{of_model}.objective.softer_db above 0",
            ),
            "with a network that has no masks": (
                model["network"]["type"] == "dnn",
                f"{of_model}.network.type to encoder_decoder",
            ),
        }
        for why, (is_so, remedy) in without.items():
            if objective["foreground"] and is_so:
                key, remedy = f"{of_model}.objective.foreground", f"set it to 0, or {remedy}"
                raise refuse(key, objective["foreground"], f"0 {why}", remedy)


def _grid(config: Configuration) -> None:
    folds = config["mixtures"]["folds"]
    for fold in config["grid"]["holdout_folds"]:
        if fold > folds:
            remedy = "select one of these or raise mixtures.folds"
            raise refuse("grid.holdout_folds", fold, f"a fold from 1 to {folds}", remedy)
    for snr in config["grid"]["snr_db"]:
        if round(snr, MOST_DECIMALS) != snr:
            what = f"a number of at most {MOST_DECIMALS} decimals"
            raise refuse("grid.snr_db", snr, what, "round it: it becomes part of file names")


def _pooled_frames(config: Configuration) -> None:
    for name, model in config["models"].items():
        order = model["pooling"].get("order")
        if order == "frequency_first" and model["foreground"]["above"] is not None:
            what = "possible with a foreground, whose frames are pooled"
            raise refuse(f"models.{name}.pooling.order", order, what, "leave it out")


def _training_clips(config: Configuration) -> None:
    training, mixtures = config["training"], config["mixtures"]
    clips = mixtures["per_fold"] * (mixtures["folds"] - 1)
    if training["validation_clips"] >= clips:
        what = f"less than the {clips} clips of the training folds"
        remedy = "lower it or raise mixtures.per_fold"
        raise refuse("training.validation_clips", training["validation_clips"], what, remedy)
    left = clips - training["validation_clips"]
    if training["batch_size"] > left:
        what = f"at most the {left} clips of the training folds that are not for validation"
        remedy = "lower it or training.validation_clips, or raise mixtures.per_fold"
        raise refuse("training.batch_size", training["batch_size"], what, remedy)


def _detection(config: Configuration) -> None:
    low, high = config["detection"]["low_threshold"], config["detection"]["high_threshold"]
    if low > high:
        what = f"at most detection.high_threshold, {high:g}"
        raise refuse("detection.low_threshold", low, what, "lower it or raise high_threshold")
    median = config["detection"]["median_frames"]
    if median % 2 == 0:
        what = "odd, so that the median is one of the scores"
        raise refuse("detection.median_frames", median, what, f"make it {median + 1}")


def _pictures(config: Configuration) -> None:
    pictures, clips = config["evaluation"]["figure_clips"], config["mixtures"]["per_fold"]
    if pictures > clips:
        what = f"at most the {clips} mixtures of a fold (mixtures.per_fold)"
        raise refuse("evaluation.figure_clips", pictures, what, "lower it or raise per_fold")
    folds, run = config["mixtures"]["folds"], config["grid"]["holdout_folds"]
    named = {"evaluation.figure_mixtures": config["evaluation"]["figure_mixtures"]}
    named["gallery.clips"] = config["gallery"]["clips"]
    for key, name in ((key, name) for key, names in named.items() for name in names):
        if fold_of_mixture(name, folds, clips) not in run:
            names = [
                mixture_name(number) for f in run for number in ((f - 1) * clips, f * clips - 1)
            ]
            spans = [f"{low} to {high}" for low, high in zip(names[::2], names[1::2], strict=True)]
            what = f"a mixture of a holdout fold (grid.holdout_folds): {', '.join(spans)}"
            raise refuse(key, name, what, "name one that mixtures.yaml has")


def _predict(config: Configuration) -> None:
    asked = config["predict"]
    model, is_file = asked["model"], (asked["model"] or "").endswith(".pt")
    if model is not None and not is_file and model not in config["models"]:
        what = f"defined in models, which has {', '.join(config['models'])}, or a file model.pt"
        raise refuse("predict.model", model, what, "give one of these, or a path")
    if is_file and asked["thresholds"] == "tuned":
        what = "known for the file of a model"
        raise refuse("predict.thresholds", "tuned", what, "give the file of thresholds, or null")
    fold, folds = asked["holdout_fold"], config["mixtures"]["folds"]
    if fold is not None and fold > folds:
        raise refuse("predict.holdout_fold", fold, f"a fold from 1 to {folds}", "give one of these")
    snr = asked["snr_db"]
    if snr is not None and round(snr, MOST_DECIMALS) != snr:
        what = f"a number of at most {MOST_DECIMALS} decimals"
        raise refuse("predict.snr_db", snr, what, "round it: it becomes part of file names")


CHECKS: tuple[Callable[[Configuration], None], ...] = (
    _sources,
    _published_plan,
    _onsets,
    _frames,
    _mel_bands,
    _models,
    _network_options,
    _smoothing,
    _pooled_frames,
    _fresh_mixtures,
    _teachers,
    _foregrounds,
    _grid,
    _training_clips,
    _detection,
    _pictures,
    _predict,
)
