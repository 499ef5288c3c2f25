# Archives -> indices of recordings -> folds -> plan of the mixtures.
from weakseg.names import archive_names
from workflow.data_files import both_sets_or_stop

DATA = config["data"]
IS_DEMO = DATA["source"] == "demo"
if IS_DEMO:

    rule make_demo_archives:
        output:
            archives=[f"{RESULTS}/archives/{name}" for name in archive_names()],
        log:
            log_of("make_demo_archives"),
        benchmark:
            benchmark_of("make_demo_archives")
        conda:
            "../../envs/audio.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            settings=dict(
                takes_per_class=DATA["demo_takes"],
                recordings_per_scene=DATA["demo_scenes"],
            ),
            code=digest_of("make_demo_archives"),
        script:
            "../scripts/make_demo_archives.py"


# role -> the archives of the set, or, for an extracted one, its recordings and tables
if IS_DEMO:  # the rule's own paths: in a module they have its prefix
    DATA_FILES = dict.fromkeys(("scenes", "events"), rules.make_demo_archives.output.archives)
else:  # a user's files are where they are: neither prefix nor storage applies
    sets = both_sets_or_stop(DATA["scenes"], DATA["events"], DATA["source"])
    DATA_FILES = {role: local(paths) for role, paths in sets.items()}
# What is in the archives is in the index, with a checksum a recording: were they inputs of each
# rendering, Snakemake would hash them anew for every shard.
ARCHIVES = {
    role: [str(path) for path in paths if path.lower().endswith(".zip")]
    for role, paths in DATA_FILES.items()
}


rule index_recordings:
    input:
        scenes=DATA_FILES["scenes"],
        events=DATA_FILES["events"],
    output:
        scenes=f"{RESULTS}/recordings/scenes.csv",
        events=f"{RESULTS}/recordings/events.csv",
    log:
        log_of("index_recordings"),
    benchmark:
        benchmark_of("index_recordings")
    conda:
        "../../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        settings=dict(
            scenes_directory=DATA["scenes"],
            events_directory=DATA["events"],
        ),
        code=digest_of("index_recordings"),
    script:
        "../scripts/index_recordings.py"


rule assign_folds:
    input:
        scenes=rules.index_recordings.output.scenes,
        events=rules.index_recordings.output.events,
    output:
        folds=f"{RESULTS}/folds.csv",
    log:
        log_of("assign_folds"),
    benchmark:
        benchmark_of("assign_folds")
    conda:
        "../../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=dict(
            n_folds=MIX["folds"],
            published=MIX["preset"] == "published",
            group=MIX["group_folds"],
            seed=MIX["seed"],
        ),
        code=digest_of("assign_folds"),
    script:
        "../scripts/assign_folds.py"


rule plan_mixtures:
    input:
        scenes=rules.index_recordings.output.scenes,
        events=rules.index_recordings.output.events,
        folds=rules.assign_folds.output.folds,
    output:
        plan=f"{RESULTS}/mixtures.yaml",
    log:
        log_of("plan_mixtures"),
    benchmark:
        benchmark_of("plan_mixtures")
    conda:
        "../../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=dict(
            published=MIX["preset"] == "published",
            per_fold=MIX["per_fold"],
            n_events=MIX["events"],
            onsets=MIX["onsets"],
            overlap=MIX["overlap"],
            reshuffle=MIX["reshuffle"],
            event_seconds=MIX["event_seconds"],
            level_over=MIX["level_over"],
            seconds=MIX["seconds"],
            seed=MIX["seed"],
        ),
        code=digest_of("plan_mixtures"),
    script:
        "../scripts/plan_mixtures.py"
