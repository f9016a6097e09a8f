"""JSON objects and their fields, as messages have them: read strictly, written exactly.

Times are RFC 3339 with microseconds and ``Z``. What is not so is bad, and says why in the words
of the importer.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import orjson

from workbench.durations import DAY
from workbench.live.clients import LARGEST
from workbench.streams.schema import EVENT_ID
from workbench.streams.values import EARLIEST, LATEST, NO_TIME, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: The longest event id (characters): it is committed beside offsets, where room is scarce.
LONGEST_ID = 256
#: Where a name may be followed by something else than ``":``; compact JSON has none.
_SPACED = re.compile(rb'"[\n\t\r]')
_FORM = np.frombuffer(b"0000-00-00T00:00:00.000000Z", np.uint8)
_DIGIT = np.isin(_FORM, [ord("0")])
#: How far an event may lie after the moment at which its message was written (µs).
AHEAD = DAY


class BadMessage(Exception):
    """A message that cannot be used; its text is the reason, as quarantine has it."""


def spell(time: int) -> str:
    """Write a time (µs since 1970, UTC).

    Examples
    --------
    >>> spell(1_522_540_800_000_000)
    '2018-04-01T00:00:00.000000Z'
    """
    moment = (_EPOCH + time * _MICROSECOND).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "Z"


def read_time(text: Any, name: str, written: int = LATEST) -> int:
    """Read a time as microseconds since 1970, UTC.

    Parameters
    ----------
    text
        RFC 3339, with a zone.
    name
        The field's name.
    written
        When the message was written (µs); no time of ours lies more than a day after it.

    Raises
    ------
    BadMessage
        If it is missing, no such time, or an impossible one.

    Examples
    --------
    >>> read_time("2018-04-01T00:00:00.000001Z", "event_time")
    1522540800000001
    """
    if text is None:
        raise BadMessage(f"{name}: missing")
    try:
        # fromisoformat also takes forms of ISO 8601 that RFC 3339 has not.
        moment = datetime.fromisoformat(text) if len(text) >= 20 and text[10] in "Tt " else None
        # A time without a zone cannot be subtracted: a TypeError.
        time = (moment - _EPOCH) // _MICROSECOND  # type: ignore[operator]  # None: the same
    except (TypeError, ValueError, OverflowError):
        raise BadMessage(f"{name}: {NO_TIME}") from None
    if not EARLIEST <= time < LATEST:
        raise BadMessage(f"{name}: {OUTSIDE}")
    if time > written + AHEAD:
        raise BadMessage(f"{name}: more than a day after the message was written")
    return time


def read_times(texts: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """Read times that are spelled as :func:`spell` does; ``None`` where one of them is not.

    Times outside of what is possible are read as well.

    Examples
    --------
    >>> read_times(["1970-01-01T00:00:00.000001Z", "1970-01-02T00:00:00.000000Z"]).tolist()
    [1, 86400000000]
    >>> read_times(["1970-01-01T01:00:00+01:00"]) is None
    True
    """
    joined = "".join(texts)
    if set(map(len, texts)) - {len(_FORM)} or not joined.isascii():
        return None
    signs = np.frombuffer(joined.encode(), np.uint8).reshape(-1, len(_FORM))
    # What is no digit wraps around to a large number.
    digits = signs - _FORM
    if (digits[:, _DIGIT] > 9).any() or digits[:, ~_DIGIT].any():
        return None
    moments = np.ascontiguousarray(signs[:, :-1]).view(f"S{len(_FORM) - 1}")[:, 0]
    try:
        return moments.astype("M8[us]").astype(np.int64)
    except ValueError:  # a 30th of February
        return None


def decode(value: bytes | None) -> dict[str, Any]:
    """Return the JSON object of a message.

    Raises
    ------
    BadMessage
        If it is empty (a tombstone), too large, no JSON object, or has a name twice.
    """
    if value is None:
        raise BadMessage("no value (a tombstone)")
    if len(value) > LARGEST:
        raise BadMessage(f"larger than {LARGEST:,} bytes")
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise BadMessage("not JSON in UTF-8") from None
    if type(document) is not dict:
        raise BadMessage("not a JSON object")
    # orjson keeps the last of equal names. Where there seem to be more names than entries, the
    # slow reader decides.
    if value.count(b'":') > len(document) or b'" ' in value or _SPACED.search(value):
        json.loads(value, object_pairs_hook=_unrepeated)
    return document


def flat(value: bytes | None) -> dict[str, Any]:
    """Return the JSON object of a message that holds no others.

    Raises
    ------
    BadMessage
        If it is none, or a field holds an object or a list.
    """
    document = decode(value)
    if value is not None and (value.find(b"{", 1) >= 0 or b"[" in value):  # or a text has one
        for name, content in document.items():
            if type(content) in (dict, list):
                raise BadMessage(f"{name[:64]}: not a single value")
    return document


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadMessage("a name that comes twice")
    return found


def text(value: Any, name: str) -> str:
    """Return a text that is not empty.

    Raises
    ------
    BadMessage
        If it is missing or no text.
    """
    if value is None or value == "":
        raise BadMessage(f"{name}: missing")
    if type(value) is not str:
        raise BadMessage(f"{name}: not text")
    return value


def read_id(value: Any) -> str:
    """Return an event id: a text that is not too long.

    Raises
    ------
    BadMessage
        If it is missing, no text, or too long.
    """
    event_id = text(value, EVENT_ID)
    if len(event_id) > LONGEST_ID:
        raise BadMessage(f"{EVENT_ID}: larger than {LONGEST_ID} characters")
    return event_id
