"""Single jobs of experiments/smoke.yaml, each under a fault, without a Snakemake around each.

    python jobs.py DIRECTORY

reads the jobs of a run in DIRECTORY once, loads what the scripts import, then answers a line of
JSON, exit status and standard error, to each line of JSON on standard input: a job that a fork of
this process runs as Snakemake would, through its script's guard.  Keys of a request:

    job         path of one of its outputs, below DIRECTORY
    place       directory that outputs, log and states are put below, in place of DIRECTORY
    directory   where its inputs are, a copy of DIRECTORY
    file_bytes  most bytes of a file that it writes (RLIMIT_FSIZE), or null
    more_bytes  of memory that it may take on top of what is loaded (RLIMIT_AS), or null

Permissions apply to it also where it runs as root.
"""

import ctypes
import json
import os
import resource
import runpy
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # Snakemake sets them, too


def read_jobs(directory):
    """What each job is given, by the path of each of its outputs."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings import types as kinds

    with SnakemakeApi(kinds.OutputSettings(quiet={kinds.Quietness.ALL})) as api:
        dag = api.workflow(
            resource_settings=kinds.ResourceSettings(cores=2),
            config_settings=kinds.ConfigSettings(configfiles=[ROOT / "experiments/smoke.yaml"]),
            snakefile=ROOT / "Snakefile",
            workdir=directory,
        ).dag(kinds.DAGSettings(forceall=True))
        dag.execute_workflow(executor="dryrun")
        jobs = [job for job in dag.workflow_api._workflow_store.dag.jobs if job.rule.script]
        return {str(path): given_to(job) for job in jobs for path in job.output}


def given_to(job):
    names = ("input", "output", "params", "wildcards", "threads", "resources", "log")
    return SimpleNamespace(rule=job.rule.name, **{name: getattr(job, name) for name in names})


def put_below(place, job):
    """The job with what it writes below another directory."""
    for named in (job.output, job.log):
        for index, path in enumerate(named):
            named[index] = moved = str(place / path)
            Path(moved).parent.mkdir(parents=True, exist_ok=True)
        for name, (first, last) in named._names.items():
            setattr(named, name, named[first] if last is None else named[first:last])
    if "states" in dict(job.params.items()):
        job.params.states = str(place / job.params.states)
    return job


def drop_capabilities():
    """Those of root, to write and read where permissions say no, among them (capset(2))."""
    ctypes.CDLL(None).capset(struct.pack("Ii", 0x20080522, 0), bytes(24))


def limit(kind, most):
    resource.setrlimit(kind, (most, most))


def run(job, request, stderr):
    """In a child: the job under its fault; does not come back."""
    os.dup2(stderr, 2)
    os.chdir(request["directory"])
    drop_capabilities()
    put_below(Path(request["place"]), job)
    if request.get("file_bytes") is not None:
        limit(resource.RLIMIT_FSIZE, request["file_bytes"])
    if request.get("more_bytes") is not None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit(resource.RLIMIT_AS, pages * resource.getpagesize() + request["more_bytes"])
    status = 0
    try:
        runpy.run_path(str(SCRIPTS / f"{job.rule}.py"), {"snakemake": job}, "__main__")
    except SystemExit as stopped:
        status = stopped.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.stderr.flush()
    os._exit(status or 0)


def main(directory):
    os.environ.update(dict.fromkeys(THREADS, "1"))
    sys.path[:0] = [str(ROOT), str(SCRIPTS)]
    jobs = read_jobs(Path(directory))
    for script in sorted(SCRIPTS.glob("[a-z]*.py")):
        runpy.run_path(str(script), run_name="loaded")
    print(json.dumps(sorted(jobs)), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            run(jobs[request["job"]], request, write)
        os.close(write)
        with os.fdopen(read, encoding="utf-8", errors="replace") as pipe:
            errors = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([status, errors]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
