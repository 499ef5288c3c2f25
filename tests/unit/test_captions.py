"""The report's captions can be rendered: every name that they use exists, and the text is valid."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

CAPTIONS = Path(__file__).parents[2] / "workflow" / "report"


@pytest.mark.parametrize("path", sorted(CAPTIONS.glob("*.rst")), ids=lambda path: path.name)
def test_captions_are_valid(path):
    detector = {"clip_threshold": 0.1, "high": 0.2, "low": 0.15}
    job = SimpleNamespace(
        wildcards=SimpleNamespace(snr="0", model="gmp_", fold="1"),
        params=SimpleNamespace(
            detector=detector, models=["gmp_", "gap"], settings={"experiment": "my_`demo`_"}
        ),
    )
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    caption = environment.from_string(path.read_text(encoding="utf-8")).render(snakemake=job)
    html = publish_parts(caption, writer="html", settings_overrides={"halt_level": 2})["body"]
    assert html.startswith("<p>") and "snakemake" not in html
