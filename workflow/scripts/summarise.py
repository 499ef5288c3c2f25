"""Tables of all runs of the grid."""

from collections.abc import Sequence
from pathlib import Path

from _step import step

from weakseg import tables
from weakseg.files import replacing


def summarise(
    metrics: Sequence[str], experiment: str, summary: str, per_class: str, markdown: str
) -> None:
    joined = tables.join([tables.read_metrics(Path(path)) for path in metrics])
    overall = tables.summary(joined)
    with replacing(summary) as temporary:
        overall.to_csv(temporary, index=False)
    with replacing(per_class) as temporary:
        tables.per_class(joined).to_csv(temporary, index=False)
    with replacing(markdown) as temporary:
        temporary.write_text(tables.markdown(experiment, overall), encoding="utf-8")


if __name__ == "__main__":
    with step(snakemake.log[0]):
        summarise(
            metrics=[*snakemake.input.metrics, *snakemake.input.references],
            experiment=snakemake.params.experiment,
            summary=snakemake.output.summary,
            per_class=snakemake.output.per_class,
            markdown=snakemake.output.markdown,
        )
