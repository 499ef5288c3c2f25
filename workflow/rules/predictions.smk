# Model and features of its holdout fold -> predictions -> events, separated audio.


rule segment:
    input:
        model=rules.train.output.model,
        features=features,
    output:
        predictions=f"{RESULTS}/predictions/snr{{snr}}/{{model}}/holdout{{fold}}.h5",
    log:
        log_of("segment/snr{snr}-{model}-holdout{fold}"),
    benchmark:
        benchmark_of("segment/snr{snr}-{model}-holdout{fold}")
    conda:
        "../../envs/learning.yaml"
    threads: TRAINING["threads"]
    resources:
        gpu=GPUS,
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        settings=lambda w: dict(
            **in_use(w),
            precision=TRAINING["precision"],
            threads=TRAINING["threads"],
        ),
        code=digest_of("segment"),
        device=untracked(TRAINING["device"]),
    script:
        "../scripts/segment.py"


rule detect_events:
    input:
        predictions=rules.segment.output.predictions,
    output:
        events=f"{RESULTS}/events/snr{{snr}}/{{model}}/holdout{{fold}}.tsv",
    log:
        log_of("detect_events/snr{snr}-{model}-holdout{fold}"),
    benchmark:
        benchmark_of("detect_events/snr{snr}-{model}-holdout{fold}")
    conda:
        "../../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(2 + MIX["per_fold"] // 200),
    params:
        detector=DETECTOR,
        code=digest_of("detect_events"),
    script:
        "../scripts/detect_events.py"


# Apart from the configured ones, so that tuning anew leaves those and the pictures alone.
rule detect_tuned_events:
    input:
        predictions=rules.segment.output.predictions,
        thresholds=rules.tune_thresholds.output.thresholds,
    output:
        events=f"{RESULTS}/events_tuned/snr{{snr}}/{{model}}/holdout{{fold}}.tsv",
    log:
        log_of("detect_tuned_events/snr{snr}-{model}-holdout{fold}"),
    benchmark:
        benchmark_of("detect_tuned_events/snr{snr}-{model}-holdout{fold}")
    conda:
        "../../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(2 + MIX["per_fold"] // 200),
    params:
        settings=dict(events_by=config["tuning"]["events"]),
        code=digest_of("detect_tuned_events"),
    script:
        "../scripts/detect_tuned_events.py"


rule separate:
    input:
        predictions=rules.segment.output.predictions,
        plan=rules.plan_mixtures.output.plan,
        manifests=manifests,
    output:
        manifest=f"{RESULTS}/separated/snr{{snr}}/{{model}}/holdout{{fold}}/manifest.csv",
    log:
        log_of("separate/snr{snr}-{model}-holdout{fold}"),
    benchmark:
        benchmark_of("separate/snr{snr}-{model}-holdout{fold}")
    conda:
        "../../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(2 + MIX["per_fold"] // 200),
    params:
        settings=lambda w: dict(
            foreground=sharpening(w),
            n_clips=config["separation"]["clips"],
            classes=config["separation"]["classes"],
            clip_threshold=config["detection"]["clip_threshold"],
        ),
        code=digest_of("separate"),
    script:
        "../scripts/separate.py"
