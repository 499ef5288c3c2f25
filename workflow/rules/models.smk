# Features of the training folds -> model.
STATES = f"{Path(rules.plan_mixtures.output.plan).parent}/.state"  # has a module's prefix


rule train:
    input:
        features=lambda w: shards(
            "features/snr{snr}/fold{fold}-part{part}.h5", w.snr, training_folds(w)
        ),
    output:
        model=f"{RESULTS}/models/snr{{snr}}/{{model}}/holdout{{fold}}/model.pt",
        history=f"{RESULTS}/models/snr{{snr}}/{{model}}/holdout{{fold}}/history.csv",
    log:
        log_of("train/snr{snr}-{model}-holdout{fold}"),
    benchmark:
        benchmark_of("train/snr{snr}-{model}-holdout{fold}")
    conda:
        "../../envs/learning.yaml"
    # a training takes the machine; torch uses training.threads whatever is given here
    threads: TRAINING["threads"]
    resources:
        gpu=GPUS,
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 720 * attempt,
    params:
        settings=lambda w: dict(
            network=config["models"][w.model]["network"],
            pooling=config["models"][w.model]["pooling"],
            iterations=TRAINING["iterations"],
            batch_size=TRAINING["batch_size"],
            learning_rate=TRAINING["learning_rate"],
            decay=TRAINING["decay"],
            decay_every=TRAINING["decay_every"],
            seed=TRAINING["seed"],
            validation_clips=TRAINING["validation_clips"],
            validate_every=TRAINING["validate_every"],
            precision=TRAINING["precision"],
            threads=TRAINING["threads"],
        ),
        code=digest_of("train"),
        states=untracked(STATES),
        save_every_seconds=untracked(TRAINING["save_every_seconds"]),
    script:
        "../scripts/train.py"
