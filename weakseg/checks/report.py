"""The page that says what a data set holds, for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from weakseg.checks.findings import Finding, mixable, names

HEADINGS = {
    "stops": "This stops the run",
    "warning": "Warnings",
    "note": "Good to know",
}
HEADER = (
    "class", "recordings", "usable", "sources",
    "seconds", "shortest", "median", "longest", "Hz", "dB",
)  # fmt: skip
Row = tuple[str, ...]


def report(
    experiment: str, indices: Mapping[str, pd.DataFrame], findings: Sequence[Finding]
) -> str:
    """The page.  indices: of `scenes` and `events`, listened to."""
    return "\n".join(_lines(experiment, indices, findings)) + "\n"


def _lines(
    experiment: str, indices: Mapping[str, pd.DataFrame], findings: Sequence[Finding]
) -> Iterator[str]:
    scenes, events = indices["scenes"], indices["events"]
    groups = [*sorted(events[events.label != ""].groupby("label")), ("(the scenes)", scenes)]
    yield f"# The recordings of {experiment}\n"
    yield from _aligned([HEADER, *(_row(str(label), group) for label, group in groups)])
    yield "\nUsable ones count in the columns that follow; seconds are in all, then a recording;"
    yield "dB: the median rms of what is heard first, over full scale."
    yield from _unusable(indices)
    for kind, heading in HEADINGS.items():
        texts = [finding.text for finding in findings if finding.kind == kind]
        if texts:
            yield f"\n## {heading}\n"
            yield from (f"- {text}" for text in texts)
    if all(finding.kind == "note" for finding in findings):
        yield "\nNothing speaks against training with these recordings."


def _row(label: str, group: pd.DataFrame) -> Row:
    mixed = mixable(group, "events")
    seconds = mixed.seconds
    lengths = [seconds.sum(), seconds.min(), seconds.median(), seconds.max()]
    rates = sorted(set(mixed.sample_rate))
    return (
        label.replace("|", "\\|"),
        str(len(group)),
        str(len(mixed)),
        str(mixed["source"].nunique()),
        *(f"{length:.1f}" if len(mixed) else "" for length in lengths),
        "-".join(str(rate) for rate in dict.fromkeys(rates[:: max(1, len(rates) - 1)])),
        f"{mixed.level_db.median():.0f}" if len(mixed) else "",
    )


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    """A Markdown table whose columns also line up as they stand; the first is text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    first, *others = widths
    rule = ["-" * first, *("-" * (width - 1) + ":" for width in others)]
    for row in (rows[0], rule, *rows[1:]):
        cells = [row[0].ljust(first), *(c.rjust(w) for c, w in zip(row[1:], others, strict=True))]
        yield f"| {' | '.join(cells)} |"


def _unusable(indices: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Why recordings cannot be used, the most frequent reason first."""
    all_of = pd.concat([index.assign(role=role) for role, index in indices.items()])
    out = all_of[~all_of.usable]
    reasons = [
        (len(group), role, why, names(group.member.where(group.member != "", group["name"])))
        for (role, why), group in out.groupby(["role", "why_not"])
    ]
    if reasons:
        yield f"\n## Not usable: {len(out)} of {len(all_of)} recordings\n"
    for number, role, why, which in sorted(reasons, key=lambda reason: -reason[0]):
        yield f"- {role}: {number} {why} ({which})"
    unverified = all_of[all_of.usable & ~all_of.verified & (all_of.role == "events")]
    if len(unverified):
        yield f"\n{len(unverified)} events are not verified and stay out of the mixtures."
