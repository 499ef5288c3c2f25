"""The page of an experiment's results: the means, a table a task, SNR and track."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from weakseg.page import Block, Heading, Paragraph, Table
from weakseg.tables import REFERENCES, SHOWN, Shown, way

TUNED = (
    "The same, with thresholds tuned class by class for each model: clip thresholds from weak "
    "labels, those of frames and masks, and what finds events, from the planned onsets and offsets "
    "of training mixtures; no holdout clip was used. Models named `oracle_` and `floor_` keep the "
    "thresholds of the configuration: they have nothing to tune."
)


TRACKS = {
    "A": "trained on the planned mixtures (track A)",
    "B": "trained on fresh mixtures (track B)",
}


def results_page(
    experiment: str,
    table: pd.DataFrame,
    tuned: pd.DataFrame | None = None,
    models: pd.DataFrame | None = None,
) -> list[Block]:
    """The means as a page: a table a task and SNR, a row a model; then with tuned thresholds.

    models: a row a model, with its `track`: those of two tracks are never in one table.
    """
    n_folds = table[table["holdout_fold"] != "mean"]["holdout_fold"].nunique()
    parts: list[Block] = [
        Heading(1, experiment),
        Paragraph(
            f"Macro average over classes, mean over {n_folds} holdout "
            f"fold{'s' if n_folds > 1 else ''}. Separation: classes that the model finds, "
            "unless it says otherwise. Models named `oracle_` are told part of the truth, `floor_` "
            "learn nothing."
        ),
    ]
    track_of = {} if models is None else dict(zip(models["model"], models["track"], strict=True))
    if models is not None:
        parts += [Heading(2, "Models"), Table(models.set_index("model"), "{}", "Models")]
    parts += _sections(table, track_of, 2)
    if tuned is not None:
        parts += [Heading(2, "Tuned thresholds"), Paragraph(TUNED)]
        parts += _sections(tuned, track_of, 3, ", tuned thresholds")
    return parts


def _sections(
    table: pd.DataFrame, track_of: Mapping[str, str], level: int, which: str = ""
) -> Iterator[Block]:
    """A heading and the tables of each SNR, task and track; `which`: added to their captions."""
    means = table[table["holdout_fold"] == "mean"]
    for snr in means["snr_db"].unique():
        for shown in SHOWN:
            rows = means[(means["snr_db"] == snr) & (means["task"] == shown.task)]
            for trained, mine in _tracks(rows, track_of):
                heading = f"{shown.title}, {snr:g} dB{trained}"
                yield Heading(level, heading)
                yield from _task_tables(mine, shown, heading + which)


def _tracks(rows: pd.DataFrame, track_of: Mapping[str, str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each track's models, with the references, and what the heading says of it."""
    if len(set(track_of.values())) < 2 and len(rows):
        yield "", rows
        return
    reference = rows["model"].str.startswith(REFERENCES)
    for track, trained in TRACKS.items():
        mine = rows["model"].map(track_of) == track
        if mine.any():
            yield f", {trained}", rows[mine | reference]


def _task_tables(rows: pd.DataFrame, shown: Shown, caption: str) -> Iterator[Block]:
    """The values of a task, models before references, and how far the models have come."""
    wide = rows.pivot(index="model", columns="metric", values="value")
    wide = wide.reindex(rows["model"].unique(), columns=[m for m in shown.metrics if m in wide])
    yield Table(wide, "{:.3f}", caption)
    if {shown.floor, shown.oracle} <= set(wide.index):
        percent = f"f the way from `{shown.floor}` to `{shown.oracle}`, in percent"
        yield Paragraph(f"O{percent}:")
        yield Table(100 * way(wide, shown), "{:.0f}", f"{caption}: o{percent}")
