"""All pictures: what they say can be read; same arrays, same bytes."""

import re
import warnings
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import matplotlib
import pytest

from tests.unit.figures.drawings import PICTURES, drawn
from weakseg.figures import style


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_can_be_read(name):
    figure = PICTURES[name]()
    texts = drawn(figure)
    boxes = [text.get_window_extent().padded(-1) for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert figure.bbox.fully_contains(*box.min) and figure.bbox.fully_contains(*box.max), text
    for (one, first), (other, second) in combinations(zip(texts, boxes, strict=True), 2):
        assert not first.overlaps(second), (one, other)
    whole = figure.get_tightbbox()
    assert whole.x0 >= 0 and whole.y0 >= 0
    assert whole.x1 <= figure.get_figwidth() and whole.y1 <= figure.get_figheight()
    assert (
        min(text.get_fontsize() for text in texts) >= 9
    )  # 7 on a page of 7 inches between its margins
    assert not any(text.get_parse_math() for text in texts)  # names are literal
    labels = {label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel())}
    assert all(re.search(r"\(.+\)", label) for label in labels - {"", "Class", "Hz"})


@pytest.mark.parametrize(
    "name",
    [
        "clip",
        "masks",
        "truth",
        "decisions",
        "colours",
        "curves",
        "noise",
        "classes",
        "method",
        "history",
        "models",
    ],
)
def test_same_arrays_give_the_same_bytes(name, tmp_path):
    endings = ("png", "svg")
    first = PICTURES[name]()
    for ending in endings:
        style.save(first, tmp_path / f"a.{ending}")
    with matplotlib.rc_context({"font.size": 20, "axes.grid": True, "text.parse_math": True}):
        settings = dict(matplotlib.rcParams)
        second = PICTURES[name]()
        for ending in endings:
            style.save(second, tmp_path / f"b.{ending}")
        assert dict(matplotlib.rcParams) == settings
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg", "b.png", "b.svg"]
    for ending in endings:
        same = (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
        assert same, ending
    ElementTree.parse(tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in text and "(0 to 1)</text>" in text  # text is text


def test_a_letter_that_the_font_lacks_is_no_warning(tmp_path):
    figure = style.new_figure(1.0)
    style.add_title(figure, "\u9d8f.wav")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        style.save(figure, tmp_path / "a.png")
