"""What no script can say of a run: that it was killed, that the clock went back, and the like.

Conventions
-----------
- A check before a run ends the program with one line and status 1; Snakemake itself would show a
  traceback.
- After a failed run its log, Snakemake's own, is read for what deserves a line in plain words.
- Read by the Snakefile: no package but Snakemake's own is needed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from time import time

RECORDS = Path(".snakemake")  # in the working directory
STEP = 1e-4  # seconds between files that are dated anew
KILLED = re.compile(
    r"died with <Signals\.(SIG\w+): \d+>.*?^Error in rule (\w+):.*?^ +log: (.*?)(?: \(check log|$)",
    re.DOTALL | re.MULTILINE,
)
AHEAD = re.compile(
    r"Output (.+?) has older modification time \((.+?)\) than input (.+?) \((.+?)\)\. This could"
)


def stop_unless_writable() -> None:
    """End the program unless Snakemake can keep its records in the working directory."""
    where = RECORDS if RECORDS.exists() else Path()
    if not os.access(where, os.W_OK | os.X_OK):
        raise SystemExit(
            f"error: {where.absolute()}: cannot be written, and Snakemake keeps its records there; "
            "make it writable, or work in another directory (--directory)"
        )


def date_anew(results: Path) -> list[str]:
    """Date anew what is dated later than now, as after a clock was set back; says so in a line.

    Snakemake refuses what comes out older than what goes in.  The order of the dates stays, so that
    what was out of date still is.
    """
    now = time()
    dates = {path: path.lstat().st_mtime for path in results.rglob("*") if path.is_file()}
    ahead = {path: date for path, date in dates.items() if date > now}
    ranks = {date: rank for rank, date in enumerate(sorted(set(ahead.values()), reverse=True))}
    for path, date in ahead.items():
        with contextlib.suppress(OSError):  # if it matters, Snakemake names the file
            os.utime(path, (now, now - STEP * ranks[date]))
    if not ahead:
        return []
    why = "the clock was set back, or that of a shared disk is ahead"
    what = f"{len(ahead)} files were dated later than now ({why})"
    return [f"{results}: {what}; they are dated now, in the same order"]


def causes(logs: Sequence[str]) -> list[str]:
    """Lines for what has ended a run, from its logs; of a killed job also for its own log."""
    text = "".join(Path(log).read_text(encoding="utf-8", errors="replace") for log in logs)
    lines = []
    for signal, rule, its_log in KILLED.findall(text):
        lines.append(
            f"error: {its_log}: {rule} was ended by {signal}, most often because memory was used "
            "up; run fewer jobs at a time (--cores, --resources mem_mb=N) or give it more, then "
            "run the same command again"
        )
        with contextlib.suppress(OSError), Path(its_log).open("a", encoding="utf-8") as file:
            print(lines[-1], file=file)
    for output, made, given, date in AHEAD.findall(text):
        lines.append(
            f"error: {given}: dated {date[:19]}, later than now ({made[:19]}), when {output} was "
            "made: the clock was set back, or another's is ahead; set it right, then run the same "
            "command again (a file of your own: touch it first)"
        )
    return lines
