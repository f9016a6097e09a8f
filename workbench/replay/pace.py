"""When labels are delivered, and which of them are learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.durations import DAY, HOUR
from workbench.errors import ParameterError

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pace:
    """When labels are delivered, and which of them are learned.

    Parameters
    ----------
    deliver
        Interval between deliveries of labels (µs); 0 delivers each label at once.
    warm_up
        The first span of the stream (µs), on which the detector fits what needs no labels.
        Its events score 0; their labels are learned when the span has passed.
    negatives
        Share of the genuine events that are learned, (0, 1]; every positive is.
    importance
        Weight of a learned genuine event; 0 stands for ``1 / negatives``, which keeps scores
        calibrated.
    horizon
        How late a label may come (µs); an event is forgotten afterwards.
    seed
        Chooses the genuine events that are learned.
    """

    deliver: int = HOUR
    warm_up: int = 7 * DAY
    negatives: float = 0.1
    importance: float = 0.0
    horizon: int = 60 * DAY
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.negatives <= 1:
            raise ParameterError.of(
                f"negatives={self.negatives}",
                allowed="a share above 0 and at most 1",
                hint="0.1 learns every tenth genuine event",
            )
        if self.importance < 0:
            raise ParameterError.of(
                f"importance={self.importance}",
                allowed="a weight of 0 or more",
                hint="0 weighs by 1 / negatives",
            )

    def last_delivery(self, time: I64) -> I64:
        """Return the time of the last delivery strictly before each time, in µs."""
        if self.deliver == 0:
            return time - 1
        return (time - 1) // self.deliver * self.deliver

    def learned(self, sequence: I64, labels: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
        """Return which events are learned: a hash of their place in the order decides.

        The hash is SplitMix64 (Steele, Lea & Flood 2014).
        """
        z = sequence.astype(np.uint64) + np.uint64((self.seed * 0x9E3779B97F4A7C15) % 2**64)
        z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        uniform = (z ^ (z >> np.uint64(31))) / 2.0**64
        chosen: npt.NDArray[np.bool_] = (labels != 0) | (uniform < self.negatives)
        return chosen
