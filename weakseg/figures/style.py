"""The one place for colours, fonts and sizes; figures placed in inches and saved.

Colours: Okabe and Ito 2008, "Color universal design", without the yellow, which is too light for
lines on white.
"""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.textpath import TextPath
from matplotlib.typing import LineStyleType

from weakseg.files import keep_only, replacing

WIDTH = 9.0  # inches
SMALL, NORMAL, LARGE = 9, 10, 12  # points; 9 are 7.2 on a page of 7.16 inches between its margins
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
DASHES: list[LineStyleType] = ["-", "--", "-.", (0, (1.5, 0.7))]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
HATCHES = ["", "///", "...", "\\\\\\", "xxx", "+++", "ooo"]
GREY = "0.35"
TICK_STEPS = [1, 2, 5, 10]  # ticks fall on round numbers
LOGMEL_MAP, MASK_MAP = "cividis", "viridis"
LEGEND_ROW, LEGEND_HANDLE, LONGEST_LABEL = 0.2, 0.55, 3.0  # inches: a row's height, widths

SETTINGS: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "font.size": SMALL,
    "axes.titlesize": SMALL,
    "axes.labelsize": SMALL,
    "axes.linewidth": 0.6,
    "axes.titlelocation": "left",
    "axes.titlepad": 3,
    "axes.labelpad": 3,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "lines.linewidth": 1.3,
    "hatch.linewidth": 0.6,
    "figure.dpi": 100,  # a PNG is for a screen, and many are in a report; the SVG is for paper
    "savefig.dpi": "figure",
    "svg.hashsalt": "weakseg",
    "svg.fonttype": "none",  # text stays text: it can be searched, and takes the font of a paper
    "text.parse_math": False,
}
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "weakseg"},
}


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib's defaults with SETTINGS, whatever the user's own settings; also a decorator."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def new_figure(height: float) -> Figure:
    """A white figure of the common width and `height` inches."""
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    return figure


def add_panel(
    figure: Figure, left: float, top: float, width: float, height: float, **options: Any
) -> Axes:
    """Axes at a place of the figure, in inches from its upper left corner."""
    across, down = figure.get_size_inches()
    box = (left / across, 1 - (top + height) / down, width / across, height / down)
    return figure.add_axes(box, **options)


def add_text(figure: Figure, left: float, top: float, text: str, **options: Any) -> None:
    """Text whose upper left corner is at a place, in inches."""
    across, down = figure.get_size_inches()
    figure.text(left / across, 1 - top / down, text, **{"va": "top", "ha": "left", **options})


def add_title(figure: Figure, text: str) -> None:
    """The figure's title, in its upper left corner."""
    text = shortened(text, WIDTH - 0.3, LARGE, "bold")
    add_text(figure, 0.15, 0.12, text, fontsize=LARGE, fontweight="bold")


def clip_title(name: str, model: str, snr_db: float | None) -> str:
    """What a picture of one clip seen by one model is called."""
    return f"{name}, {model}" + ("" if snr_db is None else f", SNR {snr_db:g} dB")


def text_width(text: str, size: float = SMALL, weight: str = "normal") -> float:
    """Width of a text of `size` points, in inches."""
    if not text.strip():
        return 0
    outline = TextPath((0, 0), text, size, prop=FontProperties(weight=weight))
    return float(outline.get_extents().width) / 72


def shortened(text: str, width: float, size: float = SMALL, weight: str = "normal") -> str:
    """The text, or as much of its beginning and end as fits in `width` inches with an ellipsis."""
    if text_width(text, size, weight) <= width:
        return text

    def keep(n: int) -> str:
        return text[: n - n // 2] + "…" + text[len(text) - n // 2 :]

    sizes = range(1, len(text))
    fitting = bisect_right(sizes, width, key=lambda n: text_width(keep(n), size, weight))
    return keep(max(1, fitting))


def colour(index: int) -> str:
    """Colour of the class or model with this place in a picture."""
    return COLOURS[index % len(COLOURS)]


def dash(index: int) -> LineStyleType:
    """Line style of the class or model with this place; repeats with `colour` after 28 places."""
    return DASHES[index % len(DASHES)]


def marker(index: int) -> str:
    """Marker of the class or model with this place; repeats with `colour`."""
    return MARKERS[index % len(MARKERS)]


def legend_shape(labels: Sequence[str]) -> tuple[int, float]:
    """Columns and height (inches) of a legend across the figure."""
    widest = max(min(text_width(label), LONGEST_LABEL) for label in labels) + LEGEND_HANDLE
    columns = max(1, min(len(labels), int((WIDTH - 0.4) / widest)))
    return columns, -(-len(labels) // columns) * LEGEND_ROW + 0.1


def add_legend(
    figure: Figure, top: float, handles: Sequence[Artist], labels: Sequence[str]
) -> Legend:
    """A legend across the figure, `top` inches below its upper edge."""
    return figure.legend(
        handles,
        [shortened(label, LONGEST_LABEL) for label in labels],
        loc="upper left",
        bbox_to_anchor=(0.1 / WIDTH, 1 - top / figure.get_size_inches()[1]),
        ncols=legend_shape(labels)[0],
        borderaxespad=0,
        columnspacing=1,
    )


@style()
def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG or SVG, by the path's ending; the same figure gives the same bytes.

    The file appears under its name when it is complete.  Raises ValueError for another ending.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in METADATA:
        raise ValueError(f"{path}: a picture is written as .png or .svg; name it so")
    with replacing(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box stands for it
        figure.savefig(temporary, format=kind, metadata=METADATA[kind], facecolor="white")


def forget_others(pictures: Iterable[str | Path]) -> None:
    """Remove the pictures of clips, PNG and SVG, that an earlier run left beside these."""
    paths = [Path(picture) for picture in pictures]
    names = {path.name for path in paths}
    for directory in {path.parent for path in paths}:
        for ending in ("png", "svg"):
            keep_only(directory, f"clip*.{ending}", names)


def save_all(figure: Figure, paths: Iterable[str | Path]) -> None:
    """Write a figure under several names, each in the format of its ending; see `save`."""
    for path in paths:
        save(figure, Path(path))
