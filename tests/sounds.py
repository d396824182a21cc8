"""Sound that is an array: what a decoded recording is to ngopi, without a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from speech import RATE_HZ


@dataclass(frozen=True)
class ArraySound:
    """*samples* are float32 (frames, channels)."""

    samples: NDArray[np.float32]
    sample_rate_hz: int = RATE_HZ

    @property
    def channels(self) -> int:
        return self.samples.shape[1]

    @property
    def frames(self) -> int:
        return len(self.samples)

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        found = np.zeros((stop - start, self.channels), np.float32)
        first, last = max(start, 0), min(stop, self.frames)
        if first < last:
            found[first - start : last - start] = self.samples[first:last]
        return found
