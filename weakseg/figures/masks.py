"""The masks that a model predicts for one clip, class by class, as in the figures of Kong et al.,
arXiv 1804.04715."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from weakseg.figures import panels, style
from weakseg.figures.clip_data import ClipData

MOST_CLASSES = 60
WIDE, COLUMNS = 12, (3, 6)  # up to so many classes in few columns, beyond in many
LEFT, RIGHT, TOP, BOTTOM = 0.65, 0.95, 0.9, 0.5  # margins, inches
HEIGHT, ACROSS, DOWN = 1.0, 0.25, 0.3  # of a panel; gaps between panels, inches


@style.style()
def draw_masks(clip: ClipData, *, name: str, model: str, snr_db: float | None = None) -> Figure:
    """Draw the predicted masks of all classes, the most probable first, of at most sixty.

    The true mask of a class in the clip is outlined.  Of a model without masks, the true masks are
    drawn.  Raises ValueError for a clip that has neither.
    """
    masks = clip.mask_truth if clip.masks is None else dict(enumerate(clip.masks))
    if not masks:
        raise ValueError(f"{name}: no masks, neither of the model {model} nor true ones; leave it")
    shown = [index for index in clip.by_probability() if index in masks][:MOST_CLASSES]
    columns = COLUMNS[len(shown) > WIDE]
    figure, axes = _grid(len(shown), columns)
    style.add_title(figure, style.clip_title(name, model, snr_db))
    style.add_text(figure, LEFT, 0.42, _explanation(clip, len(shown)), color=style.GREY)
    for place, (panel, index) in enumerate(zip(axes, shown, strict=True)):
        image = _draw_mask(panel, clip, index, masks[index])
        panels.time_axis(panel, clip.seconds, labelled=place + columns >= len(shown))
        if place % columns:
            panel.set_ylabel("")
            panel.tick_params(labelleft=False)
    left = LEFT + min(len(shown), columns) * (_width(columns) + ACROSS) - 0.1
    panels.colour_bar(figure, image, axes, left, "Mask (0 to 1)")
    return figure


def _width(columns: int) -> float:
    """Of a panel, inches."""
    return (style.WIDTH - LEFT - RIGHT - (columns - 1) * ACROSS) / columns


def _explanation(clip: ClipData, n_shown: int) -> str:
    if clip.masks is None:
        return "The model predicts no masks. These are the true ones, with its clip probabilities."
    text = "Predicted masks, with clip probabilities."
    if clip.mask_truth:
        text += " Outlined: true masks."
    if len(clip.classes) > n_shown:
        n_left_out = len(clip.classes) - n_shown
        text += (
            f" Not shown: the {n_left_out} of {len(clip.classes)} classes that are less probable."
        )
    return text


def _grid(n_panels: int, columns: int) -> tuple[Figure, list[Axes]]:
    n_rows = -(-n_panels // columns)
    figure = style.new_figure(TOP + n_rows * (HEIGHT + DOWN) - DOWN + BOTTOM)
    axes = []
    for place in range(n_panels):
        row, column = divmod(place, columns)
        left, top = LEFT + column * (_width(columns) + ACROSS), TOP + row * (HEIGHT + DOWN)
        axes.append(style.add_panel(figure, left, top, _width(columns), HEIGHT))
    return figure, axes


def _draw_mask(panel: Axes, clip: ClipData, index: int, mask: NDArray[Any]) -> AxesImage:
    image = panels.show_mask(panel, mask, clip.spectral, "Frequency (Hz)")
    if clip.masks is not None and index in clip.mask_truth:
        _outline(panel, clip.mask_truth[index], clip.frame_edges)
    probability = f": {clip.clip_probabilities[index]:.2f}"
    width = panel.get_position().width * style.WIDTH
    room = width - style.text_width(probability)
    panel.set_title(style.shortened(clip.classes[index], room) + probability)
    return image


def _outline(panel: Axes, mask: NDArray[Any], frame_edges: NDArray[np.float64]) -> None:
    """The border of a true mask (frames, mels), white on black: seen on dark and on light cells."""
    if not mask.any():
        return
    padded = np.pad(mask.astype(float), 1)  # so that outlines close at the clip's edges
    step = frame_edges[1]
    times = (np.arange(len(padded)) - 0.5) * step
    bands = np.arange(padded.shape[1]) - 1
    contour = panel.contour(times, bands, padded.T, levels=[0.5], colors="white", linewidths=0.6)
    contour.set_path_effects([withStroke(linewidth=1.4, foreground="black")])
