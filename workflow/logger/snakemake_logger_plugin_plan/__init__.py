"""What a dry run says, a line of JSON each: `snakemake --dry-run --logger plan`.

A job is an object with `rule`, `inputs`, `outputs`, `benchmark`, `wildcards`, `threads` and
`reason`; what went wrong is `{"error": TEXT}`, all else that is said `{"said": TEXT}`.
Snakemake finds it where this folder's parent is on Python's path (workflow/dry_run.py).
"""

import json
import logging
import sys

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent


class LogHandler(LogHandlerBase):  # type: ignore[misc]  # the base comes without types
    """Takes the place of what Snakemake prints."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True  # its own: all is written, whatever --quiet leaves out
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        line = json.dumps(_content(record))
        print(line, file=sys.stdout, flush=True)


def _content(record: logging.LogRecord) -> dict[str, object]:
    said = vars(record)
    event = said.get("event")
    if event == LogEvent.JOB_INFO:
        wildcards = said.get("wildcards") or {}
        return {
            "rule": said["rule_name"],
            "inputs": [str(path) for path in said.get("input") or ()],
            "outputs": [str(path) for path in said.get("output") or ()],
            "benchmark": said.get("benchmark"),
            "wildcards": {name: str(value) for name, value in wildcards.items()},
            "threads": int(said.get("threads") or 1),
            "reason": said.get("reason") or "",
        }
    is_error = event == LogEvent.ERROR or record.levelno >= logging.ERROR
    return {"error" if is_error else "said": record.getMessage()}
