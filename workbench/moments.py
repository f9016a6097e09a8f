"""Dates and times as people write them, and datetimes in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import overload

from workbench.errors import ParameterError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def moment(value: str | date | None, name: str = "time") -> datetime | None:
    """Return a date or a time as a datetime in UTC, nothing (``None`` or ``""``) as ``None``.

    Parameters
    ----------
    value
        Text in RFC 3339, a :class:`datetime.date`, or a :class:`datetime.datetime`. A date is
        its first moment; without a zone it is UTC.
    name
        What it is for, for the message.

    Raises
    ------
    ParameterError
        If the text is neither a date nor a time.

    Examples
    --------
    >>> moment("2018-08-08")
    datetime.datetime(2018, 8, 8, 0, 0, tzinfo=datetime.timezone.utc)
    >>> moment("2018-08-08T02:00:00+02:00") == moment(date(2018, 8, 8))
    True
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError as error:
            raise ParameterError.of(
                f"{name} {value!r}",
                allowed="a date such as 2018-08-08 or a time such as 2018-08-08T12:00:00Z",
                hint="correct it, or leave it out for the whole stream",
            ) from error
    else:
        found = value if isinstance(value, datetime) else datetime.combine(value, time())
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@overload
def ticks(time: datetime) -> int: ...
@overload
def ticks(time: None) -> None: ...
def ticks(time: datetime | None) -> int | None:
    """Return a datetime with a zone as microseconds since 1970 UTC, ``None`` as ``None``.

    Examples
    --------
    >>> ticks(moment("1970-01-01T00:00:01Z"))
    1000000
    """
    return None if time is None else (time - _EPOCH) // _MICROSECOND
