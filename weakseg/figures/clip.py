"""One clip seen by one model, from the waveform to the events, on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from weakseg.detection import Detector, Detectors
from weakseg.figures import panels, style
from weakseg.figures.clip_data import ClipData

MOST_CLASSES = 6
LEFT, RIGHT, TOP, BOTTOM = 0.8, 2.05, 0.5, 0.65  # margins, inches
WAVEFORM, LOGMEL, MASK, SCORES, LANE = 0.7, 1.2, 0.5, 1.3, 0.34  # heights, inches
NEAR, FAR = 0.08, 0.3  # gaps between panels, inches; FAR leaves room for a title
BAR_LEFT = style.WIDTH - 0.85  # of colour bars


class MaskRow(NamedTuple):
    """A mask (frames, mels) and what is written at its side and, for a class's first, above it."""

    mask: NDArray[Any]
    side: str
    title: str


@style.style()
def draw_clip(
    clip: ClipData, detector: Detectors, *, name: str, model: str, snr_db: float | None = None
) -> Figure:
    """Draw a clip: waveform, log-mel, true and predicted masks, frame scores, events.

    Shown are the classes in the clip, then those that the model finds, six at most.  detector: of
    all classes, whose thresholds are drawn, or one a class.  name, model, snr_db: of the title.
    Without truth (`true_events` None) there are no rows for it; a model without masks has no
    predicted ones, and a class that is not in the clip no true one.
    """
    one_a_class = [detector] * len(clip.classes) if isinstance(detector, Detector) else detector
    thresholds = [one.clip_threshold for one in one_a_class]
    classes = clip.in_clip_or_found(thresholds)
    shown = classes[:MOST_CLASSES]
    rows = mask_rows(clip, shown, thresholds)
    figure, axes = _stack(rows, max(1, len(shown)))
    style.add_title(figure, style.clip_title(name, model, snr_db))
    _draw_sound(figure, clip, axes[0], axes[1])
    _draw_masks(figure, clip, rows, axes[2:-2])
    _draw_scores(clip, detector, shown, axes[-2])
    _draw_lanes(clip, shown, axes[-1])
    for panel in axes:
        panels.time_axis(panel, clip.seconds, labelled=panel is axes[-1])
    if left_out := len(classes) - len(shown):
        text = f"Not shown: {left_out} of {len(classes)} classes in the clip or found."
        style.add_text(figure, LEFT, figure.get_size_inches()[1] - 0.22, text, color=style.GREY)
    return figure


def mask_rows(
    clip: ClipData, shown: Sequence[int], clip_thresholds: Sequence[float]
) -> list[MaskRow]:
    """The rows of masks of the shown classes, from top to bottom; a clip threshold a class."""
    rows = []
    for index in shown:
        title = f"{clip.classes[index]}: {_verdict(clip, index, clip_thresholds[index])}"
        if index in clip.mask_truth:
            rows.append(MaskRow(clip.mask_truth[index], "true", title))
            title = ""
        if clip.masks is not None:
            rows.append(MaskRow(clip.masks[index], "predicted", title))
    return rows


def _verdict(clip: ClipData, index: int, clip_threshold: float) -> str:
    probability = clip.clip_probabilities[index]
    found = "found" if probability > clip_threshold else "not found"
    truth = "in the clip, " if index in clip.true_classes else "not in the clip, "
    known = clip.true_events is not None or clip.mask_truth
    return f"{truth if known else ''}{found} (clip probability {probability:.2f})"


def _stack(rows: Sequence[MaskRow], n_lanes: int) -> tuple[Figure, list[Axes]]:
    sizes = [(0.0, WAVEFORM), (NEAR, LOGMEL)]
    sizes += [(FAR if row.title else NEAR, MASK) for row in rows]
    sizes += [(FAR, SCORES), (FAR, LANE * n_lanes)]
    figure = style.new_figure(TOP + float(np.sum(sizes)) + BOTTOM)
    axes: list[Axes] = []
    top = TOP
    for gap, height in sizes:
        share = axes[0] if axes else None
        width = style.WIDTH - LEFT - RIGHT
        axes.append(style.add_panel(figure, LEFT, top + gap, width, height, sharex=share))
        top += gap + height
    return figure, axes


def _draw_sound(figure: Figure, clip: ClipData, upper: Axes, lower: Axes) -> None:
    rate, least = clip.waveform_rate or clip.spectral.sample_rate, 2 if clip.waveform_rate else 1
    panels.show_waveform(upper, clip.waveform, rate, least)
    upper.set_ylabel(panels.AMPLITUDE)
    image = panels.show_logmel(lower, clip.logmel, clip.spectral)
    panels.colour_bar(figure, image, [lower], BAR_LEFT, "Log-mel (ln)")


def _draw_masks(
    figure: Figure, clip: ClipData, rows: Sequence[MaskRow], axes: Sequence[Axes]
) -> None:
    for row, panel in zip(rows, axes, strict=True):
        image = panels.show_mask(panel, row.mask, clip.spectral)
        panel.set_title(style.shortened(row.title, style.WIDTH - LEFT - RIGHT))
        panel.text(1.015, 0.5, row.side, transform=panel.transAxes, va="center")
    if rows:
        panels.colour_bar(figure, image, axes[:4], BAR_LEFT, "Mask (0 to 1)")


def _draw_scores(clip: ClipData, detector: Detectors, shown: Sequence[int], panel: Axes) -> None:
    one = detector if isinstance(detector, Detector) else None
    panels.show_scores(panel, clip, shown, one)
    names = [style.shortened(clip.classes[index], RIGHT - 0.65) for index in shown]
    names += [f"high threshold {one.high:g}", f"low threshold {one.low:g}"] if one else []
    handles = [_line(place) for place in range(len(shown))] + panel.get_lines()
    panel.legend(
        handles, names, loc="upper left", bbox_to_anchor=(1, 1.05), labelspacing=0.2, borderpad=0.3
    )
    if not shown:
        known = clip.true_events is not None or clip.mask_truth
        text = f"No class {'is in the clip or ' if known else 'was '}found by the model."
        panel.text(0.5, 0.6, text, transform=panel.transAxes, ha="center")


def _line(place: int) -> Line2D:
    return Line2D([], [], color=style.colour(place), linestyle=style.dash(place))


def _draw_lanes(clip: ClipData, shown: Sequence[int], panel: Axes) -> None:
    truth = "" if clip.true_events is None else "; outlined: truth"
    panel.set_title(f"Events, filled: found{truth}")
    panels.show_events(panel, clip, shown, room=RIGHT - 0.3)
    panel.yaxis.tick_right()
    panel.tick_params(axis="y", length=0)
    panel.set_ylabel("Class")
