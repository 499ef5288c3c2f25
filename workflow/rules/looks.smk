# Results -> pictures.
CLIPS = range(1, config["evaluation"]["figure_clips"] + 1)
# the picture of the method is drawn for the last model of the grid that has masks
MASKED = [name for name in GRID["models"] if config["models"][name]["network"]["type"] != "dnn"]
ALL_FIGURES = [
    f"{RESULTS}/figures/models.png",
    [f"{RESULTS}/figures/method.png"] if MASKED else [],
    expand(
        f"{RESULTS}/figures/snr{{snr}}/training-holdout{{fold}}.png",
        snr=SNRS,
        fold=GRID["holdout_folds"],
    ),
    expand(runs("figures/snr{snr}/{model}/holdout{fold}/clip{{clip}}.png"), clip=CLIPS),
]


rule draw_clips:
    input:
        predictions=rules.segment.output.predictions,
        events=rules.detect_events.output.events,
        plan=rules.plan_mixtures.output.plan,
        features=lambda w: shards("features/snr{snr}/fold{fold}-part{part}.h5", w.snr, w.fold),
        manifests=lambda w: shards(
            "mixtures/snr{snr}/fold{fold}-part{part}/manifest.csv", w.snr, w.fold
        ),
    output:
        pictures=report(
            expand(
                f"{RESULTS}/figures/snr{{{{snr}}}}/{{{{model}}}}/holdout{{{{fold}}}}/clip{{clip}}.png",
                clip=CLIPS,
            ),
            category="Clips",
            subcategory="{model}, {snr} dB",
            caption="../report/clip.rst",
        ),
    log:
        log_of("draw_clips/snr{snr}-{model}-holdout{fold}"),
    benchmark:
        benchmark_of("draw_clips/snr{snr}-{model}-holdout{fold}")
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(3),
    params:
        detector=DETECTOR,
        code=digest_of("draw_clips"),
    script:
        "../scripts/draw_clips.py"


if MASKED:
    SHOWN = {"snr": SNRS[0], "model": MASKED[-1], "fold": GRID["holdout_folds"][0]}

    rule draw_method:
        input:
            predictions=rules.segment.output.predictions.format(**SHOWN),
            events=rules.detect_events.output.events.format(**SHOWN),
            plan=rules.plan_mixtures.output.plan,
            features=shards(
                "features/snr{snr}/fold{fold}-part{part}.h5", SHOWN["snr"], SHOWN["fold"]
            ),
            manifests=shards(
                "mixtures/snr{snr}/fold{fold}-part{part}/manifest.csv", SHOWN["snr"], SHOWN["fold"]
            ),
        output:
            picture=report(
                f"{RESULTS}/figures/method.png",
                category="Overview",
                caption="../report/method.rst",
            ),
        log:
            log_of("draw_method"),
        benchmark:
            benchmark_of("draw_method")
        conda:
            "../../envs/report.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(3),
        params:
            detector=DETECTOR,
            code=digest_of("draw_method"),
        script:
            "../scripts/draw_method.py"


rule draw_training:
    input:
        histories=expand(
            f"{RESULTS}/models/snr{{{{snr}}}}/{{model}}/holdout{{{{fold}}}}/history.csv",
            model=GRID["models"],
        ),
    output:
        picture=report(
            f"{RESULTS}/figures/snr{{snr}}/training-holdout{{fold}}.png",
            category="Training",
            caption="../report/training.rst",
        ),
    log:
        log_of("draw_training/snr{snr}-holdout{fold}"),
    benchmark:
        benchmark_of("draw_training/snr{snr}-holdout{fold}")
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(3),
    params:
        models=GRID["models"],
        code=digest_of("draw_training"),
    script:
        "../scripts/draw_training.py"


rule draw_models:
    input:
        summary=rules.summarise.output.summary,
    output:
        picture=report(
            f"{RESULTS}/figures/models.png",
            category="Overview",
            caption="../report/models.rst",
        ),
    log:
        log_of("draw_models"),
    benchmark:
        benchmark_of("draw_models")
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(3),
    params:
        code=digest_of("draw_models"),
    script:
        "../scripts/draw_models.py"
