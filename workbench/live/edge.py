"""Where a recording begins and ends: at a time, or at an offset of each partition."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from workbench.errors import ParameterError
from workbench.moments import moment, ticks

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE = re.compile(r"((?:events|labels)/\d+)=(\d+)")
#: Offsets by place, ``events/0`` or ``labels/3``.
Offsets = dict[str, int]


@dataclass(frozen=True, slots=True)
class Edge:
    """A time, offsets, or neither.

    Parameters
    ----------
    time
        Microseconds since 1970 UTC, of what became known.
    offsets
        Offsets of partitions, by ``events/0`` and ``labels/0``.
    """

    time: int | None = None
    offsets: Offsets | None = None

    @classmethod
    def of(cls, text: str | None, option: str) -> Self:
        """Read ``2018-08-08T12:00:00Z`` or ``events/0=120,labels/0=7``.

        Raises
        ------
        ParameterError
            If it is neither, or names a partition twice.

        Examples
        --------
        >>> Edge.of("events/0=120,labels/3=7", "--from").offsets
        {'events/0': 120, 'labels/3': 7}
        >>> Edge.of("1970-01-01T00:00:01Z", "--from").time
        1000000
        """
        if text is None or "=" not in text:
            return cls(time=ticks(moment(text, option)))
        matches = [_PLACE.fullmatch(part.strip()) for part in text.split(",")]
        pairs = [(match[1], int(match[2])) for match in matches if match is not None]
        if len(dict(pairs)) < len(matches):
            raise ParameterError.of(
                f"{option} {text!r}",
                allowed="a time, or offsets such as events/0=120,labels/0=7, each partition once",
                hint="correct it",
            )
        return cls(offsets=dict(pairs))


def spell(offsets: Mapping[str, int]) -> str:
    """Write offsets as ``--from`` and ``--until`` take them.

    Examples
    --------
    >>> spell({"events/0": 120, "labels/3": 7})
    'events/0=120,labels/3=7'
    """
    return ",".join(f"{place}={offset}" for place, offset in offsets.items())
