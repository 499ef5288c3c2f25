"""Bad input goes the way that the workflow would take: the checks of the configuration, then a
script with its guard, as Snakemake runs it, but in this process."""

from __future__ import annotations

import logging
import runpy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from weakseg.audio_paths import list_audio
from weakseg.recordings import read_index
from weakseg.spectral import Spectral
from workflow.data_files import both_sets_or_stop, folder_of_set

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"
OURS = ("error: ", "configuration: ")
FINISHED = "what an earlier run has left\n"


class Named(dict[str, Any]):
    """What Snakemake gives to a script: values by name, also as attributes."""

    __getattr__ = dict.__getitem__


@dataclass(frozen=True)
class Ended:
    """How a step has ended: exit status, standard error, the rule's log."""

    status: int | str | None
    errors: str
    log: str

    def require_line(self, *words: str) -> None:
        """Status 1, and one line of ours, once on standard error and in the log, with the words."""
        assert self.status == 1, self.errors
        assert "Traceback" not in self.errors and "please report" not in self.errors
        for text in (self.errors, self.log):
            lines = [line for line in text.splitlines() if line.startswith("error: ")]
            assert len(lines) == 1, text
            assert [word for word in words if word not in lines[0]] == [], lines[0]
        assert self.errors.splitlines()[-1].startswith("error: ")


@pytest.fixture
def run_step(tmp_path, capfd, monkeypatch) -> Iterator[Callable[..., Ended]]:
    """Runs a rule's script: run_step("rule", input={...}, output={...}, params={...}, ...)."""
    monkeypatch.syspath_prepend(SCRIPTS)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(rule: str, **parts: dict[str, Any]) -> Ended:
        log = tmp_path / "logs" / f"{rule}.log"
        log.parent.mkdir(exist_ok=True)
        job = Named({name: Named(part) for name, part in parts.items()}, log=[str(log)], threads=1)
        status: int | str | None = 0
        try:
            runpy.run_path(str(SCRIPTS / f"{rule}.py"), {"snakemake": job}, "__main__")
        except SystemExit as stop:
            status = stop.code
        return Ended(status, capfd.readouterr().err, log.read_text(encoding="utf-8"))

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def index_sets(run_step, tmp_path) -> Callable[..., Ended]:
    """Indexes tmp_path/scenes and tmp_path/events: index_sets("archives") or ("folders").

    A third word may name something else than `events` there.

    A refusal must leave the earlier index of the events as it was, and nothing half-written.
    """

    def index(source: str, name: str = "events") -> Ended:
        scenes, events = str(tmp_path / "scenes"), str(tmp_path / name)
        try:
            files = both_sets_or_stop(scenes, events, source)
        except SystemExit as stop:
            line = str(stop.code).removeprefix("configuration: ")
            return Ended(1, f"error: {line}\n", f"error: {line}\n")
        folders = {"scenes": scenes, "events": events}
        folders = {
            f"{role}_directory": folder_of_set(path, source) for role, path in folders.items()
        }
        outputs = {role: str(tmp_path / f"{role}.csv") for role in ("scenes", "events")}
        Path(outputs["events"]).write_text(FINISHED)
        params = {"files": files, "settings": folders}
        ended = run_step("index_recordings", output=outputs, params=params)
        if ended.status:
            assert Path(outputs["events"]).read_text() == FINISHED
        assert not list(tmp_path.glob("*.tmp"))  # nor .*.tmp
        return ended

    return index


@pytest.fixture
def events(tmp_path) -> Callable[[], pd.DataFrame]:
    """Reads the index of the events that `index_sets` has written, by name."""
    return lambda: read_index(tmp_path / "events.csv").set_index("name", drop=False)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """The file of a small model, not trained."""
    import torch

    from weakseg.model import SegmentationModel, save_model

    torch.manual_seed(3)
    settings = Spectral(8000, 512, 256, 16, 50.0, 4000.0).settings()
    network = {"type": "published", "widths": [4, 4]}
    model = SegmentationModel(
        network, {"type": "gap"}, ["bark", "bell", "rain"], settings, 16, clip_frames=60
    )
    path = tmp_path_factory.mktemp("tiny") / "model.pt"
    save_model(model, path)
    return path


@pytest.fixture
def run_predict(run_step, tmp_path) -> Callable[..., Ended]:
    """Runs the rule predict into tmp_path/out: run_predict(model, files..., thresholds=file)."""

    def predict(model: Path, *given: Path, thresholds: Path | None = None) -> Ended:
        files = list_audio(given)
        settings = {
            "audio": [[file.name, "1"] for file in files], "model_name": "tiny", "stems": True,
            "shifts": None, "smooth_frames": None, "nearby_frames": None, "resolution": "mel",
            "detector": None, "gain_db": 0.0, "max_mb": 25.0,
        }  # fmt: skip
        return run_step(
            "predict",
            input={"model": str(model), "thresholds": str(thresholds or "")},
            output={"table": str(tmp_path / "out" / "predictions.csv")},
            params={
                "audio": [str(file.path) for file in files],
                "device": "cpu",
                "settings": settings,
            },
            resources={},
        )

    return predict


@pytest.fixture
def refused_run(fresh) -> Callable[..., None]:
    """Runs Snakemake, which must refuse: refused_run(words, "--config", ...).

    One line of ours is on standard error, and if a rule has written it, in that rule's log.
    """

    def run(words: tuple[str, ...], *arguments: str) -> None:
        done = fresh.run(*arguments)
        assert done.returncode != 0 and "Traceback" not in done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith(OURS)]
        assert len(lines) == 1, done.stderr
        assert [word for word in words if word not in lines[0]] == [], lines[0]
        logs = [path.read_text() for path in fresh.results.glob("logs/**/*.log")]
        assert sum(log.count(f"{lines[0]}\n") for log in logs) == lines[0].startswith("error: ")

    return run
