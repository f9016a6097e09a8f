"""How fast a recorded stream is published: as fast as possible, in event time, or by number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from workbench.durations import SECOND
from workbench.errors import ParameterError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_FORM = re.compile(r"(\d+(?:\.\d+)?)(x|/s)")
#: Messages that lie this close together (s) are sent together.
TICK = 0.05


@dataclass(frozen=True, slots=True)
class Speed:
    """When messages are due.

    Parameters
    ----------
    factor
        Seconds of event time a second; 0 for any.
    rate
        Messages a second; 0 for any.
    """

    factor: float = 0.0
    rate: float = 0.0

    @classmethod
    def of(cls, text: str) -> Self:
        """Read ``max``, ``60x`` or ``1000/s``.

        Raises
        ------
        ParameterError
            If it is none of these.

        Examples
        --------
        >>> Speed.of("60x")
        Speed(factor=60.0, rate=0.0)
        """
        if text == "max":
            return cls()
        match = _FORM.fullmatch(text)
        if match is None or not float(match[1]):
            raise ParameterError.of(
                f"--speed {text!r}",
                allowed="max, a multiple of event time such as 60x, or a rate such as 1000/s",
                hint="leave it out for max",
            )
        return cls(factor=float(match[1])) if match[2] == "x" else cls(rate=float(match[1]))

    def due(self, time: int, sent: int) -> float:
        """Return when a message is due, in seconds since the first one.

        Parameters
        ----------
        time
            Event time since the first message (µs).
        sent
            Messages before this one.

        Examples
        --------
        >>> Speed.of("60x").due(3_600_000_000, 7), Speed.of("100/s").due(3_600_000_000, 7)
        (60.0, 0.07)
        """
        if self.factor:
            return time / self.factor / SECOND
        return sent / self.rate if self.rate else 0.0

    def together(self, times: npt.NDArray[np.int64], most: int) -> int:
        """Return how many of the next messages are sent together, at least one.

        Parameters
        ----------
        times
            Times of the next messages (µs), ascending, shape (n,).
        most
            The most of them.
        """
        if self.factor:
            most = min(most, int(times.searchsorted(times[0] + self.factor * TICK * SECOND)))
        if self.rate:
            most = min(most, int(self.rate * TICK))
        return min(len(times), max(most, 1))
