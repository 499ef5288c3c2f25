"""The digest of a script's code, and of all local code that it imports.

Conventions
-----------
- Snakemake reruns a job when a parameter changes, but looks at no module that a script imports.
  With this digest among its parameters, a rule runs anew when code that it uses was edited.
- Digested is the syntax tree: comments, docstrings and formatting count for nothing, nor do the
  time of a file and the place of the checkout.  `ast.dump` may differ between minor versions of
  Python, so that another one may run everything anew.
- The digest lists the files, so that `make plan` can say which of them differs from the last time.
- Local is a module in the script's folder or under the root.  Imports count wherever they stand
  (in a function too), with the `__init__` of each package on the way.  Not followed are names
  that importlib resolves while the code runs: a script imports from the module itself.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from workflow.kept_code import KeptCode

KEPT = KeptCode()
DIGITS = 12  # of each file's digest
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Import(NamedTuple):
    """A dotted name that may be a module's, and the folders that it goes up (0: it is absolute)."""

    level: int
    name: str


class Code(NamedTuple):
    """What matters of a file: the digest of its tree, and what it imports."""

    digest: str
    imports: tuple[Import, ...]


def code_digest(script: Path, root: Path) -> str:
    """The files of `script` and of what it imports from under `root`, each with its code's digest.

    It reads `path=digest path=digest ...`, paths from `root`, the digest the first DIGITS
    hexadecimal digits of a SHA-256.
    Raises ValueError, with one line, if a file is no Python, and OSError if the script is missing.
    """
    digests = code_files(script, root)
    return " ".join(f"{name}={digests[name][:DIGITS]}" for name in sorted(digests))


def code_files(script: Path, root: Path) -> dict[str, str]:
    """Of `script` and each file that it imports, by its path below `root`, the digest of its tree.

    Raises as `code_digest` does.
    """
    script, root = script.resolve(), root.resolve()
    digests: dict[str, str] = {}
    waiting = [script]
    while waiting:
        path = waiting.pop()
        name = path.relative_to(root).as_posix()
        if name not in digests:
            code = _code(path.read_bytes(), name)
            digests[name] = code.digest
            waiting.extend(_local_files(path, code.imports, (script.parent, root)))
    KEPT.save()
    return digests


def folder_digest(folder: Path) -> str:
    """SHA-256 (hexadecimal) of the names and contents of all files in and under `folder`."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = (hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    names = (path.relative_to(folder).as_posix() for path in paths)
    return _sha256(
        "\n".join(f"{digest} {name}" for digest, name in zip(digests, names, strict=True))
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _code(source: bytes, name: str) -> Code:
    if kept := KEPT.get(source):
        digest, imports = kept
        return Code(digest, tuple(Import(*one) for one in imports))
    code = _parsed(source, name)
    KEPT.add(source, code)
    return code


def _parsed(source: bytes, name: str) -> Code:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        where = f"{name}, line {getattr(error, 'lineno', None) or '?'}"
        raise ValueError(f"{where}: no Python code ({error.args[0]}); mend the file") from error
    imports: list[Import] = []
    for node in _statements(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
        imports.extend(_imports(node))
    return Code(_sha256(ast.dump(tree)), tuple(dict.fromkeys(imports)))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all statements in it; docstrings and imports stand nowhere else."""
    yield node
    for place in ("body", "orelse", "finalbody", "handlers", "cases"):
        inner = getattr(node, place, None)
        if isinstance(inner, list):  # not of a lambda, whose body is no statement
            for statement in inner:
                yield from _statements(statement)


def _imports(node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(0, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = node.module or ""
        yield Import(node.level, package)
        for alias in node.names:  # each a module, or something in the package
            yield Import(node.level, f"{package}.{alias.name}".removeprefix("."))


@cache  # so a process that has looked for a file once does not notice that it appears
def _local_files(
    path: Path, imports: tuple[Import, ...], places: tuple[Path, ...]
) -> tuple[Path, ...]:
    found: list[Path] = []
    for level, name in imports:
        where = (path.parents[level - 1],) if level else places
        found += next(filter(None, (_files_on_the_way(place, name) for place in where)), ())
    return tuple(dict.fromkeys(found))


@cache
def _files_on_the_way(place: Path, name: str) -> tuple[Path, ...]:
    """The files that Python runs to import `name` from the folder `place`, links resolved."""
    found = []
    for part in name.split("."):
        package, module = place / part / "__init__.py", place / f"{part}.py"
        if package.is_file():
            found.append(package.resolve())
        elif module.is_file():
            return (*found, module.resolve())
        elif not (place / part).is_dir():
            break
        place = place / part
    return tuple(found)
