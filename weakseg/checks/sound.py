"""What recordings sound like: lengths, rates, levels, and which are the same."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from weakseg.checks.findings import Finding, Setup, names, some
from weakseg.plan import heard_seconds

FEWEST_FRAMES = 3  # of features: below, a mask is a dot
LONG = 3.0  # times event_seconds: longer recordings hold several events, or silence
FULL = 0.75  # of a mixture under events: hardly any is background alone
QUIET_DB = -55.0  # what is levelled up from here brings its own noise along


def heard(events: pd.DataFrame, setup: Setup) -> pd.Series:
    """Seconds of each event that a mixture holds."""
    seconds = heard_seconds(events, setup.event_seconds, setup.level_over)
    return pd.Series(seconds, events.index, dtype=float)


def events_have_frames(
    scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup
) -> Iterator[Finding]:
    seconds = (setup.window + (FEWEST_FRAMES - 1) * setup.hop) / setup.sample_rate
    short = events[heard(events, setup) < seconds]
    if len(short):
        sizes = events.groupby("label").size()
        whole = [label for label, n in short.groupby("label").size().items() if n == sizes[label]]
        classes = f", among them all of {names(whole)}" if whole else ""
        yield Finding(
            "warning",
            f"{some(short)} shorter than {FEWEST_FRAMES} frames, {seconds:.2f} s{classes}: "
            "hardly a mask; leave them out, or lower features.window and features.hop",
        )


def events_are_cut(scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup) -> Iterator[Finding]:
    middle = events.groupby("label").seconds.median()
    long = middle[middle > LONG * setup.event_seconds]
    if len(long):
        listed = names(f"{label}: {seconds:.1f} s" for label, seconds in long.items())
        yield Finding(
            "warning",
            f"of recordings this long ({listed}) a planned mixture holds the "
            f"first {setup.event_seconds:g} s: cut them to single events, or raise "
            "mixtures.event_seconds",
        )


def mixtures_have_room(
    scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup
) -> Iterator[Finding]:
    full = setup.events * heard(events, setup).mean() / setup.seconds
    if full > FULL:
        yield Finding(
            "warning",
            f"{setup.events} events fill {full:.0%} of a mixture of {setup.seconds:g} s: hardly "
            "any is background alone; raise mixtures.seconds or lower mixtures.events",
        )
    looped = scenes[scenes.seconds < setup.seconds]
    if len(looped):
        yield Finding(
            "note",
            f"{some(looped)} shorter than a mixture, {setup.seconds:g} s, and will be repeated",
        )


def rates_are_high(scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup) -> Iterator[Finding]:
    """A band that one class lacks tells it from the others as well as its sound does."""
    all_kinds = pd.concat([scenes.assign(label="the scenes"), events])
    highest = all_kinds.groupby("label").sample_rate.max()
    low = all_kinds[all_kinds.sample_rate < setup.sample_rate]
    lacking = highest[highest < setup.sample_rate]
    if len(lacking) and len(lacking) == len(highest):
        rate = highest.max()
        yield Finding(
            "warning",
            f"nothing was recorded at more than {rate} Hz: all bands above {rate // 2} Hz are "
            f"empty; set mixtures.sample_rate to {rate}",
        )
    elif len(lacking):
        listed = names(f"{label}: {rate} Hz" for label, rate in lacking.items())
        yield Finding(
            "warning",
            f"some are recorded below mixtures.sample_rate alone ({listed}): models will tell them "
            f"by their empty upper bands; set mixtures.sample_rate to {lacking.min()} or record "
            "anew",
        )
    elif len(low):
        yield Finding(
            "note",
            f"{some(low)} recorded below mixtures.sample_rate, {setup.sample_rate} Hz: their upper "
            "bands are empty",
        )


def recordings_are_loud(
    scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup
) -> Iterator[Finding]:
    both = pd.concat([scenes, events])
    quiet = both[both.level_db < QUIET_DB]
    if len(quiet):
        yield Finding(
            "warning",
            f"{some(quiet)} nearly silent, below {QUIET_DB:g} dB of full scale: noise is levelled "
            "up with them; leave them out or record louder",
        )


def recordings_differ(
    scenes: pd.DataFrame, events: pd.DataFrame, setup: Setup
) -> Iterator[Finding]:
    """Recordings that begin with the same samples."""
    both = pd.concat([scenes.assign(label="a scene"), events])
    for _, group in both[both.content != ""].groupby("content", sort=False):
        which = f"{names(group['name'])} begin with the same samples"
        if group.label.nunique() > 1:
            labels = names(sorted(set(group.label)))
            yield Finding("warning", f"{which} and are labelled {labels}; keep one")
        elif len(group) > 1 and (group["source"].nunique() > 1 or not setup.group_folds):
            yield Finding(
                "warning",
                f"{which} and may be in training and test; keep one, or give them one source and "
                "leave mixtures.group_folds true",
            )
        elif len(group) > 1:
            yield Finding("note", f"{which}; they have one source")
