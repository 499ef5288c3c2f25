"""One clip's way through the system: the method of Kong et al., arXiv 1804.04715, on real arrays.

Three rows: the mixture, its log-mel and the network; the masks; what is made from the masks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from weakseg.detection import Detector
from weakseg.figures import panels, style
from weakseg.figures.clip_data import ClipData, Floats

MOST_SHOWN, MOST_BARS = 3, 6
PANEL, LABELS = 1.87, 1.0  # a column: its panel, and to the left of it room for labels, inches
LEFTS = [0.05 + LABELS + column * (PANEL + LABELS + 0.1) for column in range(3)]
ROWS = [(0.55, 1.1), (2.65, 1.0), (4.9, 1.7)]  # top and height of each row's panels, inches
TOTAL = 7.1
SPLITS = [2.17, 4.15]  # where the way parts into three, below the first and the second row
NETWORK = (
    "Segmentation mapping\n\nconvolutional network:\none mask a class,\nlearnt from weak labels"
)
RESULTS = [
    ("pooling over time and frequency", "5  Clip probabilities"),
    ("mean over frequency, thresholds", "6  Frame scores, events"),
    ("mixture's STFT, masked", "7  Separated waveforms"),
]


@style.style()
def draw_method(
    clip: ClipData, detector: Detector, *, shown: Sequence[int], separated: Mapping[int, Floats]
) -> Figure:
    """Draw one clip's way from the waveform to probabilities, events and separated waveforms.

    shown: one to three classes, by index; separated: the waveform (samples,) of each of them.
    Raises ValueError for another number of classes, and for a clip without masks.
    """
    if not 1 <= len(shown) <= MOST_SHOWN:
        raise ValueError(f"{len(shown)} classes to show; name one to three")
    figure = style.new_figure(TOTAL)
    _draw_input(figure, clip)
    _draw_masks(figure, clip, shown)
    _draw_probabilities(figure, clip, shown)
    _draw_scores(figure, clip, detector, shown)
    _draw_separated(figure, clip, shown, separated)
    _split(figure, SPLITS[0], 0.2, _centre(2), ROWS[0][0] + ROWS[0][1], range(len(shown)))
    _split(figure, SPLITS[1], 0.17, _centre(1), SPLITS[1], range(3))
    return figure


def _header(figure: Figure, column: int, bottom: float, text: str, color: str = "black") -> None:
    look = {"va": "bottom", "fontsize": style.NORMAL, "fontweight": "bold", "color": color}
    style.add_text(figure, LEFTS[column], bottom, text, **look)


def _operation(figure: Figure, middle: float, top: float, text: str) -> None:
    style.add_text(figure, middle, top, text, ha="center", color=style.GREY)


def _centre(column: int) -> float:
    return LEFTS[column] + PANEL / 2


def _draw_input(figure: Figure, clip: ClipData) -> None:
    top, height = ROWS[0]
    waveform, logmel = (
        style.add_panel(figure, LEFTS[column], top, PANEL, height) for column in (0, 1)
    )
    panels.show_waveform(waveform, clip.waveform, clip.spectral.sample_rate)
    waveform.set_ylabel(panels.AMPLITUDE)
    panels.show_logmel(logmel, clip.logmel, clip.spectral)
    for panel in (waveform, logmel):
        panels.time_axis(panel, clip.seconds)
    for column, text in enumerate(["1  Mixture", "2  Log-mel", "3  Network"]):
        _header(figure, column, top - 0.05, text)
    for column, text in enumerate(["STFT, mel filters, logarithm", "standardised"]):
        start, end = LEFTS[column] + 0.9, LEFTS[column + 1] - 0.1
        _arrow(figure, (start, top - 0.13), (end, top - 0.13))
        _operation(figure, (start + end) / 2, top - 0.34, text)
    _box(figure, LEFTS[2], top, PANEL, height, NETWORK)


def _draw_masks(figure: Figure, clip: ClipData, shown: Sequence[int]) -> None:
    if clip.masks is None:
        raise ValueError("the clip has no masks; use the output of a model with masks")
    top, height = ROWS[1]
    for place, index in enumerate(shown):
        panel = style.add_panel(figure, LEFTS[place], top, PANEL, height)
        panels.show_mask(panel, clip.masks[index], clip.spectral, "Frequency (Hz)")
        panels.time_axis(panel, clip.seconds)
        name = style.shortened(clip.classes[index], PANEL - 0.9, style.NORMAL)
        _header(figure, place, top - 0.05, f"4  Mask: {name}", color=style.colour(place))


def _draw_probabilities(figure: Figure, clip: ClipData, shown: Sequence[int]) -> None:
    """Bars of the shown classes and of the most probable others."""
    others = [index for index in clip.by_probability() if index not in shown]
    chosen = {*shown, *others[: MOST_BARS - len(shown)]}
    order = [index for index in clip.by_probability() if index in chosen]
    shades = [style.colour(shown.index(i)) if i in shown else "0.75" for i in order]
    top, height = ROWS[2]
    panel = style.add_panel(figure, LEFTS[0], top, PANEL, height)
    panel.barh(range(len(order)), clip.clip_probabilities[order], 0.7, color=shades)
    panel.set_ylim(len(order) - 0.5, -0.5)
    panel.set_yticks(range(len(order)), [_short(clip, index) for index in order])
    panel.tick_params(axis="y", length=0)
    panel.set_xlim(0, 1)
    panel.set_xlabel("Clip probability (0 to 1)")
    _result(figure, 0)


def _draw_scores(figure: Figure, clip: ClipData, detector: Detector, shown: Sequence[int]) -> None:
    top, height = ROWS[2]
    scores = style.add_panel(figure, LEFTS[1], top, PANEL, height * 0.52)
    lanes = style.add_panel(figure, LEFTS[1], top + height * 0.58, PANEL, height * 0.42)
    panels.show_scores(scores, clip, shown, detector)
    panels.show_events(lanes, clip, shown, LABELS - 0.1)
    panels.time_axis(scores, clip.seconds, labelled=False)
    panels.time_axis(lanes, clip.seconds)
    _result(figure, 1)


def _draw_separated(
    figure: Figure, clip: ClipData, shown: Sequence[int], separated: Mapping[int, Floats]
) -> None:
    top, height = ROWS[2]
    step, title = (height + 0.05) / len(shown), 0.15
    for place, index in enumerate(shown):
        panel_top = top + title + place * step
        panel = style.add_panel(figure, LEFTS[2], panel_top, PANEL, step - title - 0.05)
        wave = panels.show_waveform(panel, separated[index], clip.spectral.sample_rate)
        wave.set_color(style.colour(place))
        panel.set_title(style.shortened(clip.classes[index], PANEL), color=style.colour(place))
        panels.time_axis(panel, clip.seconds, labelled=index == shown[-1])
        if place == len(shown) // 2:
            panel.set_ylabel(panels.AMPLITUDE)
    _result(figure, 2)


def _short(clip: ClipData, index: int) -> str:
    return style.shortened(clip.classes[index], LABELS - 0.1)


def _result(figure: Figure, column: int) -> None:
    operation, result = RESULTS[column]
    top = ROWS[2][0]
    _operation(figure, _centre(column), top - 0.46, operation)
    _header(figure, column, top - 0.05, result)


def _box(figure: Figure, left: float, top: float, width: float, height: float, text: str) -> None:
    bottom = figure.get_size_inches()[1] - top - height
    shape = FancyBboxPatch(
        (left, bottom),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor="0.95",
        edgecolor="0.3",
        transform=figure.dpi_scale_trans,
    )
    figure.add_artist(shape)
    style.add_text(figure, left + width / 2, top + height / 2, text, ha="center", va="center")


def _arrow(
    figure: Figure, start: tuple[float, float], end: tuple[float, float], head: str = "-|>"
) -> None:
    total = figure.get_size_inches()[1]
    ends = [(x, total - y) for x, y in (start, end)]
    arrow = FancyArrowPatch(
        *ends,
        arrowstyle=head,
        mutation_scale=9,
        color="0.3",
        linewidth=1,
        shrinkA=0,
        shrinkB=0,
        transform=figure.dpi_scale_trans,
    )
    figure.add_artist(arrow)


def _split(
    figure: Figure, level: float, drop: float, x: float, start: float, columns: Sequence[int]
) -> None:
    """A way from (x, start) down to a level, where it parts to the columns."""
    ends = [_centre(column) for column in columns]
    _arrow(figure, (x, start), (x, level), head="-")
    _arrow(figure, (min(x, *ends), level), (max(x, *ends), level), head="-")
    for end in ends:
        _arrow(figure, (end, level), (end, level + drop))
