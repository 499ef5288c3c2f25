"""Log-mel and truth of one shard's mixtures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _step import step

from weakseg.allocator import keep_freed_memory
from weakseg.features import extract
from weakseg.plan import read_plan
from weakseg.progress import counted
from weakseg.recordings import class_names, read_index
from weakseg.rendered import read_manifest
from weakseg.spectral import Spectral
from weakseg.store import write_features


def extract_features(
    plan: str,
    events: str,
    manifest: str,
    output: str,
    spectral: Mapping[str, Any],
    threshold_db: float,
    mask_truth: str,
) -> None:
    keep_freed_memory()
    rows = read_manifest(Path(manifest))
    planned = {mixture["mixture_name"]: mixture for mixture in read_plan(Path(plan))}
    mixtures = [planned[row.mixture_name] for row in rows]
    classes = class_names(read_index(Path(events)))
    settings = Spectral.from_settings(spectral)
    clips = extract(
        Path(manifest).parent, rows, mixtures, classes, settings, threshold_db, mask_truth
    )
    names = [row.mixture_name for row in rows]
    clips = counted(clips, len(names), " clips")
    write_features(Path(output), names, classes, settings.settings(), clips)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        extract_features(
            plan=snakemake.input.plan,
            events=snakemake.input.events,
            manifest=snakemake.input.manifest,
            output=snakemake.output.features,
            **snakemake.params.settings,
        )
