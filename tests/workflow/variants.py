"""Finished runs that differ from the smoke run, without computing: of a copy, files are declared to
be those of another configuration (snakemake --touch)."""

import shutil
from dataclasses import replace

import yaml

from weakseg.published import Archive, write_list
from workflow.reruns import read_table

OTHER = {"snr0": "snr10", "holdout1": "holdout2"}  # results of the grid's second SNR and fold


def nested(key, value):
    """The mapping in which a dotted key has the value."""
    for name in reversed(key.split(".")):
        value = {name: value}
    return value


def configured(run, folder, *sections):
    """The run with these parts of a configuration over its own."""
    paths = []
    for number, section in enumerate(sections):
        paths.append(folder / f"{len(run.configfiles)}-{number}.yaml")
        paths[-1].write_text(yaml.safe_dump(section))
    return replace(run, configfiles=(*run.configfiles, *paths))


def variant_of(smoke, name, copy):
    """The variant of this name in reruns.yaml, in the new directory `copy`."""
    shutil.copytree(smoke.directory, copy)
    run = configured(replace(smoke, directory=copy), copy, read_table()["variants"][name])
    add_inputs(run.directory, sorted(run.results.glob("archives/*.zip")))
    if name == "two SNRs and folds":
        add_grid(run.results)
    add_results(run.results)
    targets = ("all", "predict") if name == "predict" else ("all",)
    run.must_run("--touch", "--forceall", *targets)
    assert run.would_run(*targets) == {}
    return run


def add_inputs(directory, archives):
    """Archives, lists of them and recordings, as the variants name them."""
    for folder in ("own", "elsewhere"):
        (directory / folder).mkdir()
        for path in archives:
            shutil.copy(path, directory / folder)
    for path in ("voices/a.wav", "elsewhere/a.wav", "quiet/a.wav", "loud/dog/a.wav"):
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(b"looked at from the outside alone")
    for name, digit in (("list.csv", "0"), ("other.csv", "1")):
        rows = [
            Archive("events" if "FSD" in path.name else "scenes", "1", path.name, 1, digit * 32)
            for path in archives
        ]
        write_list(directory / name, rows)


def add_results(results):
    """What steps that the smoke run lacks would have made."""
    paths = [results / "archives" / "published.csv"]
    paths += [path.with_name(f"{path.name}.md5") for path in results.glob("archives/*.zip")]
    paths += [results / "predict" / "own" / name for name in ("predictions.csv", "gallery.html")]
    paths.append(results / "benchmarks" / "predict" / "own.tsv")  # a target's file as well
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def add_grid(results):
    """Results of another SNR and fold: those of the first ones under their names."""
    for old, new in OTHER.items():
        for path in sorted(results.rglob("*")):
            name = path.relative_to(results).as_posix()
            if path.is_file() and old in name and not name.startswith((".state", "logs")):
                copy = results / name.replace(old, new)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)
    shutil.copy(results / "material" / "fold2.h5", results / "material" / "fold1.h5")
    for suffix in ("png", "svg"):
        shutil.copy(results / f"figures/models.{suffix}", results / f"figures/noise.{suffix}")
