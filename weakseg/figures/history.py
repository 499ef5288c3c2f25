"""How trainings went: loss, validation scores and gradient norm against the iteration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from weakseg.figures import style

REQUIRED = ["iteration", "loss", "gradient_norm"]
PREFIX = "validation_"
LOSS = "Binary cross-entropy (nats)"
LABELS = {
    "loss": ("Training loss", LOSS),
    "validation_loss": ("Validation loss", LOSS),
    "gradient_norm": ("Gradient", "Norm of the gradient (nats)"),
}
COLUMNS = 2
LEFT, RIGHT, TOP, BOTTOM = 0.75, 0.2, 0.45, 0.5  # margins, inches
HEIGHT, ACROSS, DOWN = 1.6, 0.75, 0.7  # of a panel; gaps between panels, inches
WIDTH = (style.WIDTH - LEFT - RIGHT - (COLUMNS - 1) * ACROSS) / COLUMNS


@style.style()
def draw_history(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the training curves of models, given as name -> table.

    A table has the columns `iteration, loss, gradient_norm` and any `validation_<metric>`; a
    value that is not finite is left out.  Raises ValueError for no model, and for a column that
    is missing.
    """
    _check(histories)
    columns = ["loss", *_validation_columns(histories), "gradient_norm"]
    figure, axes = _grid(len(columns), list(histories))
    for panel, column in zip(axes, columns, strict=True):
        _draw_curves(panel, histories, column)
        title, label = LABELS.get(column) or _score_labels(column)
        panel.set_title(title)
        panel.set_ylabel(label)
    _make_logarithmic(axes[-1])
    return figure


def _check(histories: Mapping[str, pd.DataFrame]) -> None:
    if not histories:
        raise ValueError("no history was given; name at least one trained model")
    for name, table in histories.items():
        missing = [column for column in REQUIRED if column not in table]
        if missing:
            raise ValueError(f"history of {name}: no column {missing[0]}; train the model anew")


def _validation_columns(histories: Mapping[str, pd.DataFrame]) -> list[str]:
    """The validation columns that have a value, the loss first."""
    columns = dict.fromkeys(
        str(column) for table in histories.values() for column in table.dropna(axis=1, how="all")
    )
    scores = [column for column in columns if column.startswith(PREFIX)]
    return sorted(scores, key=lambda column: column != PREFIX + "loss")


def _score_labels(column: str) -> tuple[str, str]:
    name = column.removeprefix(PREFIX).replace("_", " ")
    name = name.upper() if len(name) <= 3 else name.capitalize()
    return f"Validation: {name}", f"{name} (0 to 1)"


def _grid(n_panels: int, names: list[str]) -> tuple[Figure, list[Axes]]:
    top = TOP + style.legend_shape(names)[1] + 0.2
    n_rows = -(-n_panels // COLUMNS)
    figure = style.new_figure(top + n_rows * (HEIGHT + DOWN) - DOWN + BOTTOM)
    style.add_title(figure, "Training")
    handles = [Line2D([], [], color=style.colour(i), ls=style.dash(i)) for i in range(len(names))]
    style.add_legend(figure, TOP, handles, names)
    axes = []
    for place in range(n_panels):
        row, column = divmod(place, COLUMNS)
        left = LEFT + column * (WIDTH + ACROSS)
        axes.append(style.add_panel(figure, left, top + row * (HEIGHT + DOWN), WIDTH, HEIGHT))
        axes[-1].set_xlabel("Iteration (batches)")
        axes[-1].xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=style.TICK_STEPS))
        axes[-1].grid(color="0.9", linewidth=0.6)
    return figure, axes


def _draw_curves(panel: Axes, histories: Mapping[str, pd.DataFrame], column: str) -> None:
    for place, table in enumerate(histories.values()):
        if column in table:
            rows = table[np.isfinite(table[column])]
            panel.plot(
                rows["iteration"],
                rows[column],
                color=style.colour(place),
                linestyle=style.dash(place),
                marker="o",
                markersize=2.5,
            )


def _make_logarithmic(panel: Axes) -> None:
    panel.set_yscale("log")
    low, high = panel.get_ylim()
    steps = (1.0, 2.0, 5.0) if high < 300 * low else (1.0,)
    panel.yaxis.set_major_locator(LogLocator(subs=steps, numticks=8))
    panel.yaxis.set_major_formatter("{x:g}")
    panel.yaxis.set_minor_formatter(NullFormatter())
