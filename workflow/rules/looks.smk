# Results -> pictures.
# clips that are drawn of each holdout fold: those that are named stand before evenly spread ones
CLIPS = range(
    1,
    max(
        config["evaluation"]["figure_clips"],
        *[len(named_mixtures(fold)) for fold in GRID["holdout_folds"]],
    )
    + 1,
)
EACH_CLIP = [{"clip": clip} for clip in CLIPS]
EACH_SNR = [{"snr": snr} for snr in SNRS]
EACH_RUN = [{"snr": snr, "fold": fold} for snr in SNRS for fold in GRID["holdout_folds"]]
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
    expand(
        f"{RESULTS}/figures/snr{{snr}}/mixtures-holdout{{fold}}/clip{{clip}}.png",
        snr=SNRS,
        fold=GRID["holdout_folds"],
        clip=CLIPS,
    ),
    expand(runs("figures/snr{snr}/{model}/holdout{fold}/clip{{clip}}.png"), clip=CLIPS),
]


rule draw_clips:
    input:
        predictions=rules.segment.output.predictions,
        events=rules.detect_events.output.events,
        plan=rules.plan_mixtures.output.plan,
        features=features,
        manifests=manifests,
    output:
        clips=pictures(
            "snr{snr}/{model}/holdout{fold}/clip{clip}",
            "Clips",
            "clip",
            subcategory="{model}, {snr} dB",
            each=EACH_CLIP,
            clip="{clip}",
            fold="{fold}",
            picture="all of it",
        ),
        masks=pictures(
            "snr{snr}/{model}/holdout{fold}/clip{clip}-masks",
            "Clips",
            "masks",
            subcategory="{model}, {snr} dB",
            each=EACH_CLIP,
            clip="{clip}",
            fold="{fold}",
            picture="masks of all classes",
        ),
        decisions=pictures(
            "snr{snr}/{model}/holdout{fold}/clip{clip}-decisions",
            "Clips",
            "decisions",
            subcategory="{model}, {snr} dB",
            each=EACH_CLIP,
            clip="{clip}",
            fold="{fold}",
            picture="frames and events",
        ),
        colours=pictures(
            "snr{snr}/{model}/holdout{fold}/clip{clip}-colours",
            "Clips",
            "colours",
            subcategory="{model}, {snr} dB",
            each=EACH_CLIP,
            clip="{clip}",
            fold="{fold}",
            picture="masks in false colour",
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
        settings=lambda w: dict(detector=DETECTOR, named=named_mixtures(w.fold), drawn=len(CLIPS)),
        code=digest_of("draw_clips"),
    script:
        "../scripts/draw_clips.py"


rule draw_mixtures:
    input:
        plan=rules.plan_mixtures.output.plan,
        features=features,
        manifests=manifests,
    output:
        mixtures=pictures(
            "snr{snr}/mixtures-holdout{fold}/clip{clip}",
            "Clips",
            "mixture",
            subcategory="mixtures, {snr} dB",
            each=EACH_CLIP,
            clip="{clip}",
            fold="{fold}",
            picture="ideal ratio masks",
        ),
    log:
        log_of("draw_mixtures/snr{snr}-holdout{fold}"),
    benchmark:
        benchmark_of("draw_mixtures/snr{snr}-holdout{fold}")
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(3),
    params:
        settings=lambda w: dict(named=named_mixtures(w.fold), drawn=len(CLIPS)),
        code=digest_of("draw_mixtures"),
    script:
        "../scripts/draw_mixtures.py"


if MASKED:
    SHOWN = {"snr": SNRS[0], "model": MASKED[-1], "fold": GRID["holdout_folds"][0]}

    rule draw_method:
        input:
            predictions=rules.segment.output.predictions.format(**SHOWN),
            events=rules.detect_events.output.events.format(**SHOWN),
            plan=rules.plan_mixtures.output.plan,
            features=shards(FEATURES, SHOWN["snr"], SHOWN["fold"]),
            manifests=shards(MANIFESTS, SHOWN["snr"], SHOWN["fold"]),
        output:
            method=pictures("method", "Overview", "method", picture="The method on a clip"),
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
            settings=dict(foreground=sharpening(SimpleNamespace(**SHOWN))),
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
        training=pictures(
            "snr{snr}/training-holdout{fold}",
            "Training",
            "training",
            picture="Learning curves",
            snr="{snr} dB",
            fold="{fold}",
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
        per_class=rules.summarise.output.per_class,
        curves=expand(
            rules.evaluate.output.curve,
            snr=SNRS,
            model=GRID["models"],
            fold=GRID["holdout_folds"],
        ),
    output:
        models=pictures("models", "Overview", "models", picture="The models"),
        noise=(
            pictures("noise", "Overview", "noise", picture="Metrics against the SNR")
            if len(SNRS) > 1
            else []
        ),
        classes=pictures(
            "snr{snr}/classes",
            "Classes",
            "classes",
            each=EACH_SNR,
            picture="Scores class by class",
            snr="{snr} dB",
        ),
        curves=pictures(
            "snr{snr}/curves-holdout{fold}",
            "Thresholds",
            "curves",
            each=EACH_RUN,
            picture="Precision, recall and F1",
            snr="{snr} dB",
            fold="{fold}",
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
        settings=dict(
            models=GRID["models"],
            snrs=SNRS,
            folds=GRID["holdout_folds"],
            thresholds={
                "tagging": THRESHOLDS["clip"],
                "frames": THRESHOLDS["frame"],
                "masks": THRESHOLDS["mask"],
            },
        ),
        best=lambda wildcards, input: best_means(input.summary),
        code=digest_of("draw_models"),
    script:
        "../scripts/draw_models.py"
