# Predictions and truth -> metrics -> tables.
THRESHOLDS = {
    "clip": config["evaluation"]["clip_threshold"],
    "frame": config["evaluation"]["frame_threshold"],
    "mask": config["evaluation"]["mask_threshold"],
    "found": config["detection"]["clip_threshold"],
    "gate": config["detection"]["clip_threshold"],
}


rule evaluate:
    input:
        predictions=rules.segment.output.predictions,
        events=rules.detect_events.output.events,
        tuned_events=rules.detect_tuned_events.output.events,
        thresholds=rules.tune_thresholds.output.thresholds,
        plan=rules.plan_mixtures.output.plan,
        folds=rules.assign_folds.output.folds,
        features=features,
        manifests=manifests,
    output:
        metrics=f"{RESULTS}/metrics/snr{{snr}}/{{model}}/holdout{{fold}}.csv",
        draws=f"{RESULTS}/metrics/snr{{snr}}/{{model}}/holdout{{fold}}-draws.npz",
        curve=f"{RESULTS}/metrics/snr{{snr}}/{{model}}/holdout{{fold}}-curve.csv",
        tuned_metrics=f"{RESULTS}/metrics/snr{{snr}}/{{model}}/holdout{{fold}}-tuned.csv",
        tuned_draws=f"{RESULTS}/metrics/snr{{snr}}/{{model}}/holdout{{fold}}-tuned-draws.npz",
    log:
        log_of("evaluate/snr{snr}-{model}-holdout{fold}"),
    benchmark:
        benchmark_of("evaluate/snr{snr}-{model}-holdout{fold}")
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(4 + MIX["per_fold"] // 40),
    params:
        settings=lambda w: dict(
            configured=THRESHOLDS,
            seconds=MIX["seconds"],
            n_draws=config["evaluation"]["draws"],
            foreground=sharpening(w),
        ),
        code=digest_of("evaluate"),
    script:
        "../scripts/evaluate.py"


rule evaluate_references:
    input:
        plan=rules.plan_mixtures.output.plan,
        folds=rules.assign_folds.output.folds,
        features=features,
        manifests=manifests,
    output:
        metrics=f"{RESULTS}/metrics/snr{{snr}}/references/holdout{{fold}}.csv",
        draws=f"{RESULTS}/metrics/snr{{snr}}/references/holdout{{fold}}-draws.npz",
    log:
        log_of("evaluate_references/snr{snr}-holdout{fold}"),
    benchmark:
        benchmark_of("evaluate_references/snr{snr}-holdout{fold}")
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(4 + MIX["per_fold"] // 40),
    params:
        settings=dict(
            thresholds=THRESHOLDS,
            detector=DETECTOR,
            seconds=MIX["seconds"],
            n_draws=config["evaluation"]["draws"],
            threshold_db=config["features"]["mask_threshold_db"],
        ),
        code=digest_of("evaluate_references"),
    script:
        "../scripts/evaluate_references.py"


rule summarise:
    input:
        models=rules.describe_models.output.models,
        metrics=runs("metrics/snr{snr}/{model}/holdout{fold}.csv"),
        draws=runs("metrics/snr{snr}/{model}/holdout{fold}-draws.npz"),
        tuned_metrics=runs("metrics/snr{snr}/{model}/holdout{fold}-tuned.csv"),
        tuned_draws=runs("metrics/snr{snr}/{model}/holdout{fold}-tuned-draws.npz"),
        references=references("metrics/snr{snr}/references/holdout{fold}.csv"),
        reference_draws=references("metrics/snr{snr}/references/holdout{fold}-draws.npz"),
    output:
        summary=table_in_report("tables/summary.csv", "All results"),
        per_class=table_in_report("tables/per_class.csv", "Class by class"),
        differences=table_in_report("tables/differences.csv", "Model against model"),
        summary_tuned=table_in_report("tables/summary_tuned.csv", "All results, tuned thresholds"),
        differences_tuned=table_in_report(
            "tables/differences_tuned.csv", "Model against model, tuned thresholds"
        ),
        markdown=f"{RESULTS}/tables/summary.md",
        latex=f"{RESULTS}/tables/summary.tex",
        page=table_in_report("tables/summary.html", "Means to read"),
    log:
        log_of("summarise"),
    benchmark:
        benchmark_of("summarise")
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        settings=dict(
            experiment=config["experiment"],
            models=GRID["models"],
        ),
        # for captions; a parameter that is read from a file is not compared
        best=lambda wildcards, output: best_means(output.summary),
        best_tuned=lambda wildcards, output: best_means(output.summary_tuned),
        code=digest_of("summarise"),
    script:
        "../scripts/summarise.py"
