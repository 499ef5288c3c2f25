"""Many runs of Snakemake for the price of one import: each is a fork of this process.

    python dry_runs.py ROOT

reads the arguments of a run of the project ROOT from each line of standard input, a JSON list, and
answers with a line, a JSON object: `status` of the run, and `output`, what it printed.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path


def warm(root: Path) -> None:
    """Import what a run imports, and read what it reads whatever its configuration is."""
    sys.path.insert(0, str(root))
    import smart_open  # noqa: F401
    from snakemake.cli import get_argument_parser

    from workflow import configuration, data_files, disk, measured, own_audio  # noqa: F401
    from workflow.code_digest import code_digest

    get_argument_parser()
    configuration.schema()
    configuration.presets()
    for script in (root / "workflow" / "scripts").glob("[!_]*.py"):
        code_digest(script, root)
    gc.collect()
    gc.freeze()
    gc.disable()


def run(arguments: Sequence[str]) -> dict[str, object]:
    """`snakemake ARGUMENTS` in a child of this process."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if not child:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            status = 1
            try:
                run_here(arguments)
            except SystemExit as end:
                status = int(end.code or 0)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        text = output.read().decode()
    return {"status": os.waitstatus_to_exitcode(status), "output": text}


def run_here(arguments: Sequence[str]) -> None:
    from snakemake.cli import main

    main(list(arguments))


if __name__ == "__main__":
    warm(Path(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
