"""The masks of one clip in false colour: each class a colour, its brightness the mask's root.

As it is, a mask of a quarter would be nearly black.
Where masks overlap their colours add up, so that a mixed colour says that two classes claim the
cell.  Grey prints lose the colours: each class's number stands where its mask is strongest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from weakseg.figures import panels, style
from weakseg.figures.clip_data import ClipData, Floats

# On black: the palette's dark blue is lifted, and its yellow can be used
COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#F0E442", "#CC79A7", "#D55E00"]
LEFT, RIGHT, TOP, BOTTOM = 0.8, 1.05, 0.45, 0.65  # margins, inches
HEIGHT, GAP = 1.5, 0.32  # inches
WIDTH = style.WIDTH - LEFT - RIGHT
APART = 0.22  # inches between numbers
LEAST_SHOWN = 0.2  # a mask that is nowhere above this gets no number


@style.style()
def draw_colours(
    clip: ClipData, clip_threshold: float, *, name: str, model: str, snr_db: float | None = None
) -> Figure:
    """Draw log-mel, true masks and predicted masks in false colour.

    Shown are the classes in the clip, then those found (clip probability above the threshold), six
    at most.  A model without masks, or a clip without true ones, lacks that panel.
    """
    classes = clip.in_clip_or_found(clip_threshold)
    shown = classes[: len(COLOURS)]
    rows = {"True masks": clip.mask_truth} if clip.mask_truth else {}
    if clip.masks is not None:
        rows["Predicted masks"] = dict(enumerate(clip.masks))
    names = [f"{place + 1} {clip.classes[index]}" for place, index in enumerate(shown)]
    legend = style.legend_shape(names)[1] if names else 0.0
    figure, axes = _stack(1 + len(rows), TOP + legend + 0.25)
    style.add_title(figure, style.clip_title(name, model, snr_db))
    if names:
        patches = [Patch(facecolor=shade, edgecolor="black") for shade in COLOURS[: len(names)]]
        style.add_legend(figure, TOP, patches, names)
    image = panels.show_logmel(axes[0], clip.logmel, clip.spectral)
    axes[0].set_title("Log-mel spectrogram")
    panels.colour_bar(figure, image, axes[:1], style.WIDTH - RIGHT + 0.15, "Log-mel (ln)")
    for panel, (title, masks) in zip(axes[1:], rows.items(), strict=True):
        _draw_masks(panel, clip, masks, shown, title)
    for panel in axes:
        panels.time_axis(panel, clip.seconds, labelled=panel is axes[-1])
    if left_out := len(classes) - len(shown):
        text = f"Not shown: {left_out} of {len(classes)} classes in the clip or found."
        style.add_text(figure, LEFT, figure.get_size_inches()[1] - 0.22, text, color=style.GREY)
    return figure


def false_colour(masks: Sequence[Floats], shape: tuple[int, int]) -> Floats:
    """The colours (frames, mels, 3) in 0..1 of at most six masks (frames, mels)."""
    colours = np.zeros((*shape, 3))
    for mask, shade in zip(masks, COLOURS, strict=False):
        colours += np.sqrt(np.asarray(mask, float))[..., None] * to_rgb(shade)
    clipped: Floats = np.minimum(colours, 1)
    return clipped


def _stack(n_panels: int, top: float) -> tuple[Figure, list[Axes]]:
    figure = style.new_figure(top + n_panels * (HEIGHT + GAP) - GAP + BOTTOM)
    places = [top + row * (HEIGHT + GAP) for row in range(n_panels)]
    return figure, [style.add_panel(figure, LEFT, place, WIDTH, HEIGHT) for place in places]


def _draw_masks(
    panel: Axes, clip: ClipData, masks: Mapping[int, NDArray[Any]], shown: Sequence[int], title: str
) -> None:
    nothing = np.zeros_like(clip.logmel)
    of_shown = [np.asarray(masks.get(index, nothing), float) for index in shown]
    panels.show_bands(panel, false_colour(of_shown, clip.logmel.shape), clip.spectral)
    panel.set_title(f"{title}: brightness is the root of the mask (0 to 1)")
    taken: list[tuple[float, float]] = []
    for place, mask in enumerate(of_shown):
        if mask.max() > LEAST_SHOWN:
            taken.append(_number(panel, place, mask, taken))


def _number(
    panel: Axes, place: int, mask: Floats, taken: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """The class's number amid its strong cells, apart from those `taken`; its place (inches)."""
    n_frames, n_mels = mask.shape
    frames, bands = np.nonzero(mask >= 0.8 * mask.max())
    across = (frames + 0.5) / n_frames * WIDTH
    up = np.clip((bands + 0.5) / n_mels, 0.08, 0.92) * HEIGHT  # inside the panel
    from_middle = np.hypot(across - np.median(across), up - np.median(up))
    nearest = [np.hypot(across - x, up - y) for x, y in taken]
    crowded = np.min(nearest, axis=0) < APART if taken else np.zeros(len(across), bool)
    best = int(np.lexsort((from_middle, crowded))[0])
    low, high = panel.images[0].get_extent()[:2]
    at = low + across[best] / WIDTH * (high - low)
    look: dict[str, Any] = {"color": "white", "ha": "center", "va": "center"}
    text = panel.text(at, up[best] / HEIGHT * n_mels - 0.5, str(place + 1), **look)
    text.set_path_effects([withStroke(linewidth=2, foreground="black")])
    return float(across[best]), float(up[best])
