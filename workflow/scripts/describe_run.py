"""What a run was: its configuration, the versions, what each step has cost, all results as JSON."""

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from _benchmarks import costs
from _step import step
from _versions import commit_of, versions_of

from weakseg.files import replacing
from weakseg.page import Heading, Listing, Table, to_html, to_markdown
from weakseg.summary_file import write_summary


def describe_run(
    tables: Mapping[str, str],
    outputs: Mapping[str, str],
    config: Mapping[str, Any],
    snakemake_version: str,
    root: Path,
) -> None:
    """`config`: the complete configuration; `root`: of the checkout."""
    grid, results = config["grid"], Path(outputs["summary"]).parent
    versions, commit = versions_of(root, snakemake_version), commit_of(root)
    listed = versions if commit is None else versions | {"commit": commit}
    made_with = pd.DataFrame(listed.items(), columns=["what", "version"])
    snrs = [f"{snr:g}" for snr in grid["snr_db"]]
    mixtures = config["mixtures"]
    spent = costs(
        results / "benchmarks",
        snrs,
        grid["models"],
        grid["holdout_folds"],
        mixtures["folds"],
        ceil(mixtures["per_fold"] / mixtures["shard"]),
    )
    configuration = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True, width=100)
    table_of_costs = Table(spent.set_index("rule"), "{:.7g}", "Costs")
    page = [
        Heading(1, f"The run of {config['experiment']}"),
        Heading(2, "Costs of each step"),
        table_of_costs,
        Heading(2, "Versions"),
        Table(made_with.set_index("what"), "{}", "Versions"),
        Heading(2, "Configuration"),
        Listing(configuration),
    ]
    texts = {
        "config": configuration,
        "versions": made_with.to_csv(index=False),
        "costs": spent.to_csv(index=False),
        "costs_page": to_markdown([table_of_costs]),
        "page": to_html(page),
    }
    for name, text in texts.items():
        with replacing(outputs[name]) as temporary:
            temporary.write_text(text, encoding="utf-8")
    run = {"source": config["data"]["source"], **grid}
    write_summary(outputs["summary"], config["experiment"], versions, commit, run, **tables)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        describe_run(
            tables={name: snakemake.input[name] for name in ("models", "summary", "summary_tuned")},
            outputs=dict(snakemake.output.items()),
            config=snakemake.params.config,
            snakemake_version=snakemake.params.snakemake_version,
            root=Path(snakemake.params.root),
        )
