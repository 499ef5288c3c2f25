"""Render the planned mixtures of one shard."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from _step import step

from weakseg.allocator import keep_freed_memory
from weakseg.collection import Collection
from weakseg.mixing import announcer_of, announcing, kept, reader_of, render, write_shard
from weakseg.plan import read_plan, shard_of
from weakseg.prefetch import announced
from weakseg.progress import counted
from weakseg.recordings import read_index
from weakseg.sealed import write_table


def render_mixtures(
    plan: str,
    scenes: str,
    events: str,
    archives: Mapping[str, Sequence[str]],
    scenes_directory: str | None,
    events_directory: str | None,
    manifest: str,
    fold: int,
    part: int,
    shard: int,
    snr_db: float,
    sample_rate: int,
    seconds: float,
    event_seconds: float,
    level_over: str,
) -> None:
    keep_freed_memory()
    heard = level_over == "heard"
    scene_index, event_index = read_index(Path(scenes)), read_index(Path(events))
    with (
        open_set(archives["scenes"], scenes_directory) as scene_files,
        open_set(archives["events"], events_directory) as event_files,
    ):
        read_scene = reader_of(
            scene_index, scene_files.read_mono, sample_rate, seconds, skip_lead=heard
        )
        read_event = reader_of(
            event_index,
            event_files.read_mono,
            sample_rate,
            event_seconds if heard else None,
            skip_lead=heard,
        )
        announce = announcing(
            announcer_of(scene_index, scene_files.prefetch),
            announcer_of(event_index, event_files.prefetch),
        )
        n_samples = math.ceil(event_seconds * sample_rate) + 1  # rounding of onset and offset
        render_one = partial(
            render,
            read_scene=read_scene,
            read_event=kept(read_event, n_samples),
            snr_db=snr_db,
            sample_rate=sample_rate,
            seconds=seconds,
            level_over=level_over,
        )
        mixtures = shard_of(read_plan(Path(plan)), fold, part, shard)
        mixtures = counted(announced(mixtures, announce), len(mixtures), " mixtures")
        table = write_shard(Path(manifest).parent, mixtures, render_one, sample_rate)
    write_table(manifest, table)


def open_set(archives: Sequence[str], directory: str | None) -> Collection:
    return Collection([Path(path) for path in archives], Path(directory or ""))


if __name__ == "__main__":
    with step(snakemake.log[0]):
        render_mixtures(
            plan=snakemake.input.plan,
            scenes=snakemake.input.scenes,
            events=snakemake.input.events,
            archives=snakemake.params.archives,
            manifest=snakemake.output.manifest,
            fold=int(snakemake.wildcards.fold),
            part=int(snakemake.wildcards.part),
            snr_db=float(snakemake.wildcards.snr),
            **snakemake.params.settings,
        )
