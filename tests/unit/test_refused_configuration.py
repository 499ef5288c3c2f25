"""Configurations that are refused, in one line, and those on a bound that are taken."""

from __future__ import annotations

import math
import warnings
from typing import Any

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.demo_configuration import DEMO, demo_with, values_of
from workflow.configuration import ConfigurationError, complete, complete_or_stop

ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)  # as YAML's `&a [*a]`

BAD: list[tuple[dict[Any, Any], str]] = [
    # unknown keys: the line names the nearest known one
    ({"experimnt": "x"}, "experimnt: no such key .* experiment,"),
    ({"seed": 3}, "seed: no such key .* mixtures.seed,"),
    ({3: 4}, "3: no such key"),
    ({"a\nb": 4}, "a b: no such key"),
    ({"trainng": {}}, "trainng: no such key .* training,"),
    ({"mixtures": {"sampel_rate": 16000}}, "mixtures.sampel_rate: .* mixtures.sample_rate,"),
    ({"features": {"n_mels": 64}}, "features.n_mels: .* features.mels,"),
    ({"features": {"seconds": 3}}, "features.seconds: .* mixtures.seconds,"),
    ({"models": {"gmp": {"netwrk": {}}}}, "models.gmp.netwrk: .* models.gmp.network,"),
    ({"models": {"gmp": {"network": {"width": [1]}}}}, "models.gmp.network.width: .*widths,"),
    ({"models": {"gwrp": {"pooling": {"r": 1}}}}, "models.gwrp.pooling.r: no such key"),
    # kinds of values
    ({"training": None}, "training: null is not a group of keys"),
    ({"training": 3}, "training: 3 is not a group of keys"),
    ({"models": []}, r"models: \[\] is not a group of keys"),
    ({"mixtures": {"seed": "soon"}}, "mixtures.seed: 'soon' is not a whole number from 0"),
    ({"mixtures": {"seed": 1.5}}, "mixtures.seed: 1.5 is not a whole number"),
    ({"mixtures": {"seed": True}}, "mixtures.seed: true is not a whole number"),
    ({"mixtures": {"seed": None}}, "mixtures.seed: null is not a whole number"),
    ({"mixtures": {"seed": 2**32}}, "mixtures.seed: 4294967296 is not"),
    ({"mixtures": {"seed": 10**400}}, "mixtures.seed: 1000.* is not"),
    ({"mixtures": {"seconds": math.nan}}, "mixtures.seconds: nan is not a number from 0.1"),
    ({"mixtures": {"seconds": "nan"}}, "mixtures.seconds: nan is not a number"),
    ({"mixtures": {"seconds": math.inf}}, "mixtures.seconds: inf is not"),
    ({"features": {"mask_threshold_db": -math.inf}}, "features.mask_threshold_db: -inf is not"),
    ({"grid": {"snr_db": [0, math.nan]}}, r"grid.snr_db\[1\]: nan is not a number"),
    ({"mixtures": {"overlap": "maybe"}}, "mixtures.overlap: 'maybe' is not true or false"),
    ({"mixtures": {"overlap": 1}}, "mixtures.overlap: 1(.0)? is not true or false"),
    ({"experiment": 3}, "experiment: 3 is not a plain file name"),
    ({"results": None}, "results: null is not a directory"),
    ({"data": {"source": "kaggle"}}, "data.source: 'kaggle' is not one of demo, archives"),
    ({"grid": {"models": "gmp"}}, "grid.models: 'gmp' is not a list"),
    ({"grid": {"models": [["gmp"]]}}, r"grid.models\[0\]: \['gmp'\] is not the name of a model"),
    ({"grid": {"snr_db": ENDLESS}}, r"grid.snr_db\[0\]: .* is not a number"),
    ({"mixtures": {"seed": ENDLESS}}, "mixtures.seed: .* is not a whole number"),
    ({"mixtures": {"seconds": {"a": 1}}}, "mixtures.seconds: {'a': 1} is not a number"),
    # bounds
    ({"mixtures": {"folds": 1}}, "mixtures.folds: 1 is not a whole number from 2 to 100"),
    ({"mixtures": {"events": 8}}, "mixtures.events: 8 is not a whole number from 1 to 7"),
    ({"mixtures": {"seconds": 0}}, "mixtures.seconds: 0.0 is not"),
    ({"mixtures": {"level_over": "whole"}}, "mixtures.level_over: 'whole' is not one of heard"),
    ({"training": {"learning_rate": 0}}, "training.learning_rate: 0.0 is not a number above 0"),
    ({"training": {"batch_size": 0}}, "training.batch_size: 0 is not"),
    ({"detection": {"high_threshold": 1.1}}, "detection.high_threshold: 1.1 is not"),
    ({"models": {"gmp": {"network": {"widths": []}}}}, r"models.gmp.network.widths: \[\] is not"),
    ({"models": {"gmp": {"network": {"widths": [0]}}}}, r"models.gmp.network.widths\[0\]: 0 is"),
    ({"grid": {"snr_db": []}}, r"grid.snr_db: \[\] is not a list"),
    # names
    ({"experiment": "a/b"}, "experiment: 'a/b' is not a plain file name"),
    ({"experiment": ".."}, "experiment: '..' is not a plain file name"),
    ({"experiment": ""}, "experiment: '' is not a plain file name"),
    ({"experiment": "x" * 101}, "experiment: 'xx.*' is not a plain file name"),
    ({"results": "a/{b}"}, "results: 'a/{b}' is not a directory"),
    ({"results": "a\x1b[31m"}, "results: .* is not a directory"),
    ({"models": {"My-Model": {}}}, "models: 'My-Model' is not a model name"),
    ({"models": {"oracle_x": {}}}, "models: 'oracle_x' is not a model name"),
    ({"models": {7: {}}}, "models: 7 is not a model name"),
    ({"models": {"mine": {}}}, "models.mine.pooling.type: it is missing"),
    # lists
    ({"grid": {"models": ["gmp", "gmp"]}}, "grid.models: .* is not a list without repetition"),
    ({"grid": {"snr_db": [0, 0.0]}}, "grid.snr_db: .* is not a list without repetition"),
    ({"grid": {"holdout_folds": [1, "1"]}}, "grid.holdout_folds: .* without repetition"),
    # keys that disagree
    ({"grid": {"models": ["gmp", "big"]}}, "grid.models: 'big' is not defined in models"),
    ({"grid": {"holdout_folds": [1, 5]}}, "grid.holdout_folds: 5 is not a fold from 1 to 4"),
    ({"grid": {"holdout_folds": [0]}}, r"grid.holdout_folds\[0\]: 0 is not"),
    ({"grid": {"snr_db": [1.23456]}}, "grid.snr_db: 1.23456 is not a number of at most 3"),
    ({"models": {"gwrp": {"pooling": {"decay": None}}}}, "models.gwrp.pooling.decay: null is not"),
    (
        {"models": {"gwrp": {"network": {"dilations": [1, 2]}}}},
        r"models.gwrp.network.dilations: \[1, 2\] is not used by published; set it to null",
    ),
    (
        {"models": {"best": {"network": {"widths": [4] * 8}}}},
        "features.mels: 64 is not divisible by 128, which models.best.network.widths needs",
    ),
    (
        {"models": {"gwrp": {"mixtures": {"speed": 0.2}}}},
        "models.gwrp.mixtures.speed: 0.2 is not used by fixed; .* the type to fresh",
    ),
    (
        {"models": {"best": {"mixtures": {"level_db": [3, -3]}}}},
        r"models.best.mixtures.level_db: \[3.0, -3.0\] is not in order; give the smaller",
    ),
    (
        {"models": {"gwrp": {"objective": {"consistency": 1}}}},
        "models.gwrp.objective.consistency: 1.0 is not 0 with fixed mixtures; set it to 0, or",
    ),
    (
        {"models": {"best": {"objective": {"consistency": 1}, "training": {"average": 0}}}},
        "models.best.objective.consistency: 1.0 is not 0 without averaged weights, the teacher's;",
    ),
    *(
        (
            {"models": {"best": {"objective": {"foreground": 1}} | change}},
            f"models.best.objective.foreground: 1.0 is not 0 {why}; set it to 0, or models.best.",
        )
        for change, why in (
            ({"mixtures": {"type": "fixed"}}, "with fixed mixtures"),
            ({"foreground": {"above": None}}, "where masks are not cut to a foreground"),
            (
                {"objective": {"foreground": 1, "softer_db": 0}},
                "where the scene is not heard softer",
            ),
            ({"network": {"type": "dnn", "widths": [8]}}, "with a network that has no masks"),
        )
    ),
    (
        {"models": {"best": {"mixtures": {"events": [1]}}}},
        r"models.best.mixtures.events: \[1\] is not a list of two whole numbers",
    ),
    ({"models": {"gmp": {"pooling": {"decay": 0.5}}}}, "models.gmp.pooling.decay: 0.5 is not used"),
    (
        {"models": {"gmp": {"pooling": {"learnable": False}}}},
        "models.gmp.pooling.learnable: false is",
    ),
    (
        {"models": {"gap": {"pooling": {"sharpness": 2}}}},
        "models.gap.pooling.sharpness: 2.0 is not used by gap; .*exp_softmax or auto_pool",
    ),
    (
        {"models": {"gwrp": {"pooling": {"exponent": 2}}}},
        "models.gwrp.pooling.exponent: 2.0 is not",
    ),
    (
        {"models": {"mine": {"pooling": {"type": "power_mean"}}}},
        "models.mine.pooling.exponent: null is not a number from 1 to 100; give it",
    ),
    (
        {"models": {"gwrp": {"pooling": {"decay": 1, "learnable": True}}}},
        "models.gwrp.pooling.decay: 1.0 is not a number above 0 and below 1",
    ),
    (
        {"models": {"gap": {"pooling": {"order": "time"}}}},
        "models.gap.pooling.order: 'time' is not",
    ),
    (
        {"models": {"gap": {"pooling": {"type": "max"}}}},
        "models.gap.pooling.type: 'max' is not one",
    ),
    ({"data": {"source": "archives"}}, "data.scenes: null is not a directory"),
    ({"data": {"source": "folders", "scenes": "s"}}, "data.events: null is not a directory"),
    ({"data": {"scenes": "s", "events": "e"}}, "data.scenes: 's' is not used"),
    ({"mixtures": {"onsets": "never"}}, "mixtures.onsets: 'never' is not random"),
    ({"mixtures": {"onsets": [0.5, 3.0]}}, "mixtures.onsets: .* is not a list of 3"),
    ({"mixtures": {"onsets": [0, 3, 8.5]}}, "mixtures.onsets: .* is not early enough for 2 s"),
    ({"mixtures": {"onsets": [0, 3, -1]}}, r"mixtures.onsets\[2\]: -1.0 is not"),
    (
        {"mixtures": {"preset": "published", "events": 2}},
        "mixtures.onsets: .* not a list of 2.* or set mixtures.events to 3",
    ),
    (
        {"mixtures": {"preset": "published", "seconds": 5}},
        "mixtures.onsets: .* not early enough .* set mixtures.seconds to at least 7.5",
    ),
    (
        {"mixtures": {"preset": "published", "onsets": "random"}},
        "mixtures.onsets: 'random' is not a list, which the published",
    ),
    (
        {"mixtures": {"preset": "published", "reshuffle": True}},
        "mixtures.reshuffle: true is not possible in the published plan",
    ),
    ({"mixtures": {"events": 6}}, "mixtures.seconds: 10.0 is not room for 6 events of 2 s"),
    (
        {"mixtures": {"overlap": True, "event_seconds": 11}},
        "mixtures.seconds: 10.0 is not room for 3 events of 11 s",
    ),
    ({"features": {"hop": 4096}}, "features.hop: 4096 is not at most features.window, 2048"),
    (
        {"mixtures": {"seconds": 0.5, "event_seconds": 0.1}, "features": {"window": 16384}},
        "features.window: 16384 is not at most the 16000 samples",
    ),
    ({"features": {"fmax_hz": 16001}}, "features.fmax_hz: 16001.0 is not at most half"),
    ({"features": {"fmax_hz": 50}}, "features.fmin_hz: 50.0 is not below features.fmax_hz"),
    ({"features": {"mels": 512}}, "features.mels: 512 is not few enough"),
    (
        {"detection": {"median_frames": 4}},
        "detection.median_frames: 4 is not odd.*make it 5",
    ),
    (
        {"detection": {"low_threshold": 0.3}},
        "detection.low_threshold: 0.3 is not at most detection.high_threshold, 0.2",
    ),
    ({"training": {"validation_clips": 180}}, "training.validation_clips: 180 is not less"),
    ({"training": {"batch_size": 157}}, "training.batch_size: 157 is not at most the 156"),
    ({"evaluation": {"figure_clips": 61}}, "evaluation.figure_clips: 61 is not at most the 60"),
    (
        {"evaluation": {"figure_mixtures": ["00060.wav"]}, "grid": {"holdout_folds": [1, 3]}},
        "evaluation.figure_mixtures: '00060.wav' is not a mixture of a holdout fold .*: "
        "00000.wav to 00059.wav, 00120.wav to 00179.wav",
    ),
    (
        {"gallery": {"clips": ["00060.wav"]}, "grid": {"holdout_folds": [1]}},
        "gallery.clips: '00060.wav' is not a mixture of a holdout fold .*: 00000.wav to 00059.wav",
    ),
    ({"evaluation": {"figure_mixtures": ["12"]}}, "evaluation.figure_mixtures: '12' is not a mix"),
    ({"evaluation": {"figure_mixtures": "00001.wav"}}, "evaluation.figure_mixtures: .* is not a l"),
]


@pytest.mark.parametrize(("over", "line"), BAD, ids=[line[:40] for _, line in BAD])
def test_what_cannot_be_run_is_refused_in_one_line(over: dict[Any, Any], line: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{line}") as refusal:
        complete(demo_with(over))
    assert len(str(refusal.value).splitlines()) == 1
    assert isinstance(refusal.value, ValueError)


@pytest.mark.parametrize(
    "over",
    [
        {"mixtures": {"events": 5}},  # five events of 2 s fill 10 s
        {"mixtures": {"events": 7, "overlap": True}},
        {"mixtures": {"onsets": [8.0, 0.0, 0.0]}},
        {"mixtures": {"seconds": 0.3, "event_seconds": 0.1}},  # 3 * 0.1 > 0.3 in floats
        {"features": {"hop": 2048}},
        {"features": {"mels": 256}},
        {"detection": {"low_threshold": 0.2}},
        {"training": {"batch_size": 156}},
        {"data": {"source": "archives", "scenes": "a b/s", "events": "é"}},
        {"data": {"source": "dcase2018"}},
        {"grid": {"snr_db": [-60, 0.125, 60], "holdout_folds": [4, 2]}},
    ],
)
def test_what_lies_on_a_bound_is_taken(over: dict[str, Any]) -> None:
    assert complete(demo_with(over))


def test_the_snakefile_stops_with_one_line() -> None:
    with pytest.raises(SystemExit) as stop:
        complete_or_stop(demo_with({"mixtures": {"folds": 1}}))
    assert str(stop.value).startswith("configuration: mixtures.folds: 1 is not")
    assert complete_or_stop(DEMO) == complete(DEMO)


# ---------------------------------------------------------------- properties

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3)
    ),
    max_leaves=5,
)


@given(key=st.sampled_from(sorted(values_of(DEMO))), value=ANYTHING)
def test_any_value_anywhere_completes_or_is_refused_in_one_line(key: str, value: object) -> None:
    for part in reversed(key.split(".")):
        value = {part: value}
    try:
        completed = complete(demo_with(value))  # type: ignore[arg-type]
    except ConfigurationError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert complete(completed) == completed


@given(
    mels=st.integers(1, 400),
    window=st.sampled_from([256, 400, 1024, 2048]),
    sample_rate=st.sampled_from([8000, 16000, 32000, 44100]),
    fmin=st.sampled_from([0, 20, 50, 500, 1500]),
)
def test_mels_are_refused_where_librosa_would_leave_a_band_empty(
    mels: int, window: int, sample_rate: int, fmin: int
) -> None:
    with warnings.catch_warnings(action="ignore"):  # librosa's, of empty bands
        filters = librosa.filters.mel(
            sr=sample_rate, n_fft=window, n_mels=mels, fmin=fmin, norm=None, dtype=np.float64
        )
    features = {"mels": mels, "window": window, "hop": window, "fmin_hz": fmin}
    grid = {"models": ["gwrp"]}  # which takes any number of mels
    mixtures = {"sample_rate": sample_rate}
    config = demo_with({"mixtures": mixtures, "features": features, "grid": grid})
    if (filters.max(axis=1) > 1e-9).all():  # on an edge that is a bin, rounding leaves 1e-14
        assert complete(config)["features"]["mels"] == mels
    else:
        with pytest.raises(ConfigurationError, match=r"features.mels: \d+ is not few enough"):
            complete(config)
