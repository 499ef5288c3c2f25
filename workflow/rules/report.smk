# All results -> what the run was, for programs and for the report.
from snakemake import __version__ as SNAKEMAKE


rule describe_run:
    input:
        models=rules.describe_models.output.models,
        summary=rules.summarise.output.summary,
        summary_tuned=rules.summarise.output.summary_tuned,
        # so that it runs last, when all that the benchmarks tell of has been done
        finished=[ALL_EVENTS, ALL_SEPARATED, ALL_FIGURES, rules.gallery.output.page],
    output:
        summary=f"{RESULTS}/summary.json",
        config=report(
            f"{RESULTS}/config.yaml",
            category="Run",
            caption="../report/config.rst",
            labels={"file": "Configuration"},
        ),
        versions=report(
            f"{RESULTS}/tables/versions.csv",
            category="Run",
            caption="../report/versions.rst",
            labels={"file": "Versions"},
        ),
        costs=report(
            f"{RESULTS}/tables/costs.csv",
            category="Run",
            caption="../report/costs.rst",
            labels={"file": "Costs of each step"},
        ),
        page=report(
            f"{RESULTS}/run.html",
            category="Run",
            caption="../report/run.rst",
            labels={"file": "All of it to read"},
        ),
        costs_page=f"{RESULTS}/tables/costs.md",
    log:
        log_of("describe_run"),
    benchmark:
        benchmark_of("describe_run")
    # knows the version of torch, which the others lack
    conda:
        "../../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(3),
    params:
        # A key that changes results reruns a step above and so this one; others need not.
        config=untracked(config),
        root=untracked(str(ROOT)),
        snakemake_version=untracked(SNAKEMAKE),
        total=lambda wildcards, output: total_costs(output.costs),
        code=digest_of("describe_run"),
    script:
        "../scripts/describe_run.py"
