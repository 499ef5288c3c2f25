"""The pictures have a pixel a cell, the highest band on top."""

import io

import numpy as np
from matplotlib.image import imread

from weakseg.gallery.pictures import LEVELS, ZOOM, filled, outlined, spectrogram


def pixels(png):
    return imread(io.BytesIO(png), format="png")


def test_the_spectrogram_is_grey_and_loud_is_light():
    logmel = np.full((50, 8), -8.0)
    logmel[10, 7] = 1.0  # the highest band
    logmel[20, :] = -20.0  # quieter than all: as dark as the rest of the quietest
    seen = pixels(spectrogram(logmel))
    assert seen.shape == (8, 50, 4)
    assert (seen[..., 0] == seen[..., 2]).all() and (seen[..., 3] == 1).all()
    assert seen[0, 10, 0] == 1 and seen[1:, 20, 0].max() == 0


def test_a_silent_spectrogram_is_drawn():
    assert pixels(spectrogram(np.zeros((5, 4)))).shape == (4, 5, 4)


def test_a_mask_is_as_opaque_as_it_is_high():
    mask = np.linspace(0, 1, 12).reshape(4, 3)
    seen = pixels(filled(mask))
    assert seen.shape == (3, 4, 4) and (seen[..., :3] == 1).all()
    assert np.abs(seen[::-1, :, 3].T - mask).max() < 0.5 / LEVELS + 1 / 255


def test_an_outline_goes_round_the_cells_of_a_mask():
    mask = np.zeros((6, 5), bool)
    mask[1:4, 0:3] = True
    seen = pixels(outlined(mask))[::-1, :, 3].T
    assert seen.shape == (6 * ZOOM, 5 * ZOOM)
    assert (seen[ZOOM : 4 * ZOOM, 0] == 1).all()  # its lowest edge, on the border of the picture
    assert seen[ZOOM + 1 : 4 * ZOOM - 1, 1 : 3 * ZOOM - 1].max() == 0
    assert seen.sum() == 4 * (3 * ZOOM - 1)


def test_the_same_array_gives_the_same_bytes():
    mask = np.random.default_rng(0).uniform(0, 1, (40, 20))
    assert filled(mask) == filled(mask.copy()) and outlined(mask) == outlined(mask.copy())
