"""Before a run: what would run and why, how long, how much disk, and what would be replaced.

    python -m workflow.preview [what `snakemake` takes: --cores all --configfile FILE ...]

It reads one dry run of Snakemake, earlier benchmarks and the configuration of the last run that
came to its end, and changes nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from weakseg.cores import usable_cores
from workflow.causes import Past
from workflow.configuration import Configuration, complete_or_stop, merged, over_config_yaml
from workflow.dry_run import dry_run
from workflow.plan_text import report, row
from workflow.resume import directory_of, is_run, processes_in


def main(arguments: list[str]) -> None:
    """Print the plan of a run with these arguments of Snakemake."""
    options = _options(arguments)
    directory = directory_of(arguments, Path.cwd())
    found = dry_run(arguments, directory)
    given = over_config_yaml(_given(options))
    now = complete_or_stop(given)
    if directory.is_dir():
        os.chdir(directory)
    if found.locked:
        for process in processes_in(directory, is_run):
            sys.exit(
                f"plan: a run of this experiment is alive in {directory} (process {process.pid}): "
                "wait for it or stop it, then plan again"
            )
    results = Path(now["results"], now["experiment"])
    if not found.jobs:
        print(f"{results}: nothing to do, all of it is there and up to date")
    else:
        past = Past(str(results), given, now, _finished(results))
        print(*report(found.jobs, past, options.cores), sep="\n")
    if found.locked:
        print(*row("note", "a run was killed and has left its lock: start with `make resume`"))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    """Those of Snakemake's arguments that a plan needs to know."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--cores", "-c", nargs="?", const="all", default="all", type=_cores)
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=[], type=Path)
    parser.add_argument("--config", "-C", nargs="*", default=[])
    return parser.parse_known_args(list(arguments))[0]


def _cores(text: str) -> int:
    return usable_cores() if text == "all" else int(text)


def _given(options: argparse.Namespace) -> Configuration:
    """What --configfile and --config give, the later over the earlier."""
    given: Configuration = {}
    layers = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in options.configfile]
    for entry in options.config:
        key, _, text = entry.partition("=")
        layers.append({key: yaml.load(text, Loader=yaml.BaseLoader)})  # as Snakemake: all is text
    for layer in layers:
        given = merged(given, layer or {})
    return given


def _finished(results: Path) -> Configuration | None:
    """The configuration of the last run that came to its end, if there was one."""
    try:
        finished: Configuration = yaml.safe_load((results / "config.yaml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    return finished if isinstance(finished, dict) else None


if __name__ == "__main__":
    main(sys.argv[1:])
