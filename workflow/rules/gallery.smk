# Clips with all that models say of them, and the tables -> one page to look at and listen to.


rule gallery:
    input:
        predictions=expand(
            rules.segment.output.predictions,
            snr=SNRS[0],
            fold=GRID["holdout_folds"],
            model=GRID["models"],
        ),
        events=expand(
            rules.detect_events.output.events,
            snr=SNRS[0],
            fold=GRID["holdout_folds"],
            model=GRID["models"],
        ),
        plan=rules.plan_mixtures.output.plan,
        features=shards(FEATURES, SNRS[0], GRID["holdout_folds"]),
        manifests=shards(MANIFESTS, SNRS[0], GRID["holdout_folds"]),
        summary=rules.summarise.output.summary,
    output:
        page=f"{RESULTS}/gallery/index.html",
    log:
        log_of("gallery"),
    benchmark:
        benchmark_of("gallery")
    conda:
        "../../envs/report.yaml"
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing(15),
    params:
        settings=dict(
            title=f"{config['experiment']}, SNR {SNRS[0]} dB",
            n_folds=len(GRID["holdout_folds"]),
            clips=config["gallery"]["clips"],
            clips_per_model=config["gallery"]["clips_per_model"],
            longest_seconds=config["gallery"]["longest_seconds"],
            max_mb=config["gallery"]["max_mb"],
            clip_threshold=DETECTOR["clip_threshold"],
            thresholds=[DETECTOR["low"], DETECTOR["high"]],
            foregrounds=sharpening_of_all(),
        ),
        code=digest_of("gallery", "weakseg/gallery/page"),
    script:
        "../scripts/gallery.py"
