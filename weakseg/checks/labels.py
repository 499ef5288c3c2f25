"""What labels can tell: not of classes that are in every mixture, rare, or spelt in two ways."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from weakseg.checks.findings import Finding, Setup, names

CERTAIN = 0.8  # share of the mixtures that hold a class, above which its labels tell little
IMBALANCE = 10.0


def labels_differ(scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup) -> Iterator[Finding]:
    shares = events.label.value_counts(normalize=True)
    held = 1 - (1 - shares) ** setup.events
    certain = held[held > CERTAIN]
    if len(shares) == 1:
        yield Finding(
            "warning",
            f"{shares.index[0]} is the only class, so that each planned mixture holds it and no "
            "metric has clips without it; add what else is heard as further classes",
        )
    elif len(certain):
        listed = names(f"{label}: {share:.0%}" for label, share in certain.items())
        yield Finding(
            "note" if setup.fresh else "warning",
            f"most planned mixtures hold the same classes ({listed}), so that their labels tell "
            "little; lower mixtures.events or add classes",
        )


def labels_are_spelt_alike(
    scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup
) -> Iterator[Finding]:
    labels = pd.Series(sorted(set(events.label)), dtype=str)
    for _, spellings in labels.groupby(labels.str.split().str.join(" ").str.casefold()):
        if len(spellings) > 1:
            listed = " and ".join(map(repr, spellings))
            yield Finding("warning", f"{listed} are different classes; give them one spelling")


def classes_are_balanced(
    scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup
) -> Iterator[Finding]:
    counts = events.label.value_counts()
    if len(counts) and counts.iloc[0] > IMBALANCE * counts.iloc[-1]:
        most, least = counts.index[0], counts.index[-1]
        yield Finding(
            "warning",
            f"{most} has {counts.iloc[0]} recordings, {least} {counts.iloc[-1]}, and planned "
            "mixtures hold them in that proportion; add to the rare or leave out of the frequent "
            "(fresh training mixtures draw classes alike)",
        )
