"""Pictures of a clip show what was given."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import StepPatch

from tests.unit.figures.drawings import (
    FRAMES,
    LONG,
    NAMES,
    draw_clip,
    draw_colours,
    draw_decisions,
    draw_masks,
    draw_method,
    draw_truth,
    events_of,
    make_clip,
    make_mixture,
    panels_of,
    words,
)
from weakseg.figures import colours


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
    np.testing.assert_allclose(colours.false_colour([[[0.25]]], (1, 1))[0, 0], first / 2)
    assert [text.get_text() for text in predicted.texts] == ["1", "2", "3"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["1 Bark", "2 $cost_{x}$", "3 <b>&amp;"]


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
