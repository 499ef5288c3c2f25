"""What is heard of recordings: how loud it is, and which of them are alike."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pandas as pd

from weakseg.audio import read_part, to_pcm16
from weakseg.collection import UNREADABLE, Collection
from weakseg.progress import counted

SILENT_DB = -200.0  # stands for the level of digital silence


def listen(files: Collection, index: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """The index with `level_db` and `content` of the first `seconds` that are heard of each.

    level_db: rms over full scale, channels averaged.  content: a hash of the samples, so that the
    same sound under another name, or in another lossless format, has the same.
    What turns out to be unreadable here is marked as unusable.
    """
    index = index.assign(level_db=math.nan, content="")
    usable = index[index.usable]
    for row in counted(usable.itertuples(), len(usable), " recordings"):
        try:
            with files.open(row.archive, row.member) as file:
                mono = read_part(file, row.starts, seconds)
        except UNREADABLE as error:
            index.loc[row.Index, ["usable", "why_not"]] = [False, str(error)]
            continue
        rms = math.sqrt(np.mean(mono**2)) if len(mono) else 0.0
        index.loc[row.Index, "level_db"] = 20 * math.log10(rms) if rms else SILENT_DB
        samples = to_pcm16(mono).tobytes()  # one form, whatever the file's
        index.loc[row.Index, "content"] = hashlib.sha256(samples).hexdigest()
    return index
