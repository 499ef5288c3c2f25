"""Train one model on the training folds."""

import logging
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from _step import device_for, step

from weakseg.cards import one_card
from weakseg.history import write_history
from weakseg.model import save_model
from weakseg.state import file_digest, state_key
from weakseg.training import train
from weakseg.training_settings import TrainingSettings

log = logging.getLogger(__name__)


def train_model(
    features: Sequence[str],
    material: Sequence[str],
    model: str,
    history: str,
    states: str,
    curves: str | None,
    code: str,
    save_every_seconds: float,
    device: str,
    cores: int | None,
    **settings: Any,
) -> None:
    """`settings` are those of `weakseg.training_settings.TrainingSettings`."""
    paths, recordings = ([Path(path) for path in files] for files in (features, material))
    inputs = [file_digest(path) for path in [*paths, *recordings]]
    drawn_with = {name: version(name) for name in ("numba", "numpy", "scipy") if recordings}
    key = state_key(settings | {"device": device} | drawn_with, code, inputs)
    trained, rows = train(
        paths,
        TrainingSettings(**settings),
        material_paths=recordings,
        curves=Path(curves) if curves else None,
        state_dir=Path(states) / key,
        save_every_seconds=save_every_seconds,
        device=device,
        cores=cores,
        say=log.info,
    )
    write_history(Path(history), rows)
    save_model(trained, Path(model))


if __name__ == "__main__":
    with step(snakemake.log[0]):
        params = snakemake.params
        device = device_for(params.device, snakemake.resources.get("gpu"))
        with one_card(device, log.info):
            train_model(
                features=snakemake.input.features,
                material=snakemake.input.get("material", []),
                model=snakemake.output.model,
                history=snakemake.output.history,
                states=params.states,
                curves=params.curves,
                code=params.code,
                save_every_seconds=params.save_every_seconds,
                device=device,
                cores=params.cores,
                **params.settings,
            )
