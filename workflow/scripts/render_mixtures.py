"""Render the planned mixtures of one shard."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from _step import step

from weakseg.files import replacing
from weakseg.mixing import event_reader, render, write_shard
from weakseg.plan import read_plan, shard_of
from weakseg.recordings import Collection, read_index


def render_mixtures(
    plan: str,
    scenes: str,
    events: str,
    archives: Sequence[str],
    scenes_directory: str | None,
    events_directory: str | None,
    manifest: str,
    fold: int,
    part: int,
    shard: int,
    snr_db: float,
    sample_rate: int,
    seconds: float,
    level_over: str,
) -> None:
    zips = [Path(path) for path in archives]
    with (
        Collection(zips, Path(scenes_directory or "")) as scene_files,
        Collection(zips, Path(events_directory or "")) as event_files,
    ):
        read_scene, read_event = (
            event_reader(
                read_index(Path(index)),
                partial(files.read_mono, sample_rate=sample_rate),
                skip_lead=skip_lead,
                sample_rate=sample_rate,
            )
            for index, files, skip_lead in (
                (scenes, scene_files, False),
                (events, event_files, level_over == "heard"),
            )
        )
        table = write_shard(
            Path(manifest).parent,
            shard_of(read_plan(Path(plan)), fold, part, shard),
            partial(
                render,
                read_scene=read_scene,
                read_event=read_event,
                snr_db=snr_db,
                sample_rate=sample_rate,
                seconds=seconds,
                level_over=level_over,
            ),
            sample_rate,
        )
    with replacing(manifest) as temporary:
        table.to_csv(temporary, index=False)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        render_mixtures(
            plan=snakemake.input.plan,
            scenes=snakemake.input.scenes,
            events=snakemake.input.events,
            archives=snakemake.input.archives,
            manifest=snakemake.output.manifest,
            fold=int(snakemake.wildcards.fold),
            part=int(snakemake.wildcards.part),
            snr_db=float(snakemake.wildcards.snr),
            **snakemake.params.settings,
        )
