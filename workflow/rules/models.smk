# Features of the training folds, and their recordings where mixtures are fresh -> model.
STATES = f"{MADE}/.state"


rule train:
    input:
        features=training_features,
        material=material,
    output:
        model=f"{RESULTS}/models/snr{{snr}}/{{model}}/holdout{{fold}}/model.pt",
        history=f"{RESULTS}/models/snr{{snr}}/{{model}}/holdout{{fold}}/history.csv",
    log:
        log_of("train/snr{snr}-{model}-holdout{fold}"),
    benchmark:
        benchmark_of("train/snr{snr}-{model}-holdout{fold}")
    conda:
        "../../envs/learning.yaml"
    # torch uses as many, whatever is given here
    threads: TRAINING["threads"]
    resources:
        gpu=GPUS,
        mem_mb=growing(4000),
        runtime=growing(720),
    params:
        settings=lambda w: dict(
            network=network(w),
            pooling=config["models"][w.model]["pooling"],
            foreground=foreground(w),
            objective=objective(w),
            recipe=recipe(w),
            **training_of(w),
            validation_clips=TRAINING["validation_clips"],
            validate_every=TRAINING["validate_every"],
            precision=TRAINING["precision"],
            compiled=TRAINING["compile"],
            threads=TRAINING["threads"],
        ),
        code=digest_of("train"),
        device=untracked(TRAINING["device"]),
        states=untracked(STATES),
        curves=curves_of,
        save_every_seconds=untracked(TRAINING["save_every_seconds"]),
        # the run's, which fresh mixtures are drawn on: a process does not know them
        cores=untracked(workflow.resource_settings.cores),
    script:
        "../scripts/train.py"


rule describe_models:
    input:
        models=expand(
            rules.train.output.model,
            snr=SNRS[0],
            model=GRID["models"],
            fold=GRID["holdout_folds"][0],
        ),
    output:
        models=table_in_report("tables/models.csv", "Models", caption="description"),
    log:
        log_of("describe_models"),
    benchmark:
        benchmark_of("describe_models")
    conda:
        "../../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(5),
    params:
        settings=dict(
            names=GRID["models"],
            trained={
                name: {
                    "track": "B" if config["models"][name]["mixtures"]["type"] == "fresh" else "A",
                    "iterations": config["models"][name]["training"]["iterations"],
                    "batch_size": config["models"][name]["training"]["batch_size"],
                }
                for name in GRID["models"]
            },
            n_frames=N_FRAMES,
        ),
        code=digest_of("describe_models"),
    script:
        "../scripts/describe_models.py"
