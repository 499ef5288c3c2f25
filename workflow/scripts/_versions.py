"""The versions of what a run was made with."""

from __future__ import annotations

import platform
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "numpy", "scipy", "pandas", "h5py", "soundfile", "soxr", "torch", "matplotlib",
)  # fmt: skip


def versions_of(root: Path, snakemake: str) -> dict[str, str]:
    """Name -> version; of the packages, those that are installed beside this step.

    root: of the checkout; snakemake: the version that runs the workflow, which may lie elsewhere.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {"weakseg": str(project["version"]), "python": platform.python_version()}
    found["snakemake"] = snakemake
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit_of(root: Path) -> str | None:
    """The commit of the checkout, `-dirty` after it if files differ; None if Git does not know it.

    A folder that merely lies within another project's repository has no commit of its own.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != root.resolve():
        return None
    return _git(root, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
