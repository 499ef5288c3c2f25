from types import SimpleNamespace

import numpy as np
import pytest

from weakseg.durations import SURE, log_odds
from weakseg.event_evidence import event_evidence

SCORES = np.float32([[0.2, 0.7], [0.2, 0.7], [0.2, 0.7], [0.0, 1.0]])


def with_foreground(share):
    """Predictions of one clip whose foreground has this share of each frame (frames,) or None."""
    cells = None if share is None else np.outer(share, [0.5, 1.5, 1.0, 1.0]).astype(np.float32)
    return SimpleNamespace(
        frame_scores=lambda index: [SCORES][index], learnt_foreground=lambda index: [cells][index]
    )


def test_without_a_learnt_foreground_they_are_the_frame_scores():
    np.testing.assert_array_equal(event_evidence(with_foreground(None), 0), SCORES)


def test_half_the_log_odds_that_anything_sounds_are_added():
    found = event_evidence(with_foreground([0.5, 0.8, 0.2, 0.5]), 0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], SCORES[0], rtol=1e-5)  # even odds say nothing
    np.testing.assert_allclose(found[1:3, 0], [1 / 3, 1 / 9], rtol=1e-5)  # .8 to .2, its root: 2


def test_what_is_surer_than_sure_is_as_sure():
    found = event_evidence(with_foreground([0.5, 0.5, 0.0, 1e-9]), 0)
    assert np.isfinite(log_odds(found)).all()
    as_sure = event_evidence(with_foreground([0.5, 0.5, SURE, 0.5]), 0)
    np.testing.assert_allclose(found[2], as_sure[2], rtol=1e-5)
    assert found[3] == pytest.approx([0, 1], abs=0.05)
