r"""Pages of text and tables, as Markdown to read, LaTeX for a paper and HTML for the report.

Conventions
-----------
- Within text, `backticks` stand around what is set in a fixed width; all else is literal.
- All forms print the same numbers.  LaTeX is a part to `\input`, which needs the package booktabs;
  tables float, so that each has the headings above it as its caption.  HTML is a file of its own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pandas as pd

MISSING = "n/a"
WORD = 12  # letters in a cell before it goes on in the next line
SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}

HEAD = """<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<style>
body { font: 15px/1.4 sans-serif; margin: 1.5em; color: #111; background: #fff; }
table { border-collapse: collapse; margin: 0.5em 0 1em; display: block; overflow-x: auto; }
th, td { padding: 0.2em 0.8em; text-align: right; white-space: nowrap; }
th:first-child { text-align: left; font-weight: normal; }
thead th { border-bottom: 1px solid #111; }
pre { background: #f3f3f3; padding: 0.8em; overflow-x: auto; }
</style>
</head>
"""


class Heading(NamedTuple):
    """A heading of some level; 1 is the page's."""

    level: int
    text: str


class Paragraph(NamedTuple):
    """Lines of text that belong together."""

    text: str


class Table(NamedTuple):
    """A row a line of the frame, under the index's own name; `form` formats each value."""

    wide: pd.DataFrame
    form: str
    caption: str


class Listing(NamedTuple):
    """Lines of a file, shown as they are."""

    text: str


Block = Heading | Paragraph | Table | Listing


def to_markdown(blocks: Iterable[Block]) -> str:
    """The page in Markdown."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {block.text}"
    if isinstance(block, Paragraph):
        return block.text
    if isinstance(block, Listing):
        return f"```\n{block.text.rstrip()}\n```"
    head, *rows = _cells(block)
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = ([cell.replace("|", "\\|") for cell in line] for line in (head, rule, *rows))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def to_latex(blocks: Iterable[Block]) -> str:
    """The page in LaTeX, to be included in a document."""
    return r"% \usepackage{booktabs}" + "\n\n" + "\n\n".join(map(_latex, blocks)) + "\n"


def _latex(block: Block) -> str:
    if isinstance(block, Heading):
        command = ("section", "subsection", "subsubsection")[min(block.level, 3) - 1]
        return f"\\{command}*{{{latex_text(block.text)}}}"
    if isinstance(block, Paragraph):
        return latex_text(block.text)
    if isinstance(block, Listing):
        return f"\\begin{{verbatim}}\n{block.text.rstrip()}\n\\end{{verbatim}}"
    head, *rows = _cells(block)
    columns = "l" + "r" * (len(head) - 1)
    lines = [
        r"\begin{table}[htbp]",
        r"\centering\footnotesize\setlength{\tabcolsep}{4pt}",
        f"\\caption{{{latex_text(block.caption)}}}",
        f"\\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _latex_row(_stacked(cell) for cell in head),
        r"\midrule",
        *(_latex_row([escape(name), *map(_stacked, cells)]) for name, *cells in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _latex_row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _stacked(name: str) -> str:
    """A cell on several lines, broken at underscores, as wide columns fit no page."""
    lines = [""]
    for word in name.split("_"):
        joined = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], joined] if len(joined) <= WORD else [*lines, word]
    stacked = r"\\".join(escape(line) for line in lines if line)
    return f"\\shortstack[r]{{{stacked}}}" if len(lines) > 1 else stacked


def latex_text(text: str) -> str:
    """Text in LaTeX, with `backticks` as a fixed width."""
    parts = re.split(r"`([^`]*)`", text)
    fixed = (f"\\texttt{{{escape(part)}}}" for part in parts[1::2])
    whole = [escape(part) for part in parts]
    whole[1::2] = fixed
    return "".join(whole)


def escape(text: str) -> str:
    """Literal text in LaTeX."""
    return "".join(SPECIAL.get(letter, letter) for letter in text)


def to_html(blocks: Iterable[Block]) -> str:
    """The page as an HTML file that needs nothing else."""
    body = "\n".join(map(_html, blocks))
    return f'<!DOCTYPE html>\n<html lang="en">\n{HEAD}<body>\n{body}\n</body>\n</html>\n'


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        level = min(block.level, 6)
        return f"<h{level}>{_html_text(block.text)}</h{level}>"
    if isinstance(block, Paragraph):
        return f"<p>{_html_text(block.text)}</p>"
    if isinstance(block, Listing):
        return f"<pre>{html.escape(block.text)}</pre>"
    head, *rows = _cells(block)
    first = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    lines = [f"<thead><tr>{first}</tr></thead>", "<tbody>"]
    for name, *values in rows:
        cells = "".join(f"<td>{html.escape(value)}</td>" for value in values)
        lines.append(f'<tr><th scope="row">{html.escape(name)}</th>{cells}</tr>')
    return "\n".join(["<table>", *lines, "</tbody>", "</table>"])


def _html_text(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text))


def _cells(table: Table) -> Iterator[list[str]]:
    yield [str(table.wide.index.name), *map(str, table.wide.columns)]
    for name, values in table.wide.iterrows():
        shown = (MISSING if pd.isna(value) else table.form.format(value) for value in values)
        yield [str(name), *shown]
