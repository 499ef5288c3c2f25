# Archives -> indices of recordings -> folds -> plan of the mixtures.
from time import time

from weakseg.names import archive_names
from weakseg.published import ROLES
from workflow.data_files import (
    download_directories,
    files_and_fetched,
    folder_of_set,
    published_or_stop,
)

DATA = config["data"]
IS_DEMO = DATA["source"] == "demo"
IS_PUBLISHED = DATA["source"] == "dcase2018"
IS_OWN = not (IS_DEMO or IS_PUBLISHED)
if IS_PUBLISHED:
    PUBLISHED = published_or_stop(DATA["published"])
    DIRECTORIES = download_directories(DATA["scenes"], DATA["events"], config["results"])


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
            mem_mb=growing(1000),
            runtime=growing(5),
        params:
            settings=dict(
                takes_per_class=DATA["demo_takes"],
                recordings_per_scene=DATA["demo_scenes"],
            ),
            code=digest_of("make_demo_archives"),
        script:
            "../scripts/make_demo_archives.py"


if IS_PUBLISHED:
    # what a server is asked for at a time, unless the run was given --resources downloads=N
    if "downloads" not in workflow.global_resources:
        workflow.register_resource("downloads", 2)

    rule list_archives:
        output:
            listed=f"{RESULTS}/archives/published.csv",
        log:
            log_of("list_archives"),
        benchmark:
            benchmark_of("list_archives")
        localrule: True
        conda:
            "../../envs/download.yaml"
        threads: 1
        resources:
            mem_mb=500,
            runtime=30,
        params:
            settings=dict(archives=[vars(archive) for role in ROLES for archive in PUBLISHED[role]]),
            directories=untracked(DIRECTORIES),
            host=untracked(DATA["mirror"].rstrip("/")),
            code=digest_of("list_archives"),
        script:
            "../scripts/list_archives.py"

    # The archive is no output: Snakemake removes those before a job, and after one that failed.
    rule fetch_archive:
        input:
            listed=rules.list_archives.output.listed,
        output:
            checked=f"{RESULTS}/archives/{{archive}}.md5",
        log:
            log_of("fetch_archive/{archive}"),
        benchmark:
            benchmark_of("fetch_archive/{archive}")
        localrule: True
        conda:
            "../../envs/download.yaml"
        threads: 1
        resources:
            downloads=1,
            mem_mb=500,
            runtime=1440,
        params:
            settings=dict(directories=DIRECTORIES),
            host=untracked(DATA["mirror"].rstrip("/")),
            code=digest_of("fetch_archive"),
        script:
            "../scripts/fetch_archive.py"


# role -> the archives of the set, or, for an extracted one, its recordings and tables; what is
# fetched -> its bytes
SET_FILES, FETCHED = files_and_fetched(DATA, config["results"])
# role -> what the index waits for
if IS_DEMO:  # the rule's own paths: in a module they have its prefix
    DATA_FILES = SET_FILES = dict.fromkeys(ROLES, rules.make_demo_archives.output.archives)
elif IS_PUBLISHED:  # a file that says that the archive is there and right
    DATA_FILES = {
        role: [f"{RESULTS}/archives/{archive.file}.md5" for archive in PUBLISHED[role]]
        for role in ROLES
    }
else:  # a user's files are where they are: neither prefix nor storage applies
    DATA_FILES = {role: local(paths) for role, paths in SET_FILES.items()}
SET_FILES = {role: [str(path) for path in paths] for role, paths in SET_FILES.items()}
SET_FOLDERS = {f"{role}_directory": folder_of_set(DATA[role], DATA["source"]) for role in ROLES}
# directories of which each recording is used
SEARCHED = {role: DATA[role] for role in ROLES if DATA["source"] == "folders"}
# What is in the archives is in the index, with a checksum a recording: were they inputs of each
# rendering, Snakemake would hash them anew for every shard.
ARCHIVES = {
    role: [path for path in paths if path.lower().endswith(".zip")]
    for role, paths in SET_FILES.items()
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
        mem_mb=growing(1000),
        runtime=growing(20),
    params:
        settings=SET_FOLDERS,
        files=untracked(SET_FILES),
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
        mem_mb=growing(1000),
        runtime=growing(5),
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
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        settings=dict(
            published=MIX["preset"] == "published",
            per_fold=MIX["per_fold"],
            n_events=MIX["events"],
            onsets=MIX["onsets"],
            overlap=MIX["onsets"] == "random" and MIX["overlap"],
            reshuffle=MIX["reshuffle"],
            event_seconds=MIX["event_seconds"],
            level_over=MIX["level_over"],
            seconds=MIX["seconds"],
            seed=MIX["seed"],
        ),
        code=digest_of("plan_mixtures"),
    script:
        "../scripts/plan_mixtures.py"


# RESULTS, with a module's prefix: where what is no declared output belongs, too
MADE = str(Path(rules.plan_mixtures.output.plan).parent)


rule check_data:
    input:
        archives=[] if IS_OWN else [*DATA_FILES["scenes"], *DATA_FILES["events"]],
    output:
        report=f"{RESULTS}/check_data.md",
    log:
        log_of("check_data"),
    benchmark:
        benchmark_of("check_data")
    localrule: True
    conda:
        "../../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(20),
    params:
        settings=dict(
            experiment=config["experiment"],
            **SET_FOLDERS,
            searched=SEARCHED,
            folds=MIX["folds"],
            per_fold=MIX["per_fold"],
            events=MIX["events"],
            event_seconds=MIX["event_seconds"],
            seconds=MIX["seconds"],
            sample_rate=MIX["sample_rate"],
            window=SPECTRAL["window"],
            hop=SPECTRAL["hop"],
            published=MIX["preset"] == "published",
            group_folds=MIX["group_folds"],
            level_over=MIX["level_over"],
            fresh=all(config["models"][m]["mixtures"]["type"] == "fresh" for m in GRID["models"]),
        ),
        files=untracked(SET_FILES),
        # who asks wants to see it, also when nothing has changed
        asked=time(),
        code=digest_of("check_data"),
    script:
        "../scripts/check_data.py"
