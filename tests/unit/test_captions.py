"""The report's captions can be rendered: every name that they use exists, and the text is valid."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from workflow.configuration import complete

ROOT = Path(__file__).parents[2]
CAPTIONS = ROOT / "workflow" / "report"
RULES = [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
CATEGORIES = ("Overview", "Tables", "Classes", "Thresholds", "Training", "Clips", "Run")
# what Snakemake adds to each caption: targets for its own parts and the categories
LINKS = "\n\n" + "".join(f".. _{name}: javascript:x\n" for name in ("Statistics", *CATEGORIES))


DETECTOR = {"clip_threshold": 0.1, "high": 0.2, "low": 0.15, "merge_gap": 10, "drop": 7}
SETTINGS = {
    "experiment": "my_`demo`_",
    "detector": DETECTOR,
    "named": ["00012.wav"],
    "models": ["gmp_", "gap"],
    "snrs": ["-5", "20"],
    "folds": [1, 3],
    "thresholds": {"tagging": 0.11, "frames": 0.12, "masks": 0.13},
}
BEST = [
    {"snr": "0", "what": "F1", "model": "gmp_", "value": "0.5", "low": "0.4", "high": "0.6"},
    {"snr": "0", "what": "SI-SDR", "model": "gap", "value": "3.1"},
]
CONFIG = complete(
    yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")) | {"experiment": "my_demo_"}
)


def rendered(name, **changes):
    """A caption's text, as Snakemake renders it for a job."""
    job = SimpleNamespace(
        wildcards=SimpleNamespace(snr="0", model="gmp_", fold="1"),
        params=SimpleNamespace(
            detector=DETECTOR,
            models=["gmp_", "gap"],
            settings=SETTINGS | changes,
            snakemake_version="9.1",
            best=BEST,
            best_tuned=BEST,
            total={"jobs": "46", "hours": "0.25", "mb": "512.0"},
        ),
        config=CONFIG,
    )
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    text = (CAPTIONS / name).read_text(encoding="utf-8") + LINKS
    return environment.from_string(text).render(snakemake=job)


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTIONS.glob("*.rst")))
def test_captions_are_valid_and_live(name):
    caption = rendered(name)
    html = publish_parts(caption, writer="html", settings_overrides={"halt_level": 2})["body"]
    assert html.startswith("<p>") and "snakemake" not in html
    assert re.search(r"{{", (CAPTIONS / name).read_text(encoding="utf-8")), "no live value"


def test_captions_have_the_values_of_the_run():
    assert "above 0.2 (whole line)" in " ".join(rendered("decisions.rst").split())
    assert "0.11 for clip probabilities" in " ".join(rendered("curves.rst").split())
    assert "names (00012.wav)" in " ".join(rendered("clip.rst").split())
    assert "F1, 0 dB: 0.5 (95 % confidence interval 0.4 to 0.6), ``gmp_``" in rendered("models.rst")
    assert "- SI-SDR, 0 dB: 3.1, ``gap``\n" in rendered("summary_tuned.rst")
    assert "All 46 jobs together took 0.25 hours" in rendered("costs.rst")
    assert "none was chosen for its result" in rendered("clip.rst", named=[])


def test_every_caption_is_used_and_every_used_one_is_there():
    text = "".join(path.read_text(encoding="utf-8") for path in RULES)
    written = {path.stem for path in CAPTIONS.glob("*.rst")}
    named = set(re.findall(r"report/(\w+)\.rst", text)) | set(re.findall(r"\"(\w+)\"", text))
    assert written <= named | {Path(name).stem for name in re.findall(r"[\w/]+\.csv", text)}
    assert set(re.findall(r"report/(\w+)\.rst", text)) <= written
