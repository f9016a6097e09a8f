"""When labels are delivered, and which of them are learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workbench.detectors.target import Lesson
from workbench.durations import DAY, HOUR
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from workbench.detectors.protocol import State
    from workbench.detectors.target import Delivered

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
        """Return which events are learned: a hash of their place in the order decides."""
        chosen: npt.NDArray[np.bool_] = (labels != 0) | (self.chance(sequence) < self.negatives)
        return chosen

    def chance(self, sequence: I64, stream: int = 0) -> npt.NDArray[np.float64]:
        """Return a number from 0 to 1 for each event's place in the order, always the same.

        The hash is SplitMix64 (Steele, Lea & Flood 2014). Numbers of different streams have
        nothing to do with each other.
        """
        seed = (self.seed + (stream << 32)) * 0x9E3779B97F4A7C15
        z = sequence.astype(np.uint64) + np.uint64(seed % 2**64)
        z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        uniform: npt.NDArray[np.float64] = (z ^ (z >> np.uint64(31))) / 2.0**64
        return uniform

    @property
    def weight(self) -> float:
        """The weight of a learned genuine event."""
        return self.importance or 1 / self.negatives


class Sampled:
    """All positives with weight 1, and the pace's share of the others.

    Parameters
    ----------
    pace
        Which of the others, and with what weight.
    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace

    def lesson(self, delivered: Delivered) -> Lesson:
        """Return what is learned of these labels."""
        chosen = np.flatnonzero(self.pace.learned(delivered.sequence, delivered.labels))
        labels = delivered.labels[chosen]
        return Lesson(
            delivered.table[delivered.rows[chosen]],
            labels,
            np.where(labels != 0, 1.0, self.pace.weight),
            delivered.at[chosen],
        )

    def state(self) -> State:
        """Return nothing: each label is judged alone."""
        return {}

    def restore(self, state: State) -> None:
        """Take over nothing."""
