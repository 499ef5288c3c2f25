"""The step that finds tuned events, by either of the two that a file of thresholds has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from weakseg.detection import Detector, read_events
from weakseg.durations import DurationDetector
from weakseg.spectral import Spectral
from weakseg.store import ClipPrediction, encode_masks, write_predictions
from weakseg.thresholds import ClassThresholds, write_thresholds

CLASSES = ["bark", "bell"]
LIMITS = Detector(0.1, 0.5, 0.5, 0, 0)
BY_DURATION = DurationDetector(0.1, 0.2, 1.0, 1.0, {20: 10.0})


@pytest.fixture
def detect(run_step, tmp_path) -> Callable[[DurationDetector | None, str], Any]:
    """Finds events of a clip, a gap in the middle of its one sound, of 20 frames from 10 on."""
    scores = np.zeros((40, 2), np.float32)
    scores[10:30, 0], scores[18:22, 0] = 0.9, 0.05
    write_clip(tmp_path / "p.h5", scores, None)

    def run(by_duration: DurationDetector | None, events_by: str) -> Any:
        each = [ClassThresholds(0.1, 1, LIMITS, one) for one in (BY_DURATION, by_duration)]
        write_thresholds(tmp_path / "t.yaml", "a test", CLASSES, each)
        return run_step(
            "detect_tuned_events",
            input={"predictions": str(tmp_path / "p.h5"), "thresholds": str(tmp_path / "t.yaml")},
            output={"events": str(tmp_path / "events.tsv")},
            params={"settings": {"events_by": events_by}},
        )

    return run


def write_clip(path, scores, foreground, probabilities=(0.9, 0.0)) -> None:
    """Predictions of a bark, with frame scores (frames, classes) and a map (frames, mels)."""
    settings = Spectral(8000, 512, 256, 16, 50.0, 4000.0).settings()
    codes = None if foreground is None else encode_masks(foreground)
    clip = ClipPrediction("0.wav", np.array(probabilities, np.float32), scores, None, codes)
    write_predictions(path, ["0.wav"], CLASSES, settings, [clip])


@pytest.mark.parametrize(
    ("events_by", "onset"), [("auto", 16), ("durations", 16), ("thresholds", 10)]
)
def test_events_by_duration_go_by_the_learnt_foreground_too(events_by, onset, detect, tmp_path):
    """Scores are vague from frame 10 to 36; what sounds there begins at frame 16."""
    scores, foreground = np.zeros((40, 2), np.float32), np.zeros((40, 16), np.float32)
    scores[10:36, 0], foreground[16:36] = 0.6, 0.9
    write_clip(tmp_path / "p.h5", scores, foreground)
    assert detect(BY_DURATION, events_by).status == 0
    (found,) = read_events(tmp_path / "events.tsv").onset
    assert found == pytest.approx(onset * 256 / 8000)


@pytest.mark.parametrize(("events_by", "found"), [("auto", 1), ("durations", 1), ("thresholds", 2)])
def test_events_are_found_as_the_configuration_says(events_by, found, detect, tmp_path):
    assert detect(BY_DURATION, events_by).status == 0
    assert len(read_events(tmp_path / "events.tsv")) == found


def test_a_class_whose_durations_are_spread_goes_by_thresholds(detect, tmp_path):
    scores = np.zeros((40, 2), np.float32)
    scores[10:30], scores[18:22] = 0.9, 0.05
    write_clip(tmp_path / "p.h5", scores, None, [0.9, 0.9])
    spread = replace(BY_DURATION, durations=dict.fromkeys([20, 26, 32, 38], 5.0))
    assert detect(spread, "auto").status == 0
    found = read_events(tmp_path / "events.tsv").event_label.value_counts()
    assert found.to_dict() == {"bark": 1, "bell": 2}


def test_a_class_without_durations_is_refused_where_they_are_asked_for(detect, tmp_path):
    assert detect(None, "thresholds").status == detect(None, "auto").status == 0
    before = (tmp_path / "events.tsv").read_bytes()
    detect(None, "durations").require_line("t.yaml", "no durations", "delete it and run")
    assert (tmp_path / "events.tsv").read_bytes() == before
