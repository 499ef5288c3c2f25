"""What a run was: its configuration, the versions, what each step has cost, all results as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from _benchmarks import costs
from _step import step
from _versions import commit_of, versions_of

from weakseg.files import replacing
from weakseg.page import Table, to_markdown
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
    with replacing(outputs["config"]) as temporary, temporary.open("w", encoding="utf-8") as file:
        yaml.safe_dump(dict(config), file, sort_keys=False, allow_unicode=True, width=100)
    versions, commit = versions_of(root, snakemake_version), commit_of(root)
    listed = versions if commit is None else versions | {"commit": commit}
    with replacing(outputs["versions"]) as temporary:
        rows = pd.DataFrame(listed.items(), columns=["what", "version"])
        rows.to_csv(temporary, index=False)
    snrs = [f"{snr:g}" for snr in grid["snr_db"]]
    spent = costs(results / "benchmarks", snrs, grid["models"], grid["holdout_folds"])
    with replacing(outputs["costs"]) as temporary:
        spent.to_csv(temporary, index=False)
    with replacing(outputs["costs_page"]) as temporary:
        page = to_markdown([Table(spent.set_index("rule"), "{:.7g}", "Costs")])
        temporary.write_text(page, encoding="utf-8")
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
