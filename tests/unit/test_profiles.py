"""The profiles agree with each other and with the rules."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))


def profile(name):
    return yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text())


def steps():
    """Names of the rules that submit a job: those with a script."""
    for file in RULES:
        parts = re.split(r"^\s*(?:rule|checkpoint) (\w+):", file.read_text(), flags=re.M)
        local = re.findall(r"localrules: *(.+)", file.read_text())
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            is_local = "localrule: True" in body or any(name in names for names in local)
            if re.search(r"^\s+script:", body, re.M) and not is_local:
                yield name


@pytest.mark.parametrize("name", ["slurm", "workstation"])
def test_a_profile_repeats_the_default_one(name):
    default = profile("default")
    assert {key: profile(name).get(key) for key in default} == default


def test_each_step_is_in_a_group_or_has_a_card():
    slurm = profile("slurm")
    grouped, cards = set(slurm["groups"]), set(slurm["set-resources"])
    assert not grouped & cards
    assert grouped | cards == set(steps()), "profiles/slurm: give the new rule a group"


def test_cards_are_asked_for_where_the_rules_can_use_them():
    text = "".join(file.read_text() for file in RULES)
    using = re.findall(r"rule (\w+):(?:(?!\n\s*rule ).)*?\bgpu=GPUS", text, re.S)
    assert set(using) == set(profile("slurm")["set-resources"])
