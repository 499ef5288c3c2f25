"""The models of an experiment side by side: a row of bar charts a signal-to-noise ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from weakseg.figures import style
from weakseg.figures.clip_data import Floats

NUMBERS = ["value", "ci_low", "ci_high"]
COLUMNS = ["snr_db", "model", "holdout_fold", "task", "metric", *NUMBERS]
PAINTS = style.COLOURS[:-1]  # black would hide the hatches
REFERENCES = ("oracle_", "floor_")  # how the names of models begin that are no models
LEFT, RIGHT, TOP, BOTTOM = 0.65, 0.15, 0.45, 0.35  # margins, inches
HEIGHT, ACROSS, DOWN = 1.7, 0.6, 0.55  # of a panel; gaps between panels, inches


class Chart(NamedTuple):
    """A panel: its title, its axis with the unit, and (task, metric) of each group of bars."""

    title: str
    label: str
    groups: list[tuple[str, str]]


CHARTS = [
    Chart("F1", "F1 (0 to 1)", [(task, "f1") for task in ("tagging", "frames", "masks", "events")]),
    Chart("AUC", "AUC (0 to 1)", [(task, "auc") for task in ("tagging", "frames", "masks")]),
    Chart("SI-SDR improvement", "SI-SDR (dB)", [("separation", "si_sdr_improvement_db")]),
]
SHARES = np.array([4, 3, 1.6])  # of the width, one a chart
WIDTHS = (style.WIDTH - LEFT - RIGHT - 2 * ACROSS) * SHARES / SHARES.sum()


@style.style()
def draw_models(summary: pd.DataFrame) -> Figure:
    """Draw the means over the holdout folds of a summary table, with error bars where it has them.

    summary: columns `snr_db, model, holdout_fold, task, metric, value, ci_low, ci_high`.  A value
    that the table lacks is marked by n/a.  Raises ValueError for a column that is missing and
    for a table without means.
    """
    means = means_of(summary)
    models = list(dict.fromkeys(means["model"]))
    snrs = sorted(means["snr_db"].unique())
    top = TOP + style.legend_shape(models)[1] + 0.25
    figure = style.new_figure(top + len(snrs) * (HEIGHT + DOWN) - DOWN + BOTTOM)
    style.add_title(figure, "Models, mean over holdout folds")
    handles = [Patch(**_look(models, place)) for place in range(len(models))]
    style.add_legend(figure, TOP, handles, models)
    for column, chart in enumerate(CHARTS):
        first = None
        for row, snr in enumerate(snrs):
            panel = _panel(figure, column, top + row * (HEIGHT + DOWN), first)
            first = first or panel
            _draw_chart(panel, chart, means[means["snr_db"] == snr], models)
            panel.set_title(chart.title if column else f"SNR {snr:g} dB: {chart.title}")
    return figure


def means_of(summary: pd.DataFrame) -> pd.DataFrame:
    """The rows of the means, their numbers as floats.  Raises ValueError as `draw_models` does."""
    missing = [column for column in COLUMNS if column not in summary]
    if missing:
        raise ValueError(f"summary: no column {missing[0]}; make the table anew")
    means = summary[summary["holdout_fold"].astype(str) == "mean"]
    if means.empty:
        raise ValueError("summary: no row has the holdout_fold mean; make the table anew")
    return means.assign(**{name: pd.to_numeric(means[name], errors="coerce") for name in NUMBERS})


def _look(models: Sequence[str], place: int) -> dict[str, Any]:
    """Colour and hatch of a model's bars; references, which are no models, are grey."""
    reference = models[place].startswith(REFERENCES)
    return {
        "facecolor": "0.85" if reference else PAINTS[place % len(PAINTS)],
        "edgecolor": "black",
        "hatch": style.HATCHES[place % len(style.HATCHES)],
        "linewidth": 0.5,
    }


def _panel(figure: Figure, column: int, top: float, first: Axes | None) -> Axes:
    left = LEFT + WIDTHS[:column].sum() + column * ACROSS
    return style.add_panel(figure, left, top, WIDTHS[column], HEIGHT, sharey=first)


def _draw_chart(panel: Axes, chart: Chart, means: pd.DataFrame, models: Sequence[str]) -> None:
    rows = means.set_index(["model", "task", "metric"])[NUMBERS]
    bar = 0.8 / len(models)
    for place, model in enumerate(models):
        keys = [(model, *group) for group in chart.groups]
        values = rows.reindex(keys).to_numpy(float)
        centres = np.arange(len(keys)) + (place - (len(models) - 1) / 2) * bar
        _draw_bars(panel, centres, values, bar, _look(models, place))
    panel.set_xlim(-0.5, len(chart.groups) - 0.5)
    panel.set_xticks(range(len(chart.groups)), [task for task, _ in chart.groups])
    panel.tick_params(axis="x", length=0)
    panel.set_ylabel(chart.label)
    panel.axhline(0, color="black", linewidth=0.6)
    if chart.label.endswith("(0 to 1)"):
        panel.set_ylim(0, 1)


def _draw_bars(
    panel: Axes, centres: Floats, values: Floats, width: float, look: dict[str, Any]
) -> None:
    """Bars of values (groups, 3): value and the ends of its interval."""
    heights, ends = values[:, 0], values[:, 1:]
    panel.bar(centres, heights, width, **look)
    for centre in centres[~np.isfinite(heights)]:
        panel.text(centre, 0, "n/a", ha="center", va="bottom", rotation=90, color=style.GREY)
    known = np.isfinite(values).all(axis=1)
    if known.any():
        # from end to end: a value may lie outside its bootstrap interval
        panel.errorbar(
            centres[known],
            ends[known].mean(axis=1),
            np.ptp(ends[known], axis=1) / 2,
            fmt="none",
            ecolor="black",
            elinewidth=0.8,
            capsize=2,
        )
