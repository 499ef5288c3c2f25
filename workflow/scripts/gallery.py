"""The page to look at clips and listen to them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from _step import step

from weakseg.gallery.choose import RANKED_BY, choose
from weakseg.gallery.from_run import FoldFiles, files_of_folds, open_folds, scores_of
from weakseg.gallery.write import write_gallery
from weakseg.plan import read_plan
from weakseg.sealed import read_table


def gallery(
    folds: Sequence[FoldFiles],
    plan: str,
    summary: str,
    output: str,
    title: str,
    clips: Sequence[str],
    clips_per_model: int,
    longest_seconds: float,
    max_mb: float,
    clip_threshold: float,
    thresholds: Sequence[float],
    foregrounds: Mapping[str, Mapping[str, float] | None],
    threads: int,
) -> None:
    """Write the page; `foregrounds` has each model that is shown; thresholds: of frame scores."""
    with open_folds(folds, read_plan(Path(plan))) as opened:
        chosen = choose(scores_of(opened, list(foregrounds)), clips, clips_per_model)
        write_gallery(
            Path(output),
            title,
            [
                fold.clip(name, why, clip_threshold, foregrounds)
                for name, why in chosen.items()
                for fold in opened
                if name in fold.truth.names
            ],
            notes=[RANKED_BY],
            summary=read_table(summary),
            thresholds=thresholds,
            max_mb=max_mb,
            longest_seconds=longest_seconds,
            threads=threads,
        )


if __name__ == "__main__":
    with step(snakemake.log[0]):
        settings = dict(snakemake.params.settings)
        gallery(
            folds=files_of_folds(
                settings.pop("n_folds"),
                list(settings["foregrounds"]),
                features=snakemake.input.features,
                manifests=snakemake.input.manifests,
                predictions=snakemake.input.predictions,
                events=snakemake.input.events,
            ),
            plan=snakemake.input.plan,
            summary=snakemake.input.summary,
            output=snakemake.output.page,
            threads=snakemake.threads,
            **settings,
        )
