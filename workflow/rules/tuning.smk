# Model and features of its training folds -> predictions for some of them -> thresholds, class by class.


rule segment_training:
    input:
        model=rules.train.output.model,
        features=training_features,
    output:
        predictions=f"{RESULTS}/predictions/snr{{snr}}/{{model}}/holdout{{fold}}-training.h5",
    log:
        log_of("segment_training/snr{snr}-{model}-holdout{fold}"),
    benchmark:
        benchmark_of("segment_training/snr{snr}-{model}-holdout{fold}")
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
            most_clips=config["tuning"]["clips"],
            precision=TRAINING["precision"],
            threads=TRAINING["threads"],
        ),
        code=digest_of("segment_training"),
        device=untracked(TRAINING["device"]),
    script:
        "../scripts/segment_training.py"


rule tune_thresholds:
    input:
        predictions=rules.segment_training.output.predictions,
        plan=rules.plan_mixtures.output.plan,
        # of these only log-mel is read, for the noise floor under the masks
        features=training_features,
    output:
        thresholds=f"{RESULTS}/thresholds/snr{{snr}}/{{model}}/holdout{{fold}}.yaml",
    log:
        log_of("tune_thresholds/snr{snr}-{model}-holdout{fold}"),
    benchmark:
        benchmark_of("tune_thresholds/snr{snr}-{model}-holdout{fold}")
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        settings=dict(
            clip=config["evaluation"]["clip_threshold"],
            frame=config["evaluation"]["frame_threshold"],
            mask=config["evaluation"]["mask_threshold"],
            detector=DETECTOR,
            mask_threshold_db=config["features"]["mask_threshold_db"],
        ),
        code=digest_of("tune_thresholds"),
    script:
        "../scripts/tune_thresholds.py"
