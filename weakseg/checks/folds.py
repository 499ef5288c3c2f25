"""Whether there is enough of each class, and of the background, for each fold, and kept apart."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from weakseg.checks.findings import Finding, Setup, names
from weakseg.recordings import has_sources

FEW_A_FOLD = 3  # recordings of a class: below, a fold's figures are those of single takes
LITTLE_SECONDS = 60.0  # of scenes: a model can learn them by heart


def folds_can_be_filled(
    scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup
) -> Iterator[Finding]:
    """As `weakseg.folds` asks: each class, and the scenes, must reach into each fold."""
    column, unit = ("source", "sources") if setup.group_folds else ("name", "recordings")
    numbers = events.groupby("label")[column].nunique()
    if len(scenes):
        numbers["the scenes"] = scenes[column].nunique()
    few = numbers[numbers < setup.folds]
    if len(few):
        most = few.min()
        remedy = f"lower mixtures.folds to {most}" if most > 1 else "leave it out"
        listed = names(f"{label}: {number}" for label, number in few.items())
        yield Finding(
            "warning" if setup.published else "stops",
            f"too few {unit} to fill {setup.folds} folds ({listed}); add recordings or {remedy}",
        )


def published_plan_has_scenes(
    scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup
) -> Iterator[Finding]:
    mixtures = setup.folds * setup.per_fold
    if setup.published and len(scenes) < mixtures:
        yield Finding(
            "stops",
            f"the published plan uses each scene once, and {len(scenes)} are fewer than the "
            f"{mixtures} mixtures; lower mixtures.per_fold or set mixtures.preset to default",
        )


def enough(scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup) -> Iterator[Finding]:
    counts = events.groupby("label").size()
    few = counts[counts < FEW_A_FOLD * setup.folds]
    if len(few):
        yield Finding(
            "warning",
            f"{len(few)} of {len(counts)} classes have fewer than {FEW_A_FOLD} recordings a fold "
            f"({names(few.index)}): their figures hang on single takes; add recordings or lower "
            "mixtures.folds",
        )
    seconds = scenes.seconds.sum()
    if 0 < seconds < LITTLE_SECONDS:
        yield Finding(
            "warning",
            f"the scenes are {seconds:.0f} s in all: a model can learn them by heart; "
            "add background, some minutes at least",
        )


def sources_stay_together(
    scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup
) -> Iterator[Finding]:
    sets = {"scenes": scenes, "events": events}
    unknown = [role for role, index in sets.items() if len(index) and not has_sources(index)]
    if unknown:
        yield Finding(
            "note",
            f"{' and '.join(unknown)}: nothing says which recordings have one source, so each "
            "counts as its own; list takes of one thing in a CSV with the column source",
        )
    for role, index in sets.items():
        sizes = index.groupby("source").size()
        shared = sizes[sizes > 1]
        if len(shared) and not setup.group_folds:
            yield Finding(
                "warning",
                f"{role}: {shared.sum()} recordings have {len(shared)} sources among them, and "
                "while mixtures.group_folds is false some are in training and test; set it to true",
            )
