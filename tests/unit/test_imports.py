"""What scripts import, by their digests, and by the byte code that Python makes of them."""

from __future__ import annotations

import ast
import re
import shutil
from functools import cache
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from workflow.code_digest import code_digest, code_files

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
NAMES = sorted(path.stem for path in SCRIPTS.glob("[!_]*.py"))
NO_CODE = {
    "__init__.pyi",
    "py.typed",
    "dcase2018.csv",
}  # the list's content is in the rule's settings


@cache
def imported(script: Path) -> frozenset[str]:
    """The files of this project that Python would run, by their paths, of `import`s anywhere."""
    finder = ModuleFinder(path=[str(script.parent), str(ROOT)])
    finder.run_script(str(script))
    files = (module.__file__ for module in finder.modules.values() if module.__file__)
    return frozenset(Path(file).resolve().relative_to(ROOT).as_posix() for file in files)


@pytest.fixture(scope="module")
def importers() -> dict[str, set[str]]:
    """Of each file of code, the scripts that import it, directly or through others, or are it."""
    found: dict[str, set[str]] = {
        path.relative_to(ROOT).as_posix(): set()
        for folder in (ROOT / "weakseg", SCRIPTS)
        for path in folder.rglob("*.py")
        if not path.is_relative_to(SCRIPTS / "weakseg")  # a link
    }
    for name in NAMES:
        for file in imported(SCRIPTS / f"{name}.py"):
            found[file].add(name)
    return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for folder in ("weakseg", "workflow"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, root / folder, symlinks=True, ignore=skip)
    return root


def digests(root: Path) -> dict[str, str]:
    return {name: code_digest(root / "workflow" / "scripts" / f"{name}.py", root) for name in NAMES}


def edited(source: str) -> str:
    """The code with another body of its first function; without any, with one more."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    (functions[0].body if functions else tree.body).append(
        ast.parse("def edit(): return 1").body[0]
    )
    return ast.unparse(ast.fix_missing_locations(tree))


def other_prose(source: str) -> str:
    """The code in another format, without comments, with other docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            if ast.get_docstring(node) is not None:
                node.body[0] = ast.Expr(ast.Constant("Other words."))
            else:
                node.body.insert(0, ast.Expr(ast.Constant("Words.")))
    return "# a comment\n" + ast.unparse(ast.fix_missing_locations(tree))


def test_an_edited_module_touches_the_rules_that_import_it(
    importers: dict[str, set[str]], copy: Path
) -> None:
    before = digests(copy)
    for file, scripts in importers.items():
        path = copy / file
        source = path.read_text(encoding="utf-8")
        path.write_text(edited(source), encoding="utf-8")
        after = digests(copy)
        assert {name for name in NAMES if after[name] != before[name]} == scripts, file
        path.write_text(source, encoding="utf-8")
    assert digests(copy) == before


def test_comments_docstrings_and_formatting_rerun_nothing(
    importers: dict[str, set[str]], copy: Path
) -> None:
    before = digests(copy)
    for file in importers:
        path = copy / file
        path.write_text(other_prose(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert digests(copy) == before == digests(ROOT)


def test_digested_files_are_the_imported_ones() -> None:
    for name in NAMES:
        script = SCRIPTS / f"{name}.py"
        assert code_files(script, ROOT).keys() == imported(script), name


def test_each_rule_has_the_digest_of_its_own_script() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    rules = re.split(r"^ *rule (\w+):$", text, flags=re.M)[1:]
    for name, body in zip(rules[::2], rules[1::2], strict=True):
        assert re.findall(r'digest_of\("(\w+)"', body) == [name]
        assert re.findall(r'"../scripts/(\w+).py"', body) == [name]
    assert sorted(rules[::2]) == NAMES


def test_what_is_no_code_is_known() -> None:
    page = ROOT / "weakseg" / "gallery" / "page"
    others = {
        path.name
        for path in (ROOT / "weakseg").rglob("*")
        if path.is_file()
        and path.suffix != ".py"
        and "__pycache__" not in path.parts
        and not path.is_relative_to(page)
    }
    assert others == NO_CODE
