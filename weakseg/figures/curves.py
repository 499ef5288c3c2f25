"""Precision, recall and F1 at every threshold: a row a task, a line a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from weakseg.figures import style
from weakseg.metrics.curves import CURVE_COLUMNS

TASKS = {"tagging": "clip probability", "frames": "frame score", "masks": "mask"}
LEFT, RIGHT, TOP, BOTTOM = 0.65, 0.15, 0.45, 0.6  # margins, inches
HEIGHT, ACROSS, DOWN = 1.6, 0.5, 0.75  # of a panel; gaps between panels, inches
COLUMNS = [  # title, x, y
    ("Precision and recall", "recall", "precision"),
    ("Precision", "threshold", "precision"),
    ("Recall", "threshold", "recall"),
    ("F1", "threshold", "f1"),
]
WIDTH = (style.WIDTH - LEFT - RIGHT - (len(COLUMNS) - 1) * ACROSS) / len(COLUMNS)
WORDS = {"precision": "Precision", "recall": "Recall", "f1": "F1"}


@style.style()
def draw_curves(
    curves: Mapping[str, pd.DataFrame], thresholds: Mapping[str, float], title: str
) -> Figure:
    """Draw the curves of models, given as name -> table with the columns `CURVE_COLUMNS`.

    thresholds: of each task, that of the configuration, which is marked.  Raises ValueError for
    no model, and for a column that is missing.
    """
    _check(curves)
    tasks = [task for task in TASKS if any((t["task"] == task).any() for t in curves.values())]
    top = TOP + style.legend_shape(list(curves))[1] + 0.25
    figure = style.new_figure(top + len(tasks) * (HEIGHT + DOWN) - DOWN + BOTTOM)
    style.add_title(figure, title)
    handles = [
        Line2D([], [], color=style.colour(place), linestyle=style.dash(place))
        for place in range(len(curves))
    ]
    style.add_legend(figure, TOP, handles, list(curves))
    for row, task in enumerate(tasks):
        for column in range(len(COLUMNS)):
            left = LEFT + column * (WIDTH + ACROSS)
            panel = style.add_panel(figure, left, top + row * (HEIGHT + DOWN), WIDTH, HEIGHT)
            _draw_panel(panel, column, task, curves, thresholds[task])
    return figure


def _check(curves: Mapping[str, pd.DataFrame]) -> None:
    if not curves:
        raise ValueError("no curve was given; name at least one model")
    for name, table in curves.items():
        missing = [column for column in CURVE_COLUMNS if column not in table]
        if missing:
            raise ValueError(f"curve of {name}: no column {missing[0]}; evaluate the model anew")


def _draw_panel(
    panel: Axes, column: int, task: str, curves: Mapping[str, pd.DataFrame], threshold: float
) -> None:
    title, x, y = COLUMNS[column]
    for place, table in enumerate(curves.values()):
        rows = table[table["task"] == task]
        if rows.empty:
            continue
        shade = style.colour(place)
        panel.plot(rows[x], rows[y], color=shade, linestyle=style.dash(place), linewidth=1.2)
        nearest = rows.iloc[[(rows["threshold"] - threshold).abs().argmin()]]
        mark: dict[str, Any] = {"markersize": 5, "markeredgecolor": "black", "linestyle": ""}
        panel.plot(nearest[x], nearest[y], color=shade, marker=style.marker(place), **mark)
    if x == "threshold":
        panel.axvline(threshold, color=style.GREY, linewidth=0.8, linestyle=(0, (1, 1.5)))
    panel.set_title(title if column else f"{task.capitalize()}: {title.lower()}")
    unit = f"Threshold of the\n{TASKS[task]} (0 to 1)" if x == "threshold" else "Recall (0 to 1)"
    panel.set_xlabel(unit)
    panel.set_ylabel(f"{WORDS[y]} (0 to 1)")
    for axis, set_limits in ((panel.xaxis, panel.set_xlim), (panel.yaxis, panel.set_ylim)):
        set_limits(-0.03, 1.03)
        axis.set_ticks([0, 0.5, 1])
    panel.grid(color="0.9", linewidth=0.6)
