"""What the tests of pictures draw, and how they read it."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from weakseg.detection import EVENT_COLUMNS, Detector
from weakseg.figures import (
    classes,
    clip,
    colours,
    curves,
    decisions,
    history,
    masks,
    method,
    models,
    noise,
    style,
    truth,
)
from weakseg.figures.clip_data import ClipData
from weakseg.metrics.curves import CURVE_COLUMNS
from weakseg.spectral import Spectral

SPECTRAL = Spectral(sample_rate=8000, window=512, hop=256, mels=32, fmin=50.0, fmax=4000.0)
DETECTOR = Detector(clip_threshold=0.1, high=0.2, low=0.1, merge_gap=1, drop=0)
NAMES = ["Bark", "Burping_or_eructation", "$cost_{x}$", "_hidden", "<b>&amp;", "a--b", "Flute", "$"]
SECONDS, FRAMES = 2.0, 61


def events_of(*rows):
    return pd.DataFrame([("x", *row) for row in rows], columns=EVENT_COLUMNS)


def make_clip(names=NAMES, true=(0, 1), found=(1, 2), **changes):
    """A clip whose classes `true` sound and whose classes `found` are probable."""
    rng = np.random.default_rng(0)
    predicted = rng.random((len(names), FRAMES, SPECTRAL.mels)).astype(np.float32)
    probabilities = np.array(
        [0.9 - 0.1 * found.index(i) if i in found else 0.01 for i in range(len(names))]
    )
    fields = {
        "spectral": SPECTRAL,
        "classes": names,
        "waveform": rng.uniform(-0.5, 0.5, round(SECONDS * 8000)),
        "logmel": rng.normal(size=(FRAMES, SPECTRAL.mels)),
        "clip_probabilities": probabilities,
        "frame_scores": predicted.mean(axis=2).T,
        "masks": predicted,
        "events": events_of(*((0.5, 0.5 + 0.1 * i, names[i]) for i in found)),
        "true_events": events_of(*((0.4 + 0.1 * i, 1.0 + 0.1 * i, names[i]) for i in true)),
        "mask_truth": {i: rng.random((FRAMES, SPECTRAL.mels)) > 0.7 for i in true},
    }
    return ClipData(**(fields | changes))


def history_of(n=3, **changes):
    columns = {"iteration": 100 * np.arange(1, n + 1), "loss": 1 / np.arange(1.0, n + 1)}
    columns |= {"validation_loss": np.arange(n) + 0.5, "validation_f1": np.linspace(0, 1, n)}
    return pd.DataFrame(columns | {"gradient_norm": np.geomspace(1, 0.1, n)} | changes)


def summary_of(snrs=(0, 10), names=("gmp", "_new$x$", "oracle_mask"), low=pd.NA, high=pd.NA):
    groups = [group for chart in models.CHARTS for group in chart.groups]
    rows = [
        (snr, name, fold, task, metric, 0.1 * place + 0.01 * number, low, high)
        for snr in snrs
        for place, name in enumerate(names)
        for number, (task, metric) in enumerate(groups)
        for fold in ("1", "mean")
    ]
    return pd.DataFrame(rows, columns=models.COLUMNS)


def draw_method(data, shown):
    separated = dict.fromkeys(shown, data.waveform)
    return method.draw_method(data, DETECTOR, shown=shown, separated=separated)


def draw_clip(data, **options):
    return clip.draw_clip(data, DETECTOR, name="00001", model="gwrp", **options)


def draw_masks(data):
    return masks.draw_masks(data, name="00001", model="gwrp", snr_db=0)


def make_mixture(names=(NAMES[0], NAMES[2])):
    rng = np.random.default_rng(1)
    return truth.Mixture(
        SPECTRAL,
        rng.uniform(-0.5, 0.5, round(SECONDS * 8000)),
        rng.normal(size=(FRAMES, SPECTRAL.mels)),
        {name: rng.random((FRAMES, SPECTRAL.mels), np.float32) for name in names},
    )


def draw_truth(mixture):
    return truth.draw_truth(mixture, name="00001", snr_db=-5)


def draw_decisions(data):
    return decisions.draw_decisions(data, DETECTOR, name="00001", model="gwrp", snr_db=0)


def draw_colours(data):
    return colours.draw_colours(data, 0.1, name="00001", model="gwrp", snr_db=0)


def curve_of(tasks=("tagging", "frames", "masks")):
    at = np.linspace(0, 0.9, 10)
    rows = [(task, t, t**0.5, 1 - t, t * (1 - t)) for task in tasks for t in at]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def draw_curves(tables):
    thresholds = {"tagging": 0.1, "frames": 0.21, "masks": 0.3}
    return curves.draw_curves(tables, thresholds, "Curves")


def per_class_of(names, values):
    """A table at 0 dB: of each model, the value of each class in every task."""
    with_reference = values | {"oracle_mask": [1.0] * len(names)}
    rows = [
        (0.0, model, fold, name, task, metric, value)
        for model, each in with_reference.items()
        for name, value in zip(names, each, strict=True)
        for _, _, task, metric in classes.PANELS
        for fold in ("1", "mean")
    ]
    return pd.DataFrame(rows, columns=classes.COLUMNS)


def draw_classes(names, models=("gmp", "_$")):
    values = {model: np.linspace(0.1, 1, len(names)) for model in models}
    return classes.draw_classes(per_class_of(names, values), 0)


LONG = [f"A_class_with_a_name_that_has_no_room_at_all_{i}_$" for i in range(14)]
PICTURES = {
    "clip": lambda: draw_clip(make_clip(), snr_db=-5),
    "clip of six classes": lambda: draw_clip(make_clip(true=(0, 1, 2, 3), found=(4, 5, 6))),
    "clip of long names": lambda: draw_clip(make_clip(LONG, found=tuple(range(14)))),
    "clip of no class": lambda: draw_clip(make_clip(true=(), found=())),
    "clip without truth": lambda: draw_clip(make_clip(true_events=None, mask_truth={})),
    "clip without masks": lambda: draw_clip(make_clip(masks=None)),
    "masks": lambda: draw_masks(make_clip()),
    "masks of long names": lambda: draw_masks(make_clip(LONG, found=tuple(range(14)))),
    "masks of two classes": lambda: draw_masks(make_clip(NAMES[:2], found=(1,))),
    "masks of forty classes": lambda: draw_masks(make_clip([f"name {i}" for i in range(41)])),
    "truth": lambda: draw_truth(make_mixture()),
    "truth of long names": lambda: draw_truth(make_mixture(LONG)),
    "truth of nothing": lambda: draw_truth(make_mixture(())),
    "decisions": lambda: draw_decisions(make_clip()),
    "decisions of long names": lambda: draw_decisions(make_clip(LONG, found=tuple(range(14)))),
    "decisions without truth": lambda: draw_decisions(
        make_clip(NAMES[:2], found=(1,), true_events=None, mask_truth={})
    ),
    "colours": lambda: draw_colours(make_clip()),
    "colours of long names": lambda: draw_colours(make_clip(LONG, found=tuple(range(14)))),
    "colours of no class": lambda: draw_colours(make_clip(true=(), found=(), masks=None)),
    "curves": lambda: draw_curves({"gmp": curve_of(), "_$": curve_of(("tagging", "frames"))}),
    "curves of many": lambda: draw_curves({name: curve_of() for name in LONG}),
    "noise": lambda: noise.draw_noise(summary_of((-5, 0, 10))),
    "noise of long names": lambda: noise.draw_noise(summary_of((0, 10, 20), LONG)),
    "classes": lambda: draw_classes(NAMES),
    "classes of long names": lambda: draw_classes(LONG, LONG),
    "method": lambda: draw_method(make_clip(found=(0, 1, 2)), [0, 1, 2]),
    "method of one class": lambda: draw_method(make_clip(LONG, found=(3,)), [3]),
    "history": lambda: history.draw_history({"gmp": history_of(), "_$": history_of(1)}),
    "history of many": lambda: history.draw_history({name: history_of(30) for name in LONG}),
    "models": lambda: models.draw_models(summary_of()),
    "models of long names": lambda: models.draw_models(summary_of((0,), LONG)),
}


def drawn(figure):
    """Draw a figure; its texts that can be seen."""
    texts, original = [], Text.draw

    def record(text, renderer):
        if text.get_visible() and text.get_text().strip():
            texts.append(text)
        original(text, renderer)

    with pytest.MonkeyPatch.context() as patch, style.style():
        patch.setattr(Text, "draw", record)
        figure.canvas.draw()
    return texts


def words(figure):
    return [text.get_text() for text in drawn(figure)]


def panels_of(figure, label):
    return [axes for axes in figure.axes if axes.get_ylabel() == label]
