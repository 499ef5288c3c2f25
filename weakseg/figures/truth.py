"""What a mixture holds, whatever a model says of it: waveform, log-mel, ideal ratio masks.

As figure 2 of Kong et al., arXiv 1804.04715, with a mask for each class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from weakseg.figures import panels, style
from weakseg.figures.clip_data import Floats
from weakseg.spectral import Spectral

MOST_CLASSES = 8
LEFT, RIGHT, TOP, BOTTOM = 0.85, 1.05, 0.65, 0.5  # margins, inches
WAVEFORM, LOGMEL, MASK, GAP = 0.9, 1.4, 0.8, 0.32  # heights, inches
WIDTH = style.WIDTH - LEFT - RIGHT
BAR_LEFT = style.WIDTH - RIGHT + 0.15  # of colour bars


@dataclass(frozen=True)
class Mixture:
    """A mixture: waveform (samples,), full scale 1; logmel (frames, mels); of each class in it,
    by name, the ideal ratio mask (frames, mels) in 0..1 against all else."""

    spectral: Spectral
    waveform: Floats
    logmel: Floats
    ratio_masks: Mapping[str, Floats]


@style.style()
def draw_truth(mixture: Mixture, *, name: str, snr_db: float | None = None) -> Figure:
    """Draw a mixture's waveform, log-mel and ideal ratio masks, of eight classes at most."""
    shown = dict(list(mixture.ratio_masks.items())[:MOST_CLASSES])
    heights = [WAVEFORM, LOGMEL, *[MASK] * len(shown)]
    figure = style.new_figure(TOP + sum(heights) + (len(heights) - 1) * GAP + BOTTOM)
    tops = [TOP + sum(heights[:row]) + row * GAP for row in range(len(heights))]
    axes = [
        style.add_panel(figure, LEFT, top, WIDTH, height)
        for top, height in zip(tops, heights, strict=True)
    ]
    style.add_title(figure, name + ("" if snr_db is None else f", SNR {snr_db:g} dB"))
    _draw_sound(figure, mixture, axes)
    for panel, (label, mask) in zip(axes[2:], shown.items(), strict=True):
        image = panels.show_mask(panel, mask, mixture.spectral)
        panel.set_title(style.shortened(f"Ideal ratio mask: {label}", WIDTH))
    if shown:
        panels.colour_bar(figure, image, axes[2:4], BAR_LEFT, "Ratio mask\n(0 to 1)")
    seconds = len(mixture.waveform) / mixture.spectral.sample_rate
    for panel in axes:
        panels.time_axis(panel, seconds, labelled=panel is axes[-1])
    if left_out := len(mixture.ratio_masks) - len(shown):
        text = f"Not shown: {left_out} of {len(mixture.ratio_masks)} classes in the mixture."
        height = figure.get_size_inches()[1]
        style.add_text(figure, LEFT, height - 0.22, text, color=style.GREY)
    return figure


def _draw_sound(figure: Figure, mixture: Mixture, axes: list[panels.Axes]) -> None:
    panels.show_waveform(axes[0], mixture.waveform, mixture.spectral.sample_rate)
    axes[0].set_ylabel(panels.AMPLITUDE)
    axes[0].set_title("Waveform")
    image = panels.show_logmel(axes[1], mixture.logmel, mixture.spectral)
    axes[1].set_title("Log-mel spectrogram")
    panels.colour_bar(figure, image, [axes[1]], BAR_LEFT, "Log-mel (ln)")
