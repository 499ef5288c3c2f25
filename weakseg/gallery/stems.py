"""The separated sounds of a clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from weakseg.gallery.clip import MOST_CLASSES, GalleryClip, ModelView
from weakseg.separation import Separator


def with_stems(
    clip: GalleryClip, foregrounds: Mapping[str, Mapping[str, float] | None]
) -> GalleryClip:
    """The clip with the waveforms of the classes that a model finds and that the page shows.

    foregrounds: of each model, as in `Separator.separate_classes`.  A model without masks has none.
    """
    shown = set(clip.classes_of_interest[:MOST_CLASSES])
    separator = Separator(clip.waveform, clip.spectral)

    def separated(model: ModelView) -> ModelView:
        wanted = [index for index in model.found if index in shown]
        if model.masks is None or not wanted:
            return model
        foreground = foregrounds[model.name]
        waveforms = separator.separate_classes(
            model.masks, wanted, foreground, model.found, model.learnt_foreground
        )
        return replace(model, stems=dict(zip(wanted, waveforms, strict=True)))

    return replace(clip, models=[separated(model) for model in clip.models])
