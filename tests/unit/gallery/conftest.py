"""Clips for the gallery, whose names want to be HTML, and a browser to open its page with."""

import importlib.util
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from weakseg.gallery.clip import GalleryClip, ModelView
from weakseg.gallery.write import write_gallery
from weakseg.spectral import Spectral
from weakseg.tables import SUMMARY_COLUMNS

HOSTILE = [
    "<script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "$(touch x) {{data}} </script><!--",
    "n" * 300,
]
SPECTRAL = Spectral(sample_rate=16000, window=512, hop=256, mels=32, fmin=50.0, fmax=8000.0)


@pytest.fixture(scope="session")
def hostile():
    """Names that want to be more than text."""
    return HOSTILE


@pytest.fixture(scope="session")
def spectral():
    """That of the clips."""
    return SPECTRAL


@pytest.fixture(scope="session")
def table():
    """Makes a table of events: table((label, onset, offset), ...)."""

    def make(*rows):
        return pd.DataFrame(rows, columns=["event_label", "onset", "offset"])

    return make


@pytest.fixture
def make_clip(table):
    """Makes a clip of tones: make_clip(title, seconds=3, truth=True, classes=HOSTILE)."""

    def make(title="one.wav", seconds=3.0, truth=True, classes=HOSTILE, score=0.5):
        rng = np.random.default_rng(1)
        n_samples = round(seconds * SPECTRAL.sample_rate)
        tone = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(n_samples) / SPECTRAL.sample_rate)
        waveform = tone + rng.normal(0, 0.01, n_samples)
        logmel = SPECTRAL.logmel(waveform)
        shape = (len(classes), *logmel.shape)
        model = ModelView(
            name="<i>model</i>",
            events=table((classes[0], 0.5, 1.5), (classes[1], 2.0, 2.6)),
            clip_probabilities=np.linspace(0.9, 0.05, len(classes)),
            found=[0, 1],
            frame_scores=rng.uniform(0, 1, (len(logmel), len(classes))),
            masks=rng.uniform(0, 1, shape),
            stems={0: waveform / 2, 1: waveform / 4},
            score=score if truth else None,
        )
        known = {}
        if truth:
            known = {
                "true_events": table((classes[0], 0.4, 1.6), (classes[2], 1.0, 2.0)),
                "mask_truth": {0: rng.uniform(0, 1, shape[1:]) > 0.5, 2: np.ones(shape[1:], bool)},
                "true_stems": {0: tone, 2: tone / 3},
            }
        return GalleryClip(
            title, SPECTRAL, classes, waveform, logmel, [model], why=["best of <b>"], **known
        )

    return make


@pytest.fixture
def summary():
    """A table of metrics, whose models and metrics want to be HTML as well."""
    rows = [
        (0.0, model, fold, task, metric, value, low, high)
        for task in ("tagging", "separation")
        for metric in ("f1", "<b>auc</b>")
        for fold in ("1", "mean")
        for model, value, low, high in [
            ("<u>a</u>", 0.25, 0.2, 0.3),
            ("b", -1.5, np.nan, np.nan),
            ("oracle_activity", 1.0, 0.9, 1.0),
            ("floor_ones", np.nan, np.nan, np.nan),
        ]
    ]
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


@pytest.fixture
def page(make_clip, summary, tmp_path):
    """A page of two clips and a table."""
    path = tmp_path / "gallery ü.html"
    clips = [make_clip("one.wav"), make_clip(HOSTILE[0])]
    write_gallery(
        path, HOSTILE[2], clips, notes=[HOSTILE[1]], summary=summary, thresholds=[0.1, 0.2]
    )
    return path


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium; a test that needs it is skipped without it, but not in CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed; .ci/run installs Debian's package chromium")
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    source = Path(__file__).parents[2] / "chromium.py"
    spec = importlib.util.spec_from_file_location("chromium", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    chromium = module.Chromium(program, tmp_path_factory.mktemp("chromium"))
    yield chromium
    chromium.close()
