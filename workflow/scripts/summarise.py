"""Tables of all runs of the grid."""

from collections.abc import Sequence
from pathlib import Path

from _step import step

from weakseg import tables
from weakseg.draws import differences, read_draws, with_intervals
from weakseg.files import replacing


def summarise(
    metrics: Sequence[str],
    draws: Sequence[str],
    experiment: str,
    models: Sequence[str],
    outputs: dict[str, str],
) -> None:
    joined = tables.join([tables.read_metrics(Path(path)) for path in metrics])
    drawn = read_draws(draws)
    overall = with_intervals(tables.summary(joined), drawn)
    written = {
        "summary": overall,
        "per_class": tables.per_class(joined),
        "differences": differences(overall, drawn, models),
    }
    for name, table in written.items():
        with replacing(outputs[name]) as temporary:
            table.to_csv(temporary, index=False)
    with replacing(outputs["markdown"]) as temporary:
        temporary.write_text(tables.markdown(experiment, overall), encoding="utf-8")


if __name__ == "__main__":
    with step(snakemake.log[0]):
        summarise(
            metrics=[*snakemake.input.metrics, *snakemake.input.references],
            draws=[*snakemake.input.draws, *snakemake.input.reference_draws],
            outputs=dict(snakemake.output.items()),
            **snakemake.params.settings,
        )
