"""Metrics against the signal-to-noise ratio, a line a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from weakseg.figures import style
from weakseg.figures.models import NUMBERS, REFERENCES, means_of

LEFT, RIGHT, TOP, BOTTOM = 0.7, 0.2, 0.45, 0.5  # margins, inches
COLUMNS, HEIGHT, ACROSS, DOWN = 3, 1.7, 0.65, 0.75  # of panels, the rest in inches
WIDTH = (style.WIDTH - LEFT - RIGHT - (COLUMNS - 1) * ACROSS) / COLUMNS
GREYS = ["0.2", "0.5", "0.35", "0.6"]  # of references, which are no models


class Panel(NamedTuple):
    """What a panel shows: its title, its axis with the unit, and the metric."""

    title: str
    label: str
    task: str
    metric: str


PANELS = [
    Panel("Audio tagging", "F1 (0 to 1)", "tagging", "f1"),
    Panel("Frames", "F1 (0 to 1)", "frames", "f1"),
    Panel("Masks", "F1 (0 to 1)", "masks", "f1"),
    Panel("Events", "F1 (0 to 1)", "events", "f1"),
    Panel("Masks", "AUC (0 to 1)", "masks", "auc"),
    Panel("SI-SDR improvement", "SI-SDR (dB)", "separation", "si_sdr_improvement_db"),
]


@style.style()
def draw_noise(summary: pd.DataFrame) -> Figure:
    """Draw the means over the holdout folds of a summary table of two or more SNRs.

    summary: as of `models.draw_models`.  Raises ValueError as that does, and for a single SNR.
    """
    means = means_of(summary)
    if means["snr_db"].nunique() < 2:
        raise ValueError("summary: one SNR; run two or more (grid.snr_db) to compare them")
    models = list(dict.fromkeys(means["model"]))
    top = TOP + style.legend_shape(models)[1] + 0.25
    n_rows = -(-len(PANELS) // COLUMNS)
    figure = style.new_figure(top + n_rows * (HEIGHT + DOWN) - DOWN + BOTTOM)
    style.add_title(figure, "Metrics against the signal-to-noise ratio, mean over holdout folds")
    looks = looks_of(models)
    style.add_legend(figure, TOP, [Line2D([], [], **look) for look in looks], models)
    for place, shown in enumerate(PANELS):
        row, column = divmod(place, COLUMNS)
        left = LEFT + column * (WIDTH + ACROSS)
        panel = style.add_panel(figure, left, top + row * (HEIGHT + DOWN), WIDTH, HEIGHT)
        rows = means[(means["task"] == shown.task) & (means["metric"] == shown.metric)]
        _draw_lines(panel, rows, models, looks)
        panel.set_title(shown.title)
        panel.set_ylabel(shown.label)
        if shown.label.endswith("(0 to 1)"):
            panel.set_ylim(-0.03, 1.03)
    return figure


def looks_of(models: Sequence[str]) -> list[dict[str, Any]]:
    """Colour, line style and marker of each model; those of references are grey and dotted."""
    looks, n_references = [], 0
    for place, name in enumerate(models):
        look: dict[str, Any] = {"color": style.colour(place), "linestyle": style.dash(place)}
        if name.startswith(REFERENCES):
            look = {"color": GREYS[n_references % len(GREYS)], "linestyle": ":"}
            n_references += 1
        looks.append(look | {"marker": style.marker(place), "markersize": 4.5})
    return looks


def _draw_lines(
    panel: Axes, rows: pd.DataFrame, models: Sequence[str], looks: Sequence[dict[str, Any]]
) -> None:
    for name, look in zip(models, looks, strict=True):
        mine = rows[rows["model"] == name].sort_values("snr_db")
        values, low, high = (mine[column].to_numpy(float) for column in NUMBERS)
        panel.plot(mine["snr_db"], values, **look)
        known = np.isfinite(low) & np.isfinite(high)
        panel.vlines(mine["snr_db"][known], low[known], high[known], look["color"], linewidth=0.8)
    panel.set_xticks(sorted(rows["snr_db"].unique()))
    panel.set_xlabel("Signal-to-noise ratio (dB)")
    panel.grid(color="0.9", linewidth=0.6)
