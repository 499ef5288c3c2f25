"""Inputs by the thousand for what reads files of others: `make fuzz`, or python -m tests.fuzz."""

from tests.fuzz.archives import ARCHIVES
from tests.fuzz.configurations import CONFIGURATIONS, PLANS, THRESHOLDS

TARGETS = {target.name: target for target in (ARCHIVES, CONFIGURATIONS, THRESHOLDS, PLANS)}
