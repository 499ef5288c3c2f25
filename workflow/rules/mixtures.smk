# Plan -> rendered mixtures, a shard a job; recordings -> what fresh mixtures are drawn from.


rule render_mixtures:
    input:
        plan=rules.plan_mixtures.output.plan,
        scenes=rules.index_recordings.output.scenes,
        events=rules.index_recordings.output.events,
    output:
        manifest=f"{RESULTS}/mixtures/snr{{snr}}/fold{{fold}}-part{{part}}/manifest.csv",
    log:
        log_of("render_mixtures/snr{snr}-fold{fold}-part{part}"),
    benchmark:
        benchmark_of("render_mixtures/snr{snr}-fold{fold}-part{part}")
    conda:
        "../../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(2 + MIX["shard"] // 100),
    params:
        settings=dict(
            **SET_FOLDERS,
            shard=MIX["shard"],
            sample_rate=MIX["sample_rate"],
            seconds=MIX["seconds"],
            event_seconds=MIX["event_seconds"],
            level_over=MIX["level_over"],
        ),
        archives=untracked(ARCHIVES),
        code=digest_of("render_mixtures"),
    script:
        "../scripts/render_mixtures.py"


rule gather_material:
    input:
        scenes=rules.index_recordings.output.scenes,
        events=rules.index_recordings.output.events,
        folds=rules.assign_folds.output.folds,
        # the published plan has scenes in no fold: which it mixes there, the plan says
        plan=rules.plan_mixtures.output.plan if MIX["preset"] == "published" else [],
    output:
        material=f"{RESULTS}/material/fold{{fold}}.h5",
    log:
        log_of("gather_material/fold{fold}"),
    benchmark:
        benchmark_of("gather_material/fold{fold}")
    conda:
        "../../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(20),
    params:
        settings=dict(
            **SET_FOLDERS,
            sample_rate=MIX["sample_rate"],
            seconds=MIX["seconds"],
        ),
        archives=untracked(ARCHIVES),
        code=digest_of("gather_material"),
    script:
        "../scripts/gather_material.py"
