# weakseg: sound events and their time-frequency masks from weak labels.
# The pipeline at a glance; the rules stand in workflow/rules/, a file a stage.
import gc
import sys
from pathlib import Path

from snakemake.utils import min_version

from workflow import disk, faults

min_version("9.0")
gc.freeze()  # looking for garbage in all of Snakemake, again and again, took a sixth of a dry run
faults.stop_unless_writable()


configfile: workflow.source_path("config.yaml")


if workflow.modifier.is_main_snakefile():  # the report of another workflow has its own words

    report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


if config["container"]:

    container: config["container"]


include: "workflow/rules/recordings.smk"
include: "workflow/rules/mixtures.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/tuning.smk"
include: "workflow/rules/predictions.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/looks.smk"
include: "workflow/rules/gallery.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/targets.smk"


onstart:
    dated = faults.date_anew(Path(RESULTS))
    own = [file.path for file in OWN_AUDIO]
    beside = passed_over_line(PREDICT, MADE) if own else []
    said = disk.report(config, SET_FILES, FETCHED, own)
    print(*said, *beside, *dated, sep="\n", file=sys.stderr)


onerror:
    for line in faults.causes(log):
        print(line, file=sys.stderr)


rule all:
    default_target: True
    input:
        EVERY_FILE,


rule mixtures:
    input:
        ALL_MIXTURES,


rule models:
    input:
        ALL_MODELS,


rule tables:
    input:
        f"{RESULTS}/tables/summary.md",
