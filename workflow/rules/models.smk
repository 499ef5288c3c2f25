# Features of the training folds, and their recordings where mixtures are fresh -> model.
STATES = f"{Path(rules.plan_mixtures.output.plan).parent}/.state"  # has a module's prefix


def material(wildcards):
    """The recordings of the training folds, if the model draws fresh mixtures of them."""
    fresh = config["models"][wildcards.model]["mixtures"]["type"] == "fresh"
    return expand(
        f"{RESULTS}/material/fold{{fold}}.h5", fold=training_folds(wildcards) if fresh else []
    )


def training_of(wildcards):
    """The keys of training that a model has its own of; decay belongs to steps alone."""
    own = config["models"][wildcards.model]["training"]
    steps = ("decay", "decay_every") if own["schedule"] == "steps" else ()
    return own | {key: TRAINING[key] for key in steps}


def foreground(wildcards):
    """What masks are cut to; None where they are as published."""
    options = dict(config["models"][wildcards.model]["foreground"])
    del options["smooth_frames"]  # matters in use alone
    return None if options["above"] is None else options


def smooth_frames(wildcards):
    """Frames over which masks that are cut to the foreground are smoothed in use."""
    options = config["models"][wildcards.model]["foreground"]
    return 1 if options["above"] is None else options["smooth_frames"]


def recipe(wildcards):
    """How fresh mixtures are drawn; None where the planned ones are trained on."""
    options = dict(config["models"][wildcards.model]["mixtures"])
    if options.pop("type") == "fixed":
        return None
    lengths = {name: MIX[name] for name in ("seconds", "event_seconds")}
    return options | lengths | {"snr_db": float(wildcards.snr)}


rule train:
    input:
        features=lambda w: shards(
            "features/snr{snr}/fold{fold}-part{part}.h5", w.snr, training_folds(w)
        ),
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
    # a training takes the machine; torch uses training.threads whatever is given here
    threads: TRAINING["threads"]
    resources:
        gpu=GPUS,
        mem_mb=growing(4000),
        runtime=growing(720),
    params:
        settings=lambda w: dict(
            network=config["models"][w.model]["network"],
            pooling=config["models"][w.model]["pooling"],
            foreground=foreground(w),
            objective=config["models"][w.model]["objective"],
            recipe=recipe(w),
            **training_of(w),
            validation_clips=TRAINING["validation_clips"],
            validate_every=TRAINING["validate_every"],
            precision=TRAINING["precision"],
            threads=TRAINING["threads"],
        ),
        code=digest_of("train"),
        device=untracked(TRAINING["device"]),
        states=untracked(STATES),
        save_every_seconds=untracked(TRAINING["save_every_seconds"]),
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
        models=f"{RESULTS}/tables/models.csv",
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
