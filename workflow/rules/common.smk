# Names and places that the rules share.
from math import ceil
from types import SimpleNamespace

from weakseg.in_use import IN_USE  # no matter of training
from weakseg.names import fold_of_mixture
from workflow.code_digest import code_digest, folder_digest
from workflow.configfiles import single_keys_or_stop
from workflow.configuration import ROOT, complete_or_stop, over_config_yaml
from workflow.own_audio import file_or_stop, own_audio_or_stop, passed_over_line, version_of
from workflow.measured import best_means, total_costs

if not workflow.modifier.is_main_snakefile():
    config.update(over_config_yaml(config))  # a module's `config:` puts `configfile:` out of action
else:
    single_keys_or_stop(workflow.configfiles)
config.update(complete_or_stop(config))

RESULTS = f"{config['results']}/{config['experiment']}"
MIX, GRID, TRAINING = config["mixtures"], config["grid"], config["training"]
SPECTRAL = {
    "sample_rate": MIX["sample_rate"],
    "window": config["features"]["window"],
    "hop": config["features"]["hop"],
    "mels": config["features"]["mels"],
    "fmin": config["features"]["fmin_hz"],
    "fmax": config["features"]["fmax_hz"],
}

DETECTOR = {
    "clip_threshold": config["detection"]["clip_threshold"],
    "high": config["detection"]["high_threshold"],
    "low": config["detection"]["low_threshold"],
    "merge_gap": config["detection"]["merge_gap_frames"],
    "drop": config["detection"]["drop_frames"],
    "median": config["detection"]["median_frames"],
}

# of a mixture: whole windows, as in weakseg.spectral
N_FRAMES = (round(MIX["seconds"] * MIX["sample_rate"]) - SPECTRAL["window"]) // SPECTRAL["hop"] + 1
FOLDS = range(1, MIX["folds"] + 1)
FEATURES = "features/snr{snr}/fold{fold}-part{part}.h5"
MANIFESTS = "mixtures/snr{snr}/fold{fold}-part{part}/manifest.csv"
PARTS = range(1, ceil(MIX["per_fold"] / MIX["shard"]) + 1)
SNRS = [f"{snr:g}" for snr in GRID["snr_db"]]
# a card is used when the run offers one, never because the machine that starts the run has one;
# a profile may ask for cards instead (set-resources), as on a cluster, where jobs do not know what
# the run was given
GPUS = int(
    TRAINING["device"] == "cuda"
    or (TRAINING["device"] == "auto" and (workflow.global_resources.get("gpu").value or 0) > 0)
)


wildcard_constraints:
    snr=r"-?\d+(\.\d+)?",
    fold=r"\d+",
    part=r"\d+",
    model=r"(?!references\b)[a-z][a-z0-9_]*",


def digest_of(rule_name, *folders):
    """A parameter that changes when the code of a rule's script, or of what it imports, does.

    Files that are no Python code, but part of it, lie in `folders` and count as well.

    All other parameters of a rule go into one mapping, `settings`, as Snakemake compares parameters as a
    set of values, without their names, so that a 1 that becomes a 2 goes unseen where another is 2.
    """
    code = code_digest(ROOT / "workflow" / "scripts" / f"{rule_name}.py", ROOT)
    return " ".join([code, *(f"{name}={folder_digest(ROOT / name)}" for name in folders)])


def untracked(value):
    """A parameter that says how and not what, so that a change of it reruns nothing.

    Snakemake does not compare parameters that a function derives from the resources.
    """
    return lambda wildcards, resources: value


def growing(amount):
    """A resource of which each further attempt of a failed job gets more."""
    return lambda wildcards, attempt: amount * attempt


def log_of(path):
    return f"{RESULTS}/logs/{path}.log"


def benchmark_of(path):
    return f"{RESULTS}/benchmarks/{path}.tsv"


def shards(pattern, snr, folds):
    """The files of all parts of some folds."""
    return expand(f"{RESULTS}/{pattern}", snr=snr, fold=folds, part=PARTS)


def features(wildcards):
    """The feature files of a fold."""
    return shards(FEATURES, wildcards.snr, wildcards.fold)


def training_features(wildcards):
    """The same of the folds that a model for it is trained on."""
    return shards(FEATURES, wildcards.snr, training_folds(wildcards))


def manifests(wildcards):
    """The manifests of a fold's mixtures."""
    return shards(MANIFESTS, wildcards.snr, wildcards.fold)


def files_of(*made_by, **values):
    """All files that jobs of these rules make, given all values of their wildcards."""
    return [expand(pattern, **values) for rule in made_by for pattern in rule.output]


def training_folds(wildcards):
    return [fold for fold in FOLDS if fold != int(wildcards.fold)]


def runs(pattern):
    """The files of every SNR, model and holdout fold of the grid."""
    return expand(
        f"{RESULTS}/{pattern}", snr=SNRS, model=GRID["models"], fold=GRID["holdout_folds"]
    )


def references(pattern):
    """The files of every SNR and holdout fold of the grid."""
    return expand(f"{RESULTS}/{pattern}", snr=SNRS, fold=GRID["holdout_folds"])


def material(wildcards):
    """The recordings of the training folds, if the model draws fresh mixtures of them."""
    fresh = config["models"][wildcards.model]["mixtures"]["type"] == "fresh"
    return expand(
        f"{RESULTS}/material/fold{{fold}}.h5", fold=training_folds(wildcards) if fresh else []
    )


def all_material():
    """The same of all models of the grid."""
    asked = [
        SimpleNamespace(model=model, fold=fold)
        for model in GRID["models"]
        for fold in GRID["holdout_folds"]
    ]
    return sorted({path for wildcards in asked for path in material(wildcards)})


def training_of(wildcards):
    """The keys of training that a model has its own of; decay belongs to steps alone."""
    own = config["models"][wildcards.model]["training"]
    steps = ("decay", "decay_every") if own["schedule"] == "steps" else ()
    return own | {key: TRAINING[key] for key in steps}


def network(wildcards):
    """What computes the logits of masks."""
    return _of_training(config["models"][wildcards.model]["network"])


def foreground(wildcards):
    """What masks are cut to; None where they are as published."""
    options = _of_training(config["models"][wildcards.model]["foreground"])
    return None if options["above"] is None else options


def _of_training(options):
    return {name: value for name, value in options.items() if name not in IN_USE}


def in_use(wildcards):
    """What matters in use alone; of masks that are not cut to the foreground 1 frame, which is
    nothing; None is what the package has."""
    model = config["models"][wildcards.model]
    frames = {name: value for name, value in model["foreground"].items() if name in IN_USE}
    if model["foreground"]["above"] is None:
        frames = dict.fromkeys(frames, 1)
    return {"shifts": model["network"].get("shifts")} | frames


def objective(wildcards):
    """What training minimises; where nobody hears a softer scene, how soft it is is no part of it."""
    options = dict(config["models"][wildcards.model]["objective"])
    if not options["consistency"] and not options["foreground"]:
        del options["softer_db"]
    return options


def curves_of(wildcards, resources):
    """Directory of a training's live curves, or None; it reruns nothing, as `untracked`."""
    if not TRAINING["tensorboard"]:
        return None
    return f"{MADE}/tensorboard/snr{wildcards.snr}-{wildcards.model}-holdout{wildcards.fold}"


def recipe(wildcards):
    """How fresh mixtures are drawn; None where the planned ones are trained on."""
    options = dict(config["models"][wildcards.model]["mixtures"])
    if options.pop("type") == "fixed":
        return None
    lengths = {name: MIX[name] for name in ("seconds", "event_seconds")}
    return options | lengths | {"snr_db": float(wildcards.snr)}


def sharpening(wildcards):
    """The foreground that a model's masks are sharpened with; None where they are not."""
    options = foreground(wildcards)
    if options is None or config["separation"]["resolution"] == "mel":
        return None
    return {key: options[key] for key in ("above", "steepness")}


def sharpening_of_all():
    """The same of each model of the grid, by its name."""
    return {name: sharpening(SimpleNamespace(model=name)) for name in GRID["models"]}


def asked_model():
    """Wildcards of the model that is used on own recordings; None for a file."""
    asked = config["predict"]
    if (asked["model"] or "").endswith(".pt"):
        return None
    snr = GRID["snr_db"][0] if asked["snr_db"] is None else asked["snr_db"]
    name, fold = asked["model"] or GRID["models"][-1], asked["holdout_fold"]
    return SimpleNamespace(snr=f"{snr:g}", model=name, fold=fold or GRID["holdout_folds"][0])


def given_file(key):
    """An input: the file that a user names under predict, without a module's prefix."""
    return lambda wildcards: local(file_or_stop(key, config["predict"][key]))


OWN_AUDIO = []  # recordings of one's own, once a job wants them


def own_audio():
    """The recordings that a model is to be used on."""
    if not OWN_AUDIO:
        OWN_AUDIO.extend(own_audio_or_stop(config["predict"], MADE))
    return OWN_AUDIO


def named_mixtures(fold):
    """The mixtures of a fold that the configuration wants drawn."""
    names = config["evaluation"]["figure_mixtures"]
    return [
        name for name in names if fold_of_mixture(name, MIX["folds"], MIX["per_fold"]) == int(fold)
    ]


def pictures(pattern, category, caption, subcategory=None, each=({},), **labels):
    """Pictures, as PNGs for the report, then as SVGs for papers.

    each: for each of them, values of some names in the pattern, of which labels may be made.
    """
    paths, shown = [], []
    for values in each:
        path, mine = pattern, dict(labels)
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", str(value))
            mine = {key: text.replace(f"{{{name}}}", str(value)) for key, text in mine.items()}
        paths.append(f"{RESULTS}/figures/{path}")
        shown.append(mine)
    about = {"caption": f"../report/{caption}.rst", "category": category}
    if subcategory is not None:
        about["subcategory"] = subcategory
    pngs = [report(f"{path}.png", labels=mine, **about) for path, mine in zip(paths, shown)]
    return pngs + [f"{path}.svg" for path in paths]


def table_in_report(name, title, caption=None):
    """A file of results that the report shows among the tables."""
    caption = f"../report/{caption or Path(name).stem}.rst"
    return report(f"{RESULTS}/{name}", category="Tables", caption=caption, labels={"table": title})


ALL_MIXTURES = shards(MANIFESTS, SNRS, FOLDS)
ALL_MODELS = runs("models/snr{snr}/{model}/holdout{fold}/model.pt")
ALL_EVENTS = runs("events/snr{snr}/{model}/holdout{fold}.tsv")
ALL_SEPARATED = runs("separated/snr{snr}/{model}/holdout{fold}/manifest.csv")
