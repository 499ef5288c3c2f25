"""Pictures: what is drawn is what was given; all can be read; same arrays, same bytes."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import StepPatch
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


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_can_be_read(name):
    figure = PICTURES[name]()
    texts = drawn(figure)
    boxes = [text.get_window_extent().padded(-1) for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert figure.bbox.fully_contains(*box.min) and figure.bbox.fully_contains(*box.max), text
    for (one, first), (other, second) in combinations(zip(texts, boxes, strict=True), 2):
        assert not first.overlaps(second), (one, other)
    whole = figure.get_tightbbox()
    assert whole.x0 >= 0 and whole.y0 >= 0
    assert whole.x1 <= figure.get_figwidth() and whole.y1 <= figure.get_figheight()
    assert (
        min(text.get_fontsize() for text in texts) >= 9
    )  # 7 on a page of 7 inches between its margins
    assert not any(text.get_parse_math() for text in texts)  # names are literal
    labels = {label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel())}
    assert all(re.search(r"\(.+\)", label) for label in labels - {"", "Class", "Hz"})


@pytest.mark.parametrize(
    "name",
    [
        "clip",
        "masks",
        "truth",
        "decisions",
        "colours",
        "curves",
        "noise",
        "classes",
        "method",
        "history",
        "models",
    ],
)
def test_same_arrays_give_the_same_bytes(name, tmp_path):
    endings = ("png", "svg")
    first = PICTURES[name]()
    for ending in endings:
        style.save(first, tmp_path / f"a.{ending}")
    with matplotlib.rc_context({"font.size": 20, "axes.grid": True, "text.parse_math": True}):
        settings = dict(matplotlib.rcParams)
        second = PICTURES[name]()
        for ending in endings:
            style.save(second, tmp_path / f"b.{ending}")
        assert dict(matplotlib.rcParams) == settings
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg", "b.png", "b.svg"]
    for ending in endings:
        same = (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
        assert same, ending
    ElementTree.parse(tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in text and "(0 to 1)</text>" in text  # text is text


def test_clip_shows_the_given_arrays():
    data = make_clip()
    figure = draw_clip(data, snr_db=-5)
    assert figure.texts[0].get_text() == "00001, gwrp, SNR -5 dB"
    assert all(axes.get_ylabel() for axes in figure.axes)
    images = [axes.images[0] for axes in figure.axes if axes.images]
    expected = [data.logmel, data.mask_truth[0], data.masks[0], data.mask_truth[1], data.masks[1]]
    for image, values in zip(images, [*expected, data.masks[2]], strict=True):
        np.testing.assert_array_equal(image.get_array(), values.T)
        assert image.get_extent()[:2] == [0, FRAMES * 256 / 8000]
    assert {image.get_clim() for image in images[1:]} == {(0, 1)}
    (scores,) = panels_of(figure, "Frame score\n(0 to 1)")
    steps = [patch for patch in scores.patches if isinstance(patch, StepPatch)]
    for step, index in zip(steps, [0, 1, 2], strict=True):
        np.testing.assert_array_equal(step.get_data().values, data.frame_scores[:, index])
        np.testing.assert_array_equal(step.get_data().edges, data.frame_edges)
    assert [line.get_ydata()[0] for line in scores.get_lines()] == [0.2, 0.1]
    labels = [text.get_text() for text in scores.get_legend().get_texts()]
    assert labels == [*NAMES[:3], "high threshold 0.2", "low threshold 0.1"]


def spans(collection):
    return [tuple(path.vertices[:, 0][[0, 2]]) for path in collection.get_paths()]


def test_events_are_bars_in_lanes_up_to_the_clips_edge():
    true = events_of((0.0, 0.032, "Bark"), (1.968, 2.0, "Bark"))
    figure = draw_clip(make_clip(true=(0,), found=(0,), true_events=true, events=true.tail(1)))
    (lanes,) = panels_of(figure, "Class")
    outlined, filled = [c for c in lanes.collections if len(c.get_paths())]
    np.testing.assert_allclose(spans(outlined), [(0, 0.032), (1.968, 2)])
    np.testing.assert_allclose(spans(filled), [(1.968, 2)])
    assert lanes.get_xlim() == (0, 2)
    assert [label.get_text() for label in lanes.get_yticklabels()] == ["Bark"]


def test_classes_in_the_clip_come_first_and_six_are_shown():
    data = make_clip(true=(5, 3), found=(0, 1, 2, 4, 3, 6))
    assert data.in_clip_or_found(0.1) == [3, 5, 0, 1, 2, 4, 6]
    texts = words(draw_clip(data))
    assert "Not shown: 1 of 7 classes in the clip or found." in texts
    assert "a--b: in the clip, not found (clip probability 0.01)" in texts
    assert "Bark: not in the clip, found (clip probability 0.90)" in texts
    assert "00001, gwrp" in texts


def test_masks_are_ordered_by_probability_and_the_truth_is_outlined():
    data = make_clip(true=(1,), found=(2, 1, 0))
    figure = draw_masks(data)
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title(loc="left") for axes in shown[:3]] == [
        "$cost_{x}$: 0.90",
        "Burping_or_eructation: 0.80",
        "Bark: 0.70",
    ]
    np.testing.assert_array_equal(shown[0].images[0].get_array(), data.masks[2].T)
    assert [len(axes.collections) for axes in shown] == [0, 1, *[0] * 6]
    outline = shown[1].collections[0].get_paths()[0].vertices
    assert outline[:, 0].max() <= FRAMES * 256 / 8000 and outline[:, 1].min() >= -0.5


def test_the_true_masks_stand_in_for_a_model_without_masks():
    data = make_clip(true=(3, 1), masks=None)
    figure = draw_masks(data)
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(shown) == 2
    np.testing.assert_array_equal(shown[0], data.mask_truth[1].T)  # the more probable one
    assert any("These are the true ones" in text for text in words(figure))
    with pytest.raises(ValueError, match="no masks, neither of the model gwrp nor true ones"):
        draw_masks(make_clip(masks=None, mask_truth={}))


def test_the_grid_has_the_masks_of_all_classes():
    figure = draw_masks(make_clip([f"class{i}" for i in range(41)]))
    assert sum(bool(axes.images) for axes in figure.axes) == 41
    assert "Not shown" not in "".join(words(figure))


def test_truth_shows_the_given_arrays():
    mixture = make_mixture()
    figure = draw_truth(mixture)
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    for image, values in zip(images, [mixture.logmel, *mixture.ratio_masks.values()], strict=True):
        np.testing.assert_array_equal(image, values.T)
    titles = [axes.get_title(loc="left") for axes in figure.axes[2:4]]
    assert titles == ["Ideal ratio mask: Bark", "Ideal ratio mask: $cost_{x}$"]
    assert figure.texts[0].get_text() == "00001, SNR -5 dB"
    lines = words(draw_truth(make_mixture(LONG)))
    assert "Not shown: 6 of 14 classes in the mixture." in lines


def test_decisions_show_truth_scores_and_events():
    true = events_of((0.512, 1.0, "Bark"))
    data = make_clip(true=(0,), found=(1,), true_events=true, events=events_of((0.1, 0.3, "Flute")))
    figure = draw_decisions(data)
    truth, scores, events = figure.axes[:3]
    shown = [0, 1, 2, 3, 4, 5]
    frames = truth.images[0].get_array()
    assert frames.shape == (6, FRAMES) and not frames[1:].any()
    assert np.flatnonzero(frames[0]).tolist() == list(range(16, 32))  # 32 ms each
    np.testing.assert_array_equal(scores.images[0].get_array(), data.frame_scores[:, shown].T)
    labels = [text.get_text() for text in events.get_yticklabels()]
    assert labels == [f"{NAMES[i]} {data.clip_probabilities[i]:.2f}" for i in shown]
    outlined = [c for c in events.collections if len(c.get_paths())]
    np.testing.assert_allclose(spans(outlined[0]), [(0.512, 1.0)])
    without = draw_decisions(make_clip(true_events=None, mask_truth={}))
    assert [axes.get_title(loc="left") for axes in without.axes[:2]] == [
        "Frame by frame, predicted",
        "Event by event, filled: found",
    ]


def test_false_colours_add_up_and_are_numbered():
    data = make_clip(true=(2, 0), found=(4,))
    figure = draw_colours(data)
    logmel, true, predicted = (
        figure.axes[0],
        *[a for a in figure.axes if "mask" in a.get_title("left")],
    )
    np.testing.assert_array_equal(logmel.images[0].get_array(), data.logmel.T)
    first, second = (np.array(to_rgb(shade)) for shade in colours.COLOURS[:2])
    order = data.true_classes
    both = data.mask_truth[order[0]] & data.mask_truth[order[1]]
    painted = np.asarray(true.images[0].get_array()).swapaxes(0, 1)
    np.testing.assert_allclose(
        painted[both], np.tile(np.minimum(first + second, 1), (both.sum(), 1))
    )
    assert (painted[~data.mask_truth[order[0]] & ~data.mask_truth[order[1]]] == 0).all()
    assert [text.get_text() for text in predicted.texts] == ["1", "2", "3"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["1 Bark", "2 $cost_{x}$", "3 <b>&amp;"]


def test_curves_mark_the_thresholds_of_the_configuration():
    table = curve_of()
    figure = draw_curves({"gmp": table, "_$": table.query("task != 'masks'")})
    assert len(figure.axes) == 12
    across, against = figure.axes[4], figure.axes[7]
    rows = table[table.task == "frames"]
    np.testing.assert_array_equal(across.lines[0].get_xydata(), rows[["recall", "precision"]])
    np.testing.assert_array_equal(against.lines[0].get_xydata(), rows[["threshold", "f1"]])
    assert (
        against.lines[1].get_xydata().tolist()
        == rows[["threshold", "f1"]].iloc[[2]].values.tolist()
    )
    assert against.lines[-1].get_xdata()[0] == 0.21
    assert len(figure.axes[8].lines) == 2 and len(figure.axes[9].lines) == 3  # one model has masks
    with pytest.raises(ValueError, match="no curve was given"):
        draw_curves({})
    with pytest.raises(ValueError, match="curve of gmp: no column f1"):
        draw_curves({"gmp": table.drop(columns="f1")})


def test_noise_draws_the_means_against_the_snr():
    summary = summary_of((10, -5, 0), low=0.0, high=0.5)
    figure = noise.draw_noise(summary)
    assert len(figure.axes) == 6
    chosen = summary.query("task == 'tagging' and metric == 'f1' and holdout_fold == 'mean'")
    for line, name in zip(
        figure.axes[0].get_lines(), ["gmp", "_new$x$", "oracle_mask"], strict=True
    ):
        mine = chosen[chosen.model == name].sort_values("snr_db")
        np.testing.assert_array_equal(line.get_xydata(), mine[["snr_db", "value"]].to_numpy(float))
    ends = [path.vertices[:, 1].tolist() for path in figure.axes[0].collections[0].get_paths()]
    assert ends == [[0, 0.5]] * 3
    with pytest.raises(ValueError, match="one SNR; run two or more"):
        noise.draw_noise(summary_of((0,)))


def test_classes_are_marks_the_best_class_first():
    table = per_class_of(["Bark", "Flute"], {"gmp": [0.2, 0.4], "gap": [0.1, np.nan]})
    figure = classes.draw_classes(table, 0)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["Flute", "Bark"]
    for panel in figure.axes[:4]:
        gmp, gap = panel.get_lines()
        assert gmp.get_xdata().tolist() == [0.4, 0.2]
        assert gmp.get_ydata().tolist() == [-0.125, 0.875]
        assert gap.get_ydata().tolist() == [0.125, 1.125]
        assert np.isnan(gap.get_xdata()[0]) and gap.get_xdata()[1] == 0.1
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["gmp", "gap"]  # no reference
    with pytest.raises(ValueError, match="no mean of a model at 10 dB"):
        classes.draw_classes(table, 10)


def test_method_shows_the_given_arrays():
    data = make_clip(found=(0, 1, 2, 6))
    figure = draw_method(data, [2, 0])
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    for image, values in zip(images, [data.logmel, data.masks[2], data.masks[0]], strict=True):
        np.testing.assert_array_equal(image, values.T)
    (bars,) = [axes for axes in figure.axes if axes.get_xlabel().startswith("Clip probability")]
    np.testing.assert_allclose(
        [bar.get_width() for bar in bars.patches], sorted(data.clip_probabilities)[:1:-1]
    )
    with pytest.raises(ValueError, match="4 classes to show; name one to three"):
        draw_method(data, [0, 1, 2, 3])
    with pytest.raises(ValueError, match="no masks"):
        draw_method(make_clip(masks=None), [0])


def test_history_shows_what_is_finite():
    table = history_of(4, loss=[1.0, np.inf, np.nan, 0.5], validation_auc=np.nan)
    figure = history.draw_history({"gmp": table, "gap": history_of().drop(columns="validation_f1")})
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Training loss", "Validation loss", "Validation: F1", "Gradient"]
    first, second = figure.axes[0].get_lines()
    np.testing.assert_array_equal(first.get_xydata(), [(100, 1.0), (400, 0.5)])
    np.testing.assert_array_equal(second.get_ydata(), [1, 1 / 2, 1 / 3])
    assert [len(axes.get_lines()) for axes in figure.axes] == [2, 2, 1, 2]


def test_bad_histories_are_named():
    with pytest.raises(ValueError, match="no history was given"):
        history.draw_history({})
    with pytest.raises(ValueError, match="history of gmp: no column gradient_norm"):
        history.draw_history({"gmp": history_of().drop(columns="gradient_norm")})


def test_models_are_bars_of_the_means():
    summary = summary_of()
    summary.loc[summary["holdout_fold"] != "mean", "value"] = 99
    figure = models.draw_models(summary)
    assert len(figure.axes) == 6
    upper = figure.axes[0]
    assert upper.get_title(loc="left") == "SNR 0 dB: F1"
    heights = np.array([bar.get_height() for bar in upper.patches]).reshape(3, 4)
    np.testing.assert_allclose(heights, 0.1 * np.arange(3)[:, None] + 0.01 * np.arange(4))
    assert not upper.collections
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["gmp", "_new$x$", "oracle_mask"]


def test_intervals_are_drawn_where_they_are_known():
    summary = summary_of((0,), ("gmp",), 0.0, 0.5)
    summary.loc[summary["task"] == "frames", "ci_low"] = np.nan
    upper = models.draw_models(summary).axes[0]
    (errors,) = upper.collections
    ends = [segment[:, 1].tolist() for segment in errors.get_segments()]
    np.testing.assert_allclose(ends, [[0, 0.5]] * 3)


def test_what_a_model_does_not_predict_is_marked():
    summary = summary_of((0,))
    lacking = (summary["model"] == "gmp") & (summary["task"] == "masks")
    figure = models.draw_models(summary[~lacking])
    assert [[t.get_text() for t in axes.texts] for axes in figure.axes] == [["n/a"], ["n/a"], []]


def test_bad_summaries_are_named():
    with pytest.raises(ValueError, match="summary: no column value"):
        models.draw_models(summary_of().drop(columns="value"))
    with pytest.raises(ValueError, match="no row has the holdout_fold mean"):
        models.draw_models(summary_of().query("holdout_fold != 'mean'"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"logmel": np.zeros((FRAMES, 3))}, r"logmel: shape \(61, 3\), expected \(61, 32\)"),
        ({"masks": np.zeros((1, FRAMES, 32))}, r"masks: shape \(1, 61, 32\)"),
        ({"mask_truth": {4: np.zeros((1, 1))}}, r"mask_truth\[4\]"),
        ({"waveform": np.zeros(0)}, "waveform"),
        ({"events": events_of((0, 1, "Cow"))}, "events: Cow is not one of the 8 classes"),
    ],
)
def test_clips_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_clip(**changes)
