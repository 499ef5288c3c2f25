# Trained model, recordings of one's own -> tags, events, separated audio, pictures.
PREDICT = config["predict"]
ASKED = asked_model()
# tuned thresholds of the named model, a file of them, or those of the configuration
HOW = PREDICT["thresholds"] or ("tuned" if ASKED else "configured")


rule predict:
    input:
        model=rules.train.output.model.format(**vars(ASKED)) if ASKED else given_file("model"),
        thresholds=(
            rules.tune_thresholds.output.thresholds.format(**vars(ASKED))
            if HOW == "tuned"
            else [] if HOW == "configured" else given_file("thresholds")
        ),
    output:
        table=f"{RESULTS}/predict/{PREDICT['name']}/predictions.csv",
        page=f"{RESULTS}/predict/{PREDICT['name']}/gallery.html",
    log:
        log_of(f"predict/{PREDICT['name']}"),
    benchmark:
        benchmark_of(f"predict/{PREDICT['name']}")
    conda:
        "../../envs/predict.yaml"
    threads: 2
    resources:
        gpu=GPUS,
        mem_mb=growing(4000),
        runtime=growing(720),
    params:
        settings=lambda w: dict(
            # no input, as their names may hold what means something to Snakemake
            audio=[[file.name, version_of(file.path)] for file in own_audio()],
            model_name=ASKED.model if ASKED else PREDICT["model"],
            **(in_use(ASKED) if ASKED else dict.fromkeys(IN_USE)),
            resolution=config["separation"]["resolution"],
            detector=DETECTOR if HOW == "configured" else None,
            stems=PREDICT["stems"],
            gain_db=PREDICT["gain_db"],
            max_mb=config["gallery"]["max_mb"],
        ),
        code=digest_of("predict", "weakseg/gallery/page"),
        audio=lambda w, resources: [str(file.path) for file in own_audio()],
        device=untracked(TRAINING["device"]),
    script:
        "../scripts/predict.py"
