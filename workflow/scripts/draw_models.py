"""Pictures of the tables: models beside each other, class by class, over thresholds and SNRs."""

from collections.abc import Mapping, Sequence

from _step import step

from weakseg.figures.classes import draw_classes
from weakseg.figures.curves import draw_curves
from weakseg.figures.models import REFERENCES, draw_models
from weakseg.figures.noise import draw_noise
from weakseg.figures.style import save_all
from weakseg.sealed import read_table

BESIDE = {"oracle_activity", "floor_ones"}  # the two references that have a value in each task
Files = Sequence[str]


def draw_all(
    summary: str,
    per_class: str,
    curves: Files,
    outputs: Mapping[str, Files],
    models: Sequence[str],
    snrs: Sequence[str],
    folds: Sequence[int],
    thresholds: Mapping[str, float],
) -> None:
    """`curves`: of each SNR, model and fold; `outputs`: of each SNR (and fold) PNG, then SVG."""
    table = read_table(summary, dtype={"holdout_fold": str})
    shown = table[~table["model"].str.startswith(REFERENCES) | table["model"].isin(BESIDE)]
    save_all(draw_models(shown), outputs["models"])
    if len(snrs) > 1:
        save_all(draw_noise(shown), outputs["noise"])
    classes = read_table(
        per_class, dtype={"holdout_fold": str, "class": str}, keep_default_na=False
    )
    for place, snr in enumerate(snrs):
        save_all(draw_classes(classes, float(snr)), outputs["classes"][place :: len(snrs)])
    read = iter(curves)
    curve_of = {
        (snr, model, fold): next(read) for snr in snrs for model in models for fold in folds
    }
    runs = [(snr, fold) for snr in snrs for fold in folds]
    for place, (snr, fold) in enumerate(runs):
        mine = {model: read_table(curve_of[snr, model, fold]) for model in models}
        title = f"Thresholds, SNR {snr} dB, holdout fold {fold}"
        save_all(draw_curves(mine, thresholds, title), outputs["curves"][place :: len(runs)])


if __name__ == "__main__":
    with step(snakemake.log[0]):
        draw_all(
            summary=snakemake.input.summary,
            per_class=snakemake.input.per_class,
            curves=snakemake.input.curves,
            outputs=dict(snakemake.output.items()),
            **snakemake.params.settings,
        )
