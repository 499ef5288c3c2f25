# Mixtures -> log-mel and truth, a shard a job.


rule extract_features:
    input:
        plan=rules.plan_mixtures.output.plan,
        events=rules.index_recordings.output.events,
        manifest=rules.render_mixtures.output.manifest,
    output:
        features=f"{RESULTS}/features/snr{{snr}}/fold{{fold}}-part{{part}}.h5",
    log:
        log_of("extract_features/snr{snr}-fold{fold}-part{part}"),
    benchmark:
        benchmark_of("extract_features/snr{snr}-fold{fold}-part{part}")
    conda:
        "../../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(2 + MIX["shard"] // 100),
    params:
        settings=dict(
            spectral=SPECTRAL,
            threshold_db=config["features"]["mask_threshold_db"],
            mask_truth=config["features"]["mask_truth"],
        ),
        code=digest_of("extract_features"),
    script:
        "../scripts/extract_features.py"
