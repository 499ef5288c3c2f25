"""Separated audio of a holdout fold's first mixtures."""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from _step import step

from weakseg.audio import to_pcm16, write_flac
from weakseg.files import keep_only, replacing
from weakseg.plan import classes_of, read_plan
from weakseg.progress import counted
from weakseg.rendered import mixture_of, rendered_mixtures
from weakseg.separation import Separator, file_name_of
from weakseg.spectral import Spectral
from weakseg.store import PredictionStore, decode_masks


def separate(
    predictions: str,
    plan: str,
    manifests: Sequence[str],
    output: str,
    n_clips: int,
    classes: str,
    clip_threshold: float,
    foreground: Mapping[str, float] | None,
) -> None:
    """Write a FLAC a class; `classes` says of which: those the model finds, or the true ones."""
    directory = Path(output).parent
    planned = {mixture["mixture_name"]: mixture for mixture in read_plan(Path(plan))}
    rows = []
    with PredictionStore(Path(predictions)) as store:
        spectral = Spectral.from_settings(store.settings)
        clips = islice(rendered_mixtures([Path(path) for path in manifests]), n_clips)
        clips = counted(clips, min(n_clips, len(store)), " clips") if store.has_masks else ()
        for index, (row, stems) in enumerate(clips):
            found = store.clip_probabilities()[index] > clip_threshold
            true = np.isin(store.classes, classes_of(planned[row.mixture_name]))
            separator = Separator(mixture_of(stems), spectral)
            masks, learnt = decode_masks(store.mask_codes(index)), store.learnt_foreground(index)
            wanted = np.flatnonzero(found if classes == "found" else true)
            sharing = np.flatnonzero(found)
            waveforms = separator.separate_classes(masks, wanted, foreground, sharing, learnt)
            for label, waveform in zip(wanted, waveforms, strict=True):
                name = file_name_of(row.mixture_name, int(label), store.classes[label])
                write_flac(directory / name, to_pcm16(waveform), spectral.sample_rate)
                rows.append((row.mixture_name, store.classes[label], name, bool(true[label])))
    table = pd.DataFrame(rows, columns=["mixture_name", "class", "file", "in_truth"])
    keep_only(directory, "*.flac", set(table["file"]))
    with replacing(output) as temporary:
        table.to_csv(temporary, index=False)


if __name__ == "__main__":
    with step(snakemake.log[0]):
        separate(
            predictions=snakemake.input.predictions,
            plan=snakemake.input.plan,
            manifests=snakemake.input.manifests,
            output=snakemake.output.manifest,
            **snakemake.params.settings,
        )
