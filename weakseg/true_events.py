"""The planned events of mixtures: the truth beside which detected events are scored and drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from weakseg.detection import EVENT_COLUMNS
from weakseg.plan import PlannedMixture


def true_events(mixtures: Sequence[PlannedMixture]) -> pd.DataFrame:
    """The planned events as a table with the DCASE columns, seconds."""
    rows = [
        (mixture["mixture_name"], event["onset"], event["offset"], event["event_label"])
        for mixture in mixtures
        for event in mixture["events"]
    ]
    return pd.DataFrame(rows, columns=EVENT_COLUMNS)
