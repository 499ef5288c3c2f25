"""Whatever writes a file does so under a temporary name, by `replacing` or `writing`.

Said of the source here; tests/workflow/test_stage_faults.py has the scripts run over files that
cannot be written to, only replaced.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("weakseg/**/*.py"), *ROOT.glob("workflow/**/*.py")])
WRITERS = {"write_text", "write_bytes", "to_csv", "to_json", "to_hdf", "savefig", "savez"}
FUNCTIONS = {"soundfile.write", "torch.save", "np.save"}
OPENERS = {
    "open": 0,
    "fdopen": 1,
    "SoundFile": 1,
    "File": 1,
    "open_file": 1,
    "ZipFile": 1,
    "FileIO": 1,
    "_Patient": 1,
}
SEALED = {"write_text", "write_bytes"}  # of weakseg/sealed.py, where no methods
TO_DISK = {"replacing", "writing"}
# function -> why it needs no temporary name
EXCEPT = {
    "weakseg/cards.py:_locked": "a lock, empty",
    "weakseg/state.py:__enter__": "a lock, empty",
    "weakseg/download.py:_locked_part": "a temporary name of its own, to go on with",
    "weakseg/gallery/sounds.py:opus": "in memory",
    "weakseg/model.py:save_model": "in memory, then in a block",
    "weakseg/state.py:save": "in memory, then in a block",
    "weakseg/draws.py:write_draws": "in memory, then sealed",
    "weakseg/published.py:write_list": "to the temporary name that it is given",
    "weakseg/prediction_output.py:_new_flac": "to the file of a block",
    "workflow/dry_run.py:_left_as_it_was": "Snakemake's own note, as it was",
    "workflow/faults.py:causes": "a line more in a log",
}


class Writers(ast.NodeVisitor):
    """Collects calls that write a file outside of a block of `replacing` or `writing`."""

    def __init__(self):
        self.found, self.function, self.safe = [], "", False

    def visit_FunctionDef(self, node):
        before, self.function = self.function, node.name
        self.generic_visit(node)
        self.function = before

    def visit_With(self, node):
        before = self.safe
        for item in node.items:
            self.visit(item.context_expr)
            called = item.context_expr if isinstance(item.context_expr, ast.Call) else None
            self.safe |= any(name_of(call) in TO_DISK for call in calls_in(called))
        for statement in node.body:
            self.visit(statement)
        self.safe = before

    def visit_Call(self, node):
        if not self.safe and writes(node):
            self.found.append((self.function, ast.unparse(node)[:80]))
        self.generic_visit(node)


def calls_in(node):
    return [one for one in ast.walk(node) if isinstance(one, ast.Call)] if node else []


def name_of(call):
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def writes(call):
    name = name_of(call)
    if isinstance(call.func, ast.Name) and name in SEALED:
        return False
    if name in WRITERS:
        return bool(call.args)  # to_csv without a path gives text
    if name not in OPENERS:
        return ast.unparse(call.func) in FUNCTIONS
    of_path = name == "open" and isinstance(call.func, ast.Attribute)
    place = OPENERS[name] if of_path or name != "open" else 1
    modes = call.args[place : place + 1] + [k.value for k in call.keywords if k.arg == "mode"]
    texts = [mode.value for mode in modes if isinstance(mode, ast.Constant)]
    return any(isinstance(text, str) and set("wax+") & set(text) for text in texts)


def writers_of(source):
    visitor = Writers()
    visitor.visit(ast.parse(source))
    return visitor.found


def test_files_are_written_under_temporary_names():
    found = {
        f"{path.relative_to(ROOT)}:{function}": call
        for path in SOURCES
        for function, call in writers_of(path.read_text())
    }
    assert {where: call for where, call in found.items() if where not in EXCEPT} == {}
    assert set(EXCEPT) == set(found)  # no reason without a call


@pytest.mark.parametrize(
    ("source", "n_found"),
    [
        ("table.to_csv(path)", 1),
        ("text = table.to_csv(index=False)", 0),
        ("with replacing(path) as temporary:\n    table.to_csv(temporary)", 0),
        ("with lock, replacing(path) as new, new.open('wb') as file:\n    np.savez(file)", 0),
        ("with replacing(path) as temporary:\n    pass\nPath(path).write_text('')", 1),
        ("open(path, 'w')", 1),
        ("path.open('a+')", 1),
        ("path.open(mode='x')", 1),
        ("path.open('rb')", 0),
        ("h5py.File(path, 'r')", 0),
        ("h5py.File(path, 'w')", 1),
        ("open_file(path)", 0),
        ("open_file(path, 'w')", 1),
        ("soundfile.write(path, audio, 8000)", 1),
    ],
)
def test_a_writer_is_seen(source, n_found):
    assert len(writers_of(source)) == n_found
