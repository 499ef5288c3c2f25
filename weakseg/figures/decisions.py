"""What a model decides of one clip, beside the truth: frame by frame, and event by event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from weakseg.detection import Detector
from weakseg.figures import panels, style
from weakseg.figures.clip_data import ClipData, Floats

LEAST, MOST = 6, 16  # classes: filled up with probable ones to so many, and cut at so many
LEFT, RIGHT, TOP, BOTTOM = 2.1, 1.05, 0.65, 0.65  # margins, inches
LANE, GAP = 0.2, 0.35  # heights, inches
WIDTH = style.WIDTH - LEFT - RIGHT
BAR_LEFT = style.WIDTH - RIGHT + 0.15


@style.style()
def draw_decisions(
    clip: ClipData, detector: Detector, *, name: str, model: str, snr_db: float | None = None
) -> Figure:
    """Draw a lane a class: the true frames, the frame scores, and the true and found events.

    Shown are the classes in the clip, then those found, then probable ones up to six; sixteen at
    most.  Without truth (`true_events` None) there is no panel for it.
    """
    shown, n_left_out = _classes(clip, detector.clip_threshold)
    rows = ["scores", "events"] if clip.true_events is None else ["truth", "scores", "events"]
    axes_of, figure = _stack(rows, len(shown))
    style.add_title(figure, style.clip_title(name, model, snr_db))
    if "truth" in rows:
        truth = frame_truth(clip)[:, shown].astype(float)
        _draw_lanes(axes_of["truth"], truth, clip, "Frame by frame, truth")
    image = _draw_lanes(
        axes_of["scores"], clip.frame_scores[:, shown], clip, "Frame by frame, predicted"
    )
    _draw_bar(figure, image, axes_of["scores"], detector)
    truth_too = "" if clip.true_events is None else "; outlined: truth"
    axes_of["events"].set_title(f"Event by event, filled: found{truth_too}")
    panels.show_events(axes_of["events"], clip, shown, room=LEFT - 0.3)
    axes_of["events"].set_ylabel("Class")
    for row, panel in axes_of.items():
        panel.set_yticks(range(len(shown)), _names(clip, shown))
        panels.time_axis(panel, clip.seconds, labelled=row == "events")
    if n_left_out:
        text = f"Not shown: {n_left_out} less probable of {len(clip.classes)} classes."
        style.add_text(figure, LEFT, figure.get_size_inches()[1] - 0.22, text, color=style.GREY)
    return figure


def frame_truth(clip: ClipData) -> NDArray[np.bool_]:
    """Frames (frames, classes) in which an event of the truth is active, as published."""
    active = np.zeros(clip.frame_scores.shape, bool)
    assert clip.true_events is not None  # the caller has looked
    for onset, offset, label in clip.true_events[["onset", "offset", "event_label"]].to_numpy():
        span = clip.spectral.active_frames(onset, offset, len(active))
        active[span, list(clip.classes).index(label)] = True
    return active


def _classes(clip: ClipData, clip_threshold: float) -> tuple[list[int], int]:
    """The classes to show, and how many others there are."""
    wanted = clip.in_clip_or_found(clip_threshold)
    n_shown = max(LEAST, min(len(wanted), MOST))
    shown = list(dict.fromkeys([*wanted, *clip.by_probability()]))[:n_shown]
    return shown, len(clip.classes) - len(shown)


def _names(clip: ClipData, shown: Sequence[int]) -> list[str]:
    names = []
    for index in shown:
        probability = f" {clip.clip_probabilities[index]:.2f}"
        room = LEFT - 0.4 - style.text_width("0.00 ")
        names.append(style.shortened(clip.classes[index], room) + probability)
    return names


def _stack(rows: Sequence[str], n_lanes: int) -> tuple[dict[str, Axes], Figure]:
    height = max(LANE * n_lanes, 0.6)
    figure = style.new_figure(TOP + len(rows) * (height + GAP) - GAP + BOTTOM)
    axes = {
        row: style.add_panel(figure, LEFT, TOP + place * (height + GAP), WIDTH, height)
        for place, row in enumerate(rows)
    }
    return axes, figure


def _draw_lanes(panel: Axes, values: Floats, clip: ClipData, title: str) -> AxesImage:
    """A heat map of values (frames, shown classes) in 0..1, the first class on top."""
    n_lanes = values.shape[1]
    extent = (0, float(clip.frame_edges[-1]), n_lanes - 0.5, -0.5)
    look: dict[str, Any] = {"aspect": "auto", "cmap": style.MASK_MAP, "vmin": 0, "vmax": 1}
    image = panel.imshow(values.T, extent=extent, interpolation="nearest", **look)
    for border in range(1, n_lanes):
        panel.axhline(border - 0.5, color="0.8", linewidth=0.6)
    panel.set_title(title)
    panel.set_ylabel("Class")
    panel.tick_params(axis="y", length=0)
    return image


def _draw_bar(figure: Figure, image: AxesImage, panel: Axes, detector: Detector) -> None:
    """The scores' colours, with lines at the detector's thresholds."""
    panels.colour_bar(figure, image, [panel], BAR_LEFT, "Frame score\n(0 to 1)")
    bar = figure.axes[-1]
    bar.axhline(detector.high, color="white", linewidth=1.2)
    bar.axhline(detector.low, color="white", linewidth=1.2, linestyle=(0, (1, 1)))
