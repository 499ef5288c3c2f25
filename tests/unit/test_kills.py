"""kill -9 of a training at any moment, the writing of its state included: nothing is lost."""

from __future__ import annotations

import io
import multiprocessing
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from weakseg.model import save_model
from weakseg.store import ClipFeatures, write_features
from weakseg.training import train
from weakseg.training_settings import TrainingSettings

pytestmark = pytest.mark.slow

SOAK_TRIALS, TRIALS = 40, 3
SETTINGS = TrainingSettings(
    network={"type": "published", "widths": [4, 6]},
    pooling={"type": "gwrp", "decay": 0.98},
    iterations=60,
    batch_size=5,
    learning_rate=1e-2,
    average=0.9,
    keep="best",
    seed=7,
    validation_clips=6,
    validate_every=5,
    precision="fp32",
    threads=1,
)
# after each step, so that much of the time goes into writing the state
HOW = {"save_every_seconds": 0.0, "device": "cpu"}


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> list[Path]:
    rng = np.random.default_rng(1)
    clips = []
    for number in range(20):
        label, mask = number % 2, np.zeros((20, 12), bool)
        mask[5:12, 6 * label : 6 * label + 4] = True
        logmel = (rng.normal(-4, 1, mask.shape) + 6 * mask).astype(np.float32)
        clips.append(ClipFeatures(str(number), logmel, np.zeros((20, 2), bool), {label: mask}))
    path = tmp_path_factory.mktemp("features") / "fold1.h5"
    write_features(path, [clip.name for clip in clips], ["a", "b"], {"mels": 12}, clips)
    return [path]


@pytest.fixture(scope="module")
def children():
    """Processes that have loaded what a training needs, so that they begin at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["weakseg.training"])
    return context


def start(children, features, state: Path):
    how = HOW | {"state_dir": state}
    child = children.Process(target=train, args=(features, SETTINGS), kwargs=how)
    child.start()
    return child


def trained(features, state: Path, say) -> bytes:
    """The bytes of the model that a training ends in which is not stopped any more."""
    model, _ = train(features, SETTINGS, state_dir=state, say=say, **HOW)
    save_model(model, state / "model.pt")
    return (state / "model.pt").read_bytes()


@pytest.fixture(scope="module")
def whole(features, children, tmp_path_factory) -> tuple[bytes, float]:
    """The model of a training in peace, and how long one takes in a child, seconds."""
    folder = tmp_path_factory.mktemp("whole")
    start(children, features, folder / "first").join()  # the server of children starts, too
    begin = time.monotonic()
    child = start(children, features, folder / "second")
    child.join()
    assert child.exitcode == 0
    return trained(features, folder / "third", print), time.monotonic() - begin


@pytest.mark.parametrize(
    "trial",
    [
        pytest.param(trial, marks=[] if trial < TRIALS else pytest.mark.soak)
        for trial in range(SOAK_TRIALS)
    ],
)
def test_a_training_that_is_killed_at_any_moment_ends_in_the_same_bytes(
    features, children, whole, tmp_path, trial
):
    expected, seconds = whole
    log = io.StringIO()
    rng = np.random.default_rng(trial)
    for _ in range(1 + trial % 2):  # every other training is killed twice
        child = start(children, features, tmp_path / "state")
        child.join(rng.uniform(0.1, 0.9) * seconds)
        child.kill()
        child.join()
        assert child.exitcode in (-signal.SIGKILL, 0)
    saved = any((tmp_path / "state").glob("*.state"))
    assert trained(features, tmp_path / "state", lambda line: print(line, file=log)) == expected
    assert ("resuming at iteration" in log.getvalue()) == saved
