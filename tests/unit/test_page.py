"""Pages as Markdown and as LaTeX: one content, all names literal."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from weakseg.page import (
    Heading,
    Listing,
    Paragraph,
    Table,
    escape,
    latex_text,
    to_html,
    to_latex,
    to_markdown,
)
from weakseg.results_page import results_page
from weakseg.tables import REFERENCES, SHOWN, SUMMARY_COLUMNS

NAMES = ["gmp", "a_b%", "oracle_activity", "floor_ones", "oracle_mel_ibm", "oracle_irm"]


@pytest.fixture
def summary():
    """A table of two SNRs with every metric that the page shows, a value missing."""
    rng = np.random.default_rng(3)
    rows = [
        (snr, name, "mean", shown.task, metric, rng.normal(), None, None)
        for snr in (-5.0, 0.0)
        for shown in SHOWN
        for name in NAMES
        for metric in shown.metrics
    ]
    table = pd.DataFrame(rows, columns=SUMMARY_COLUMNS)
    table.loc[0, "value"] = np.nan
    return table


def numbers(text):
    return re.findall(r"-?\d+\.\d{3}\b|n/a", text)


def test_both_forms_carry_the_numbers_of_the_table(summary):
    blocks = results_page("mine", summary)
    markdown, latex = to_markdown(blocks), to_latex(blocks)
    expected = ["n/a" if np.isnan(value) else f"{value:.3f}" for value in summary["value"]]
    first_table = [number for number in numbers(markdown) if "." in number or number == "n/a"]
    assert sorted(numbers(latex)) == sorted(numbers(markdown))
    assert set(expected) <= set(first_table)
    for (_, _, name), rows in summary.groupby(["snr_db", "task", "model"]):
        cells = ["n/a" if np.isnan(value) else f"{value:.3f}" for value in rows["value"]]
        assert f"| {name} | {' | '.join(cells)} |" in markdown
        assert f"{escape(name)} & {' & '.join(cells)} \\\\" in latex
    assert all(name.startswith(REFERENCES) for name in NAMES[2:])


def test_html_is_well_formed_and_literal(summary):
    blocks = results_page("<b>&", summary)
    text = to_html([*blocks, Listing("a: <x>\n")])
    tree = ElementTree.fromstring(re.sub(r"<meta[^>]*>", "", text.split("\n", 1)[1]))
    cells = [cell.text for cell in tree.iter("td")]
    assert sorted(numbers("\n".join(cells))) == sorted(numbers(to_markdown(blocks)))
    assert tree.find("body/h1").text == "<b>&" and tree.find("body/pre").text == "a: <x>\n"
    assert "http" not in text and len(list(tree.iter("table"))) == 20


def test_latex_is_closed_and_balanced(summary):
    latex = to_latex(results_page("a_b & co", summary))
    assert latex.startswith("% \\usepackage{booktabs}\n")
    for environment in ("table", "tabular"):
        begun = latex.count(f"\\begin{{{environment}}}")
        assert begun == latex.count(f"\\end{{{environment}}}") == 20
    assert latex.count(r"\toprule") == latex.count(r"\midrule") == latex.count(r"\bottomrule") == 20
    without_escapes = re.sub(r"\\[&%$#_{}]", "", latex)
    assert without_escapes.count("{") == without_escapes.count("}")
    body = without_escapes.split("\n", 1)[1]  # the first line is a comment
    assert not re.search(r"[%$#_]", body)
    tabulars = re.findall(r"begin{tabular}{(l?r+)}(.+?)\\end{tabular}", body, re.S)
    assert len(tabulars) == 20
    for columns, rows in tabulars:
        lines = [line for line in rows.splitlines() if line.endswith(r"\\")]
        assert len(lines) >= 3
        assert {line.count("&") for line in lines} == {len(columns) - 1}
    assert r"\section*{a\_b \& co}" in latex
    assert r"\caption{Events, -5 dB}" in latex
    assert r"\texttt{floor\_ones}" in latex


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 % of a_b & $c$", r"50 \% of a\_b \& \$c\$"),
        ("\\{~^<|>}", r"\textbackslash{}\{\textasciitilde{}\textasciicircum{}"
         r"\textless{}\textbar{}\textgreater{}\}"),
        ("see `x_y` and `#1`", r"see \texttt{x\_y} and \texttt{\#1}"),
    ],
)  # fmt: skip
def test_text_is_literal(text, expected):
    assert latex_text(text) == expected


def test_heads_are_stacked_and_cells_are_kept_apart():
    wide = pd.DataFrame({"si_sdr_improvement_db": [1.0], "f1": [2.0]}, index=["a|b"])
    table = Table(wide.rename_axis("model"), "{:.1f}", "x")
    latex = to_latex([Heading(2, "H"), Paragraph("P"), table])
    assert r"model & \shortstack[r]{si sdr\\improvement\\db} & f1 \\" in latex
    assert r"a\textbar{}b & 1.0 & 2.0 \\" in latex and r"\subsection*{H}" in latex
    assert to_markdown([table]).splitlines()[2] == r"| a\|b | 1.0 | 2.0 |"
