"""What detection and evaluation read of predictions: a model's, from a store, or a reference's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Predictions(Protocol):
    """Predictions for the clips `names`, as `store.PredictionStore` gives them."""

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def classes(self) -> Sequence[str]: ...
    @property
    def settings(self) -> dict[str, Any]: ...

    def clip_probabilities(self) -> NDArray[np.float32]:
        """(clips, classes)."""

    def frame_scores(self, index: int) -> NDArray[np.float32]:
        """(frames, classes), not gated by the clip probability."""

    def mask_codes(self, index: int) -> NDArray[np.uint8]:
        """(classes, frames, mels)."""

    def learnt_foreground(self, index: int) -> NDArray[np.float32] | None:
        """The map (frames, mels) of a learnt foreground, if there is one."""
