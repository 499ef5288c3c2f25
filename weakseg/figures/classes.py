"""Scores class by class: a row a class, a panel a task, a marker a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from weakseg.figures import style
from weakseg.figures.models import REFERENCES

COLUMNS = ["snr_db", "model", "holdout_fold", "class", "task", "metric", "value"]
PANELS = [  # title, axis with its unit, task, metric
    ("Tagging", "F1 (0 to 1)", "tagging", "f1"),
    ("Frames", "F1 (0 to 1)", "frames", "f1"),
    ("Masks", "F1 (0 to 1)", "masks", "f1"),
    ("Events", "F1 (0 to 1)", "events", "f1"),
    ("Separation", "SI-SDR impr. (dB)", "separation", "si_sdr_improvement_db_true_classes"),
]
LEFT, RIGHT, TOP, BOTTOM = 2.0, 0.15, 0.45, 0.55  # margins, inches
LANE, ACROSS, SPREAD = 0.21, 0.15, 0.5  # inches; share of a lane over which models are spread
WIDTH = (style.WIDTH - LEFT - RIGHT - (len(PANELS) - 1) * ACROSS) / len(PANELS)


@style.style()
def draw_classes(per_class: pd.DataFrame, snr_db: float) -> Figure:
    """Draw the scores of each class at one SNR, means over the holdout folds, the best class first.

    per_class: columns `snr_db, model, holdout_fold, class, task, metric, value`; references are
    left out.  Raises ValueError for a column that is missing and for a table without rows.
    """
    means = _means(per_class, snr_db)
    models = list(dict.fromkeys(means["model"]))
    classes = _ordered(means)
    top = TOP + style.legend_shape(models)[1] + 0.3
    height = LANE * (len(classes) + 0.5)
    figure = style.new_figure(top + height + BOTTOM)
    style.add_title(figure, f"Class by class, SNR {snr_db:g} dB, mean over holdout folds")
    handles = [Line2D([], [], **_look(place)) for place in range(len(models))]
    style.add_legend(figure, TOP, handles, models)
    for column, (title, label, task, metric) in enumerate(PANELS):
        left = LEFT + column * (WIDTH + ACROSS)
        panel = style.add_panel(figure, left, top, WIDTH, height)
        rows = means[(means["task"] == task) & (means["metric"] == metric)]
        values = rows.pivot(index="class", columns="model", values="value")
        _draw_marks(panel, values.reindex(index=classes, columns=models))
        _label(panel, title, label)
        names = [style.shortened(name, LEFT - 0.25) for name in classes]
        panel.set_yticks(range(len(classes)), names if column == 0 else [""] * len(classes))
    return figure


def _look(place: int) -> dict[str, Any]:
    return {
        "color": style.colour(place),
        "marker": style.marker(place),
        "markersize": 4,
        "markeredgecolor": "black",
        "markeredgewidth": 0.3,
        "linestyle": "",
    }


def _draw_marks(panel: Axes, values: pd.DataFrame) -> None:
    """Marks of values, a row a class and a column a model; nothing where there is no value."""
    rows = np.arange(len(values))
    for place, model in enumerate(values):
        beside = SPREAD * ((place + 0.5) / values.shape[1] - 0.5)  # so that equal values are seen
        panel.plot(values[model].to_numpy(float), rows + beside, clip_on=False, **_look(place))
    panel.set_ylim(len(values) - 0.25, -0.75)


def _label(panel: Axes, title: str, label: str) -> None:
    panel.set_title(title)
    panel.set_xlabel(label)
    panel.tick_params(axis="y", length=0)
    panel.xaxis.set_major_locator(MaxNLocator(3, steps=style.TICK_STEPS))
    if label.endswith("(0 to 1)"):
        panel.set_xlim(0, 1)
        panel.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    panel.grid(color="0.88", linewidth=0.6)


def _means(per_class: pd.DataFrame, snr_db: float) -> pd.DataFrame:
    missing = [column for column in COLUMNS if column not in per_class]
    if missing:
        raise ValueError(f"per_class: no column {missing[0]}; make the table anew")
    chosen = (per_class["holdout_fold"].astype(str) == "mean") & (per_class["snr_db"] == snr_db)
    means = per_class[chosen & ~per_class["model"].str.startswith(REFERENCES)]
    if means.empty:
        raise ValueError(f"per_class: no mean of a model at {snr_db:g} dB; make the table anew")
    return means.assign(value=pd.to_numeric(means["value"], errors="coerce"))


def _ordered(means: pd.DataFrame) -> Sequence[str]:
    """The classes, that with the highest mean F1 over tasks and models first, then by name."""
    f1 = means[means["metric"] == "f1"].groupby("class")["value"].mean()
    names = sorted(means["class"].unique())
    return sorted(names, key=lambda name: -np.nan_to_num(f1.get(name, 0.0)))
