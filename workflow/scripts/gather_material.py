"""Gather the recordings of one fold, of which training draws fresh mixtures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from _step import step

from weakseg.collection import Collection
from weakseg.folds import members_of
from weakseg.material import Entry, write_material
from weakseg.mixing import announcer_of, reader_of
from weakseg.plan import read_plan
from weakseg.prefetch import announced
from weakseg.recordings import class_names, read_index


def gather_material(
    scenes: str,
    events: str,
    folds: str,
    plan: str | None,
    archives: Mapping[str, Sequence[str]],
    scenes_directory: str | None,
    events_directory: str | None,
    output: str,
    fold: int,
    sample_rate: int,
    seconds: float,
) -> None:
    """`seconds`: at most this much of each recording is kept, from its first sound.

    plan: that of the mixtures, where it says which scenes a fold has.
    """
    index = {"scene": read_index(Path(scenes)), "event": read_index(Path(events))}
    mixtures = read_plan(Path(plan)) if plan else []
    planned = [mixture["scene_audio_name"] for mixture in mixtures if mixture["fold"] == fold]
    chosen = members_of(Path(folds), index["scene"], index["event"], fold, planned)
    entries = [
        Entry(role, row["name"], row["label"])
        for role, table in chosen.items()
        for row in table.to_dict("records")
    ]
    with (
        Collection([Path(p) for p in archives["scenes"]], Path(scenes_directory or "")) as quiet,
        Collection([Path(p) for p in archives["events"]], Path(events_directory or "")) as loud,
    ):
        read_by_name = {
            role: reader_of(index[role], files.read_mono, sample_rate, seconds, skip_lead=True)
            for role, files in (("scene", quiet), ("event", loud))
        }

        announce_by_name = {
            role: announcer_of(index[role], files.prefetch)
            for role, files in (("scene", quiet), ("event", loud))
        }

        def read(role: str, name: str) -> np.ndarray:
            return read_by_name[role](name)

        ahead = announced(entries, lambda entry: announce_by_name[entry.role](entry.name))
        write_material(Path(output), ahead, read, class_names(index["event"]), sample_rate)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        gather_material(
            scenes=snakemake.input.scenes,
            events=snakemake.input.events,
            folds=snakemake.input.folds,
            plan=snakemake.input.get("plan") or None,
            archives=snakemake.params.archives,
            output=snakemake.output.material,
            fold=int(snakemake.wildcards.fold),
            **snakemake.params.settings,
        )
