"""Durations as people write them (``7d``, ``1h``, ``30s``) and microseconds."""

from __future__ import annotations

import re
from datetime import timedelta

from workbench.errors import ParameterError

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_UNITS = {
    "us": 1,
    "ms": 1_000,
    "s": SECOND,
    "m": MINUTE,
    "min": MINUTE,
    "h": HOUR,
    "d": DAY,
    "w": 7 * DAY,
}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")


def microseconds(value: str | int | timedelta) -> int:
    """Return a duration in microseconds.

    Parameters
    ----------
    value
        Text such as ``7d``, ``1h``, ``90s``; a :class:`datetime.timedelta`; or microseconds.

    Returns
    -------
    int
        Microseconds, zero or more.

    Raises
    ------
    ParameterError
        If the text is not a number with a unit, or the duration is negative.

    Examples
    --------
    >>> microseconds("7d") == 7 * DAY
    True
    >>> microseconds("1.5h")
    5400000000
    """
    if isinstance(value, timedelta):
        result = value // timedelta(microseconds=1)
    elif isinstance(value, int):
        result = value
    else:
        match = _FORM.fullmatch(value.lower())
        if match is None or match[2] not in _UNITS:
            raise ParameterError.of(
                f"the duration {value!r}",
                allowed="a number with one of the units us, ms, s, m, h, d, w",
                hint="write for instance 7d, 1h or 30s",
            )
        result = round(float(match[1]) * _UNITS[match[2]])
    if result < 0:
        raise ParameterError.of(
            f"the duration {value!r}", allowed="zero or more", hint="leave out the minus sign"
        )
    return result


def spell(duration: int) -> str:
    """Write microseconds in the largest unit that divides them.

    Examples
    --------
    >>> spell(7 * DAY), spell(90 * SECOND), spell(0)
    ('7d', '90s', '0s')
    """
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1_000)):
        if duration % size == 0 and (duration or unit == "s"):
            return f"{duration // size}{unit}"
    return f"{duration}us"
