"""Configuration files as they are written: what is refused, in one line, and what is taken.

Each case is a file that lies over experiments/smoke.yaml.  The bounds of every key are in
tests/unit/test_refused_configuration.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from workflow.configfiles import single_keys_or_stop
from workflow.configuration import complete_or_stop

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[3]


def anchors(levels: int, first: str = "1") -> str:
    """Lists of nine that each hold the one before nine times: 9^levels values in a few lines."""
    lists = [f"&a0 [{', '.join([first] * 9)}]"]
    lists += [f"&a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return f"[{', '.join(lists)}]"


# file, words of the line
REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "an unknown key": ("trainng: {seed: 3}", ("trainng: no such key", "nearest", "is training,")),
    "an unknown key below": (
        "mixtures: {sampel_rate: 16000}",
        ("mixtures.sampel_rate: no such key", "16000", "is mixtures.sample_rate,"),
    ),
    "a key of another group": ("features: {seed: 3}", ("features.seed", "is mixtures.seed,")),
    "an unknown option of a model": (
        "models: {tiny_gmp: {network: {with: [4]}}}",
        ("models.tiny_gmp.network.with: no such key", "is models.tiny_gmp.network.widths,"),
    ),
    "a key that is no text": ("2: 3", ("2: no such key", "nearest known one")),
    "a wrong type": ("mixtures: {folds: two}", ("mixtures.folds: 'two'", "whole number from 2")),
    "a fraction": ("mixtures: {folds: 2.5}", ("mixtures.folds: 2.5", "whole number from 2")),
    "a word for a switch": ("mixtures: {overlap: perhaps}", ("mixtures.overlap", "true or false")),
    "a list for a group": ("mixtures: [1, 2]", ("mixtures: [1, 2]", "a group of keys")),
    "a group for a value": (
        "mixtures: {seed: {a: 1}}",
        ("mixtures.seed: {'a': 1}", "whole number"),
    ),
    "nothing for a group": ("mixtures:", ("mixtures: null", "a group of keys")),
    "a date": ("experiment: 2018-04-11", ("experiment", "2018", "a plain file name")),
    "out of range": ("mixtures: {events: 8}", ("mixtures.events: 8", "from 1 to 7")),
    "a negative rate": ("training: {learning_rate: -1}", ("learning_rate: -1", "above 0")),
    "a number of 400 digits": (f"mixtures: {{seed: {10**400}}}", ("mixtures.seed: 1000", "...")),
    "an SNR of NaN": ("grid: {snr_db: [.nan]}", ("grid.snr_db[0]: nan", "a number from")),
    "an SNR of infinity": ("grid: {snr_db: [0, -.inf]}", ("grid.snr_db[1]: -inf", "a number from")),
    "no SNR": ("grid: {snr_db: []}", ("grid.snr_db: []", "a list of 1 to")),
    "no model": ("grid: {models: []}", ("grid.models: []", "a list of 1 to")),
    "no holdout fold": ("grid: {holdout_folds: []}", ("grid.holdout_folds: []", "a list of 1 to")),
    "a model that is not defined": ("grid: {models: [nobody]}", ("grid.models: 'nobody'", "tiny")),
    "a model that is run twice": (
        "grid: {models: [gmp, gmp]}",
        ("grid.models", "without repetition", "list each entry once"),
    ),
    "fmax above half the rate": (
        "features: {fmax_hz: 16001}",
        ("features.fmax_hz: 16001", "half of mixtures.sample_rate, 16000 Hz", "lower it"),
    ),
    "fmin above fmax": (
        "features: {fmin_hz: 5000, fmax_hz: 4000}",
        ("features.fmin_hz: 5000", "below features.fmax_hz, 4000 Hz", "raise fmax_hz"),
    ),
    "a hop above the window": ("features: {hop: 4096}", ("features.hop: 4096", "window, 2048")),
    "a fold that there is not": ("grid: {holdout_folds: [3]}", ("holdout_folds: 3", "from 1 to 2")),
    "events that do not fit": (
        "mixtures: {events: 5}",
        ("mixtures.seconds: 4.0", "room for 5 events of 1 s", "overlap"),
    ),
    "thresholds that cross": (
        "detection: {low_threshold: 0.9, high_threshold: 0.1}",
        ("detection.low_threshold: 0.9", "high_threshold, 0.1", "lower it"),
    ),
    "a batch above the training folds": (
        "training: {batch_size: 64}",
        ("training.batch_size: 64", "at most the 4 clips", "lower it"),
    ),
    "no directory": (
        "data: {source: archives, scenes: s}",
        ("data.events: null", "a directory, which data.source archives needs", "set data.events"),
    ),
    "a name that leads out": (
        "experiment: ../../etc",
        ("experiment: '../../etc'", "plain file name"),
    ),
    "a name of the shell": (
        "experiment: $(touch x)",
        ("experiment: '$(touch x)'", "plain file name"),
    ),
    "a name that is not ASCII": (
        "experiment: caf\u00e9",
        ("experiment: 'caf\u00e9'", "plain file"),
    ),
    "a key that is not ASCII": (
        "\u0435xperiment: a",
        ("\u0435xperiment: no such key", "experiment,"),
    ),
    "results with braces": ("results: 'a{snr}'", ("results: 'a{snr}'", "no braces")),
    "results that command a terminal": (
        'results: "a\\e[31m"',
        ("results: 'a\\x1b[31m'", "directory"),
    ),
    "anchors of a thousand million numbers": (
        f"grid: {{snr_db: {anchors(9)}}}",
        ("grid: its anchors", "at most 100000", "write out"),
    ),
    "anchors of a thousand million names": (
        f"evaluation: {{figure_mixtures: {anchors(9, 'x')}}}",
        ("evaluation: its anchors", "at most 100000", "write out"),
    ),
    "anchors under a key of their own": (
        f"spare: {anchors(10)}",
        ("spare: its anchors", "write out"),
    ),
    "a list that holds itself": ("grid: {snr_db: &a [*a]}", ("grid.snr_db[0]", "is not a number")),
    "a key that is there twice": (
        "mixtures: {seed: 3}\ngrid: {snr_db: [0]}\nmixtures: {folds: 3}",
        ("line 3: the key mixtures", "in line 1", "keep one of the two"),
    ),
    "a key that is there twice below": (
        "mixtures: {seed: 3, seed: 4}",
        ("line 1: the key seed", "in line 1", "keep one of the two"),
    ),
    "a key that is there twice in JSON": (
        '{"mixtures": {"seed": 3,\n "seed": 4}}',
        ("line 2: the key seed", "in line 1", "keep one of the two"),
    ),
}

# file, what it makes of some keys
TAKEN: dict[str, tuple[str | bytes, dict[str, Any]]] = {
    "a comment alone is nothing": ("{} # nothing", {}),
    "a byte order mark": (b"\xef\xbb\xbfmixtures: {seed: 3}", {"mixtures.seed": 3}),
    "line ends of Windows": (b"mixtures:\r\n  seed: 3\r\n", {"mixtures.seed": 3}),
    "JSON": ('{"mixtures":\t{"seed": 3}}', {"mixtures.seed": 3}),
    "a path that is not ASCII": ("results: \u97f3/\u00fc b", {"results": "\u97f3/\u00fc b"}),
    "an anchor, and a merge": (
        "models:\n  tiny_gmp: &one {pooling: {type: gap}}\n  other: {<<: *one}",
        {"models.other.pooling": {"type": "gap"}},
    ),
}


def configured(path: Path) -> dict[str, Any]:
    """The complete configuration of a file over experiments/smoke.yaml, as Snakemake loads it."""
    config: dict[str, Any] = {}
    for file in (ROOT / "config.yaml", ROOT / "experiments" / "smoke.yaml", path):
        update_config(config, load_configfile(file))
    single_keys_or_stop([path])
    return complete_or_stop(config)


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(text, words, tmp_path):
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        configured(tmp_path / "mine.yaml")
    require_line(str(stop.value.code), words)


def require_line(line: str, words: tuple[str, ...]) -> None:
    assert line.startswith("configuration: ") and len(line.splitlines()) == 1
    assert line.isprintable() and len(line) < 500
    assert [word for word in words if word not in line] == [], line


@pytest.mark.parametrize(("text", "values"), TAKEN.values(), ids=TAKEN)
def test_what_is_taken(text, values, tmp_path):
    (tmp_path / "mine.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    config = configured(tmp_path / "mine.yaml")
    for key, value in values.items():
        found: Any = config
        for name in key.split("."):
            found = found[name]
        assert found == value


# ---------------------------------------------------------------- the same by Snakemake

IN_BRIEF = ("an unknown key", "a key that is there twice", "anchors of a thousand million numbers")
AT_LENGTH = [pytest.param(name, marks=pytest.mark.soak) for name in REFUSED if name not in IN_BRIEF]


@pytest.mark.parametrize("name", [*IN_BRIEF, *AT_LENGTH])
def test_a_run_is_refused_once(name, fresh, refused_run):
    text, words = REFUSED[name]
    (fresh.directory / "mine.yaml").write_text(text, encoding="utf-8")
    fresh.configfiles = (*fresh.configfiles, fresh.directory / "mine.yaml")
    refused_run(("configuration: ", *words))
    assert not fresh.results.exists()


# file, words of the error: Snakemake reads these, and refuses them, before the workflow begins
BEFORE_US: dict[str, tuple[bytes | None, str]] = {
    "a list": (b"- a\n- b\n", "keys at top level"),
    "nothing": (b"", "keys at top level"),
    "a tab": (b"mixtures:\n\tseed: 3\n", "not mix whitespace and tab indentation"),
    "a bracket that is not closed": (b"mixtures: {seed: 3\n", "not valid JSON or YAML"),
    "a NUL": (b"mixtures: {seed: 3}\n\0", "not valid JSON or YAML"),
    "code": (b"experiment: !!python/object/apply:os.mkdir [harm]\n", "not valid JSON or YAML"),
    "not UTF-8": ("experiment: caf\xe9\n".encode("latin-1"), "can't decode byte 0xe9"),
    "no file": (None, "No such file or directory"),
}


@pytest.mark.soak
@pytest.mark.parametrize(("content", "words"), BEFORE_US.values(), ids=BEFORE_US)
def test_what_snakemake_refuses_itself(content, words, fresh):
    path = fresh.directory / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    fresh.configfiles = (*fresh.configfiles, path)
    done = fresh.run()
    assert done.returncode != 0 and words in done.stderr
    assert not fresh.results.exists() and not (fresh.directory / "harm").exists()
