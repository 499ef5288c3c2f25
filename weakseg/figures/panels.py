"""The panels that pictures of a clip are made of: each draws into the axes that it is given.

A mel band's place on the axis is its index: band i is centred on the (i + 1)-th of mels + 2
frequencies that are evenly spaced in mel from fmin to fmax (`weakseg.mel`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from weakseg.detection import Detector
from weakseg.figures import style
from weakseg.figures.clip_data import ClipData, Floats
from weakseg.mel import hz_to_mel
from weakseg.spectral import Spectral

ROUND_HZ = [100, 500, 1000, 2000, 5000, 10000, 20000, 200, 50]  # preferred first
TICK_ROOM = 0.15  # inches between tick labels
ENVELOPE_COLUMNS = 1500
BAR = 0.38  # of a lane's height
AMPLITUDE = "Amplitude\n(full scale 1)"


def time_axis(axes: Axes, seconds: float, labelled: bool = True) -> None:
    """The axis from 0 to the clip's end."""
    axes.set_xlim(0, seconds)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=style.TICK_STEPS))
    axes.tick_params(axis="x", labelbottom=labelled)
    if labelled:
        axes.set_xlabel("Time (s)")


def show_waveform(
    axes: Axes, waveform: Floats, sample_rate: float, least: int = 1
) -> PolyCollection:
    """The range of the samples in each of at most 1500 columns; full scale is 1.

    least: so many samples are a column, or a multiple of it: 2 of an envelope.
    """
    samples = least * -(-len(waveform) // (least * ENVELOPE_COLUMNS))
    starts = np.arange(0, len(waveform), samples)
    low, high = np.minimum.reduceat(waveform, starts), np.maximum.reduceat(waveform, starts)
    peak = max(float(np.abs(waveform).max()), 1e-3)
    axes.set_ylim(-1.05 * peak, 1.05 * peak)
    axes.yaxis.set_major_locator(MaxNLocator(3, symmetric=True, steps=style.TICK_STEPS))
    axes.ticklabel_format(axis="y", scilimits=(-2, 2))  # longer numbers would push the label out
    return axes.fill_between(
        starts / sample_rate, low, high, color="0.25", linewidth=0.5, step="post"
    )


def mel_position(frequencies: Any, spectral: Spectral) -> NDArray[np.float64]:
    """Places of frequencies (Hz) on the axis of mel bands: band i's centre is at i."""
    low, high = hz_to_mel([spectral.fmin, spectral.fmax])
    share = (hz_to_mel(frequencies) - low) / (high - low)
    return np.asarray(share * (spectral.mels + 1) - 1)


def mel_ticks(spectral: Spectral, least_distance: float) -> list[int]:
    """Round frequencies (Hz) between fmin and fmax that are `least_distance` bands apart."""
    candidates = [hz for hz in ROUND_HZ if spectral.fmin <= hz <= spectral.fmax]
    if len(candidates) < 2:
        rounder = MaxNLocator(4, steps=style.TICK_STEPS, integer=True)
        values = rounder.tick_values(spectral.fmin, spectral.fmax)
        candidates = [int(hz) for hz in values if spectral.fmin <= hz <= spectral.fmax]
    chosen: list[int] = []
    for hz in candidates:
        distances = np.abs(mel_position([hz, *chosen], spectral)[1:] - mel_position(hz, spectral))
        if (distances >= least_distance).all():
            chosen.append(hz)
    return sorted(chosen)


def hertz(frequency: float) -> str:
    """500, 1k, 2.5k."""
    return f"{frequency / 1000:g}k" if frequency >= 1000 else f"{frequency:g}"


def show_bands(
    axes: Axes,
    values: NDArray[Any],
    spectral: Spectral,
    label: str = "Frequency (Hz)",
    **options: Any,
) -> AxesImage:
    """A heat map of values (frames, mels), or colours (frames, mels, 3), over seconds and hertz."""
    n_frames, n_mels = values.shape[:2]
    extent = (0, n_frames / spectral.frames_per_second, -0.5, n_mels - 0.5)
    image = axes.imshow(
        values.swapaxes(0, 1), origin="lower", aspect="auto", extent=extent, **options
    )
    inches = axes.bbox.height / axes.figure.dpi
    ticks = mel_ticks(spectral, n_mels * TICK_ROOM / inches)
    axes.set_yticks(mel_position(ticks, spectral), [hertz(tick) for tick in ticks])
    axes.set_ylim(-0.5, n_mels - 0.5)
    axes.set_ylabel(label)
    return image


def show_logmel(axes: Axes, logmel: Floats, spectral: Spectral) -> AxesImage:
    """The log-mel (frames, mels); the quietest 2 % of the cells share the darkest colour."""
    low, high = np.percentile(logmel, [2, 100])
    return show_bands(axes, logmel, spectral, cmap=style.LOGMEL_MAP, vmin=low, vmax=high)


def show_mask(axes: Axes, mask: NDArray[Any], spectral: Spectral, label: str = "Hz") -> AxesImage:
    """A mask (frames, mels), 0..1."""
    mask = mask.astype(np.float32)
    return show_bands(axes, mask, spectral, label, cmap=style.MASK_MAP, vmin=0, vmax=1)


def show_scores(
    axes: Axes, clip: ClipData, shown: Sequence[int], detector: Detector | None
) -> None:
    """Frame scores of the shown classes, and the two thresholds of a detector."""
    for place, index in enumerate(shown):
        axes.stairs(
            clip.frame_scores[:, index],
            clip.frame_edges,
            baseline=None,
            color=style.colour(place),
            linestyle=style.dash(place),
            linewidth=1.3,
        )
    if detector is not None:
        axes.axhline(detector.high, color=style.GREY, linewidth=0.8, linestyle=(0, (6, 2)))
        axes.axhline(detector.low, color=style.GREY, linewidth=0.8, linestyle=(0, (1, 1.5)))
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel("Frame score\n(0 to 1)")


def show_events(axes: Axes, clip: ClipData, shown: Sequence[int], room: float) -> None:
    """A lane a class: outlined above the events of the truth, filled below those found.

    The lanes' labels get `room` inches.
    """
    for place, index in enumerate(shown):
        label, shade = clip.classes[index], style.colour(place)
        if clip.true_events is not None:
            true = _spans(clip.true_events, label)
            axes.broken_barh(true, (place - 0.43, BAR), facecolor="white", edgecolor="black")
        low = place + 0.05 if clip.true_events is not None else place - BAR / 2
        axes.broken_barh(_spans(clip.events, label), (low, BAR), facecolor=shade, edgecolor=shade)
    for border in range(1, len(shown)):
        axes.axhline(border - 0.5, color="0.8", linewidth=0.6)
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(shown)), [style.shortened(clip.classes[i], room) for i in shown])
    axes.tick_params(axis="y", length=0)


def _spans(events: pd.DataFrame, label: str) -> list[tuple[float, float]]:
    mine = events[events["event_label"] == label]
    return [(on, off - on) for on, off in zip(mine["onset"], mine["offset"], strict=True)]


def colour_bar(
    figure: Figure, image: AxesImage, beside: Sequence[Axes], left: float, label: str
) -> None:
    """A colour bar as high as the panels `beside` it, from the top of the first to the bottom of
    the last, `left` inches from the figure's left edge."""
    bottom, top = beside[-1].get_position().y0, beside[0].get_position().y1
    axes = figure.add_axes((left / style.WIDTH, bottom, 0.12 / style.WIDTH, top - bottom))
    n_ticks = min(5, int(axes.bbox.height / figure.dpi / 0.3))
    ticks = MaxNLocator(max(2, n_ticks), steps=style.TICK_STEPS)
    figure.colorbar(image, cax=axes, label=label, ticks=ticks)
    axes.tick_params(length=2)
