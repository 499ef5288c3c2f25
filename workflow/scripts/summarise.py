"""Tables of all runs of the grid."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from _step import step

from weakseg import tables
from weakseg.draws import Draws, differences, read_draws, with_intervals
from weakseg.files import replacing
from weakseg.page import to_html, to_latex, to_markdown
from weakseg.results_page import results_page
from weakseg.sealed import read_table, write_table

Runs = tuple[Sequence[str], Sequence[str]]
"""Files of metrics, and of draws."""


def summarise(
    configured: Runs,
    tuned: Runs,
    described: str,
    experiment: str,
    models: Sequence[str],
    outputs: dict[str, str],
) -> None:
    """Tables of the runs with the configured thresholds, and of the same with tuned ones."""
    joined, drawn = read(configured)
    joined_tuned, drawn_tuned = read(tuned)
    overall = with_intervals(tables.summary(joined), drawn)
    overall_tuned = with_intervals(tables.summary(joined_tuned), drawn_tuned)
    written = {
        "summary": overall,
        "per_class": tables.per_class(joined),
        "differences": differences(overall, drawn, models),
        "summary_tuned": overall_tuned,
        "differences_tuned": differences(overall_tuned, drawn_tuned, models),
    }
    for name, table in written.items():
        write_table(outputs[name], table)
    table_of_models = read_table(described, keep_default_na=False)
    page = results_page(experiment, overall, overall_tuned, table_of_models)
    forms = {"markdown": to_markdown, "latex": to_latex, "page": to_html}
    for name, text in ((name, form(page)) for name, form in forms.items()):
        with replacing(outputs[name]) as temporary:
            temporary.write_text(text, encoding="utf-8")


def read(runs: Runs) -> tuple[pd.DataFrame, Draws]:
    metrics, draws = runs
    return tables.join([tables.read_metrics(Path(path)) for path in metrics]), read_draws(draws)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        files = snakemake.input
        summarise(
            configured=(
                [*files.metrics, *files.references],
                [*files.draws, *files.reference_draws],
            ),
            tuned=(
                [*files.tuned_metrics, *files.references],
                [*files.tuned_draws, *files.reference_draws],
            ),
            described=files.models,
            outputs=dict(snakemake.output.items()),
            **snakemake.params.settings,
        )
