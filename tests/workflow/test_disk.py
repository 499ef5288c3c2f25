"""A run says once, before it starts, what it will take on disk, and is right."""

import re

import pytest

from workflow.disk import size_of

pytestmark = pytest.mark.workflow


def test_the_estimate_is_right_within_a_third(smoke):
    assert "disk:" not in smoke.must_run("--dry-run", "--forceall")
    output = smoke.must_run("--force", "assign_folds")
    (line,) = re.findall(r"^disk: .*$", output, re.M)
    estimate, unit = re.search(r"about ([\d.]+) (MB|GB)", line).groups()
    estimated = float(estimate) * {"MB": 1e6, "GB": 1e9}[unit]
    assert estimated == pytest.approx(size_of([smoke.results]), rel=0.3)
