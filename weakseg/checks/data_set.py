"""A data set is looked through, and reported on whatever state it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from weakseg.audio_paths import passed_over
from weakseg.checks import folds, labels, sound
from weakseg.checks.findings import Finding, Setup, mixable
from weakseg.checks.heard import listen
from weakseg.collection import Collection
from weakseg.recordings import list_events, list_scenes, nothing

Check = Callable[[pd.DataFrame, pd.DataFrame, Setup], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    folds.folds_can_be_filled,
    folds.published_plan_has_scenes,
    folds.enough,
    folds.sources_stay_together,
    labels.labels_differ,
    labels.labels_are_spelt_alike,
    labels.classes_are_balanced,
    sound.events_have_frames,
    sound.events_are_cut,
    sound.mixtures_have_room,
    sound.rates_are_high,
    sound.recordings_are_loud,
    sound.recordings_differ,
)


def look_through(
    files: Mapping[str, Sequence[Path]], directories: Mapping[str, Path], setup: Setup
) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """The index of each role (`scenes`, `events`), and all findings.

    files, directories: of each role, as `Collection` takes them.  A set that cannot be read at all
    is empty, and a finding says why.
    """
    indices: dict[str, pd.DataFrame] = {}
    findings: list[Finding] = []
    for role, make_index, seconds in (
        ("scenes", list_scenes, setup.seconds),
        ("events", list_events, setup.event_seconds),
    ):
        try:
            with Collection(files[role], directories[role]) as collection:
                indices[role] = listen(collection, make_index(collection), seconds)
        except ValueError as error:  # DataError, ListError
            indices[role] = nothing().assign(level_db=float("nan"), content="")
            findings.append(Finding("stops", f"{role}: {error}"))
    findings += found(indices["scenes"], indices["events"], setup)
    return indices, findings


def found(scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup) -> Iterator[Finding]:
    """What the checks find, in their order."""
    mixed = mixable(scenes, "scenes"), mixable(events, "events")
    for role, index in zip(("scenes", "events"), mixed, strict=True):
        if index.empty:
            yield Finding("stops", f"no usable recording among the {role}; give some")
    for check in CHECKS:
        yield from check(*mixed, setup)


def unread(role: str, directory: Path) -> Iterator[Finding]:
    """Sound files in formats that libsndfile does not read."""
    if said := passed_over([directory]):
        yield Finding("warning", f"{role}: {said}")
