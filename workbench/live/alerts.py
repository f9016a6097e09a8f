"""An alert: a score that a person should look at, and what they need to know of it.

::

    event_id, event_time, score, artifact, late: those of the score
    alert_id    the same whenever the same artifact scores the same event
    entity      the routing entity, for instance the card
    threshold   what scores had to reach
    severity    low, medium or high
    reasons     what drove the score most, first: feature, value and contribution

Values and contributions are ``null`` where there are none. What stems from the data (ids,
entities) is plain text: who shows it must show it as such.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.live.fields import BadMessage, decode, read_time, text
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


#: What a severity may be: a word of a routing key.
_WORD = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Alert(NamedTuple):
    """An alert as it was read: what is needed of it, and all of it.

    Attributes
    ----------
    alert_id, event_id, entity, severity
        As in the message.
    time
        The event's time (µs since 1970, UTC).
    score
        As in the message.
    document
        The whole message.
    """

    alert_id: str
    event_id: str
    entity: str
    severity: str
    time: int
    score: float
    document: dict[str, Any]


def alert_id(digest: str, event_id: str) -> str:
    """Return the id of the alert that an artifact raises for an event.

    Examples
    --------
    >>> alert_id("0123456789abcdef", "7")
    '39a4e4a9fd6da083926fb8adba10231f'
    """
    return hashlib.sha256((digest + event_id).encode()).hexdigest()[:32]


def alert(
    score: Mapping[str, Any],
    entity: str,
    threshold: float,
    severity: str,
    reasons: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the alert that a score becomes.

    Parameters
    ----------
    score
        The score's message: ``event_id``, ``event_time``, ``score``, ``artifact`` and ``late``.
    entity
        Value of the routing entity.
    threshold
        The policy's.
    severity
        As the policy says.
    reasons
        See :func:`workbench.replay.reasons.reasons`.
    """
    return {
        **score,
        "alert_id": alert_id(score["artifact"], score[EVENT_ID]),
        "entity": entity,
        "threshold": threshold,
        "severity": severity,
        "reasons": list(reasons),
    }


def read(value: bytes | None) -> Alert:
    """Read an alert from a message.

    Raises
    ------
    BadMessage
        If it cannot be used.

    Examples
    --------
    >>> read(b'{"alert_id": "a"}')
    Traceback (most recent call last):
    ...
    workbench.live.fields.BadMessage: event_id: missing
    """
    document = decode(value)
    names = ("alert_id", EVENT_ID, "entity", "severity")
    identity, event_id, entity, severity = (text(document.get(n), n) for n in names)
    if not _WORD.fullmatch(severity):
        raise BadMessage("severity: out of range")
    score = document.get("score")
    if not isinstance(score, int | float) or isinstance(score, bool):
        raise BadMessage("score: not a number")
    time = read_time(document.get(EVENT_TIME), EVENT_TIME)
    return Alert(identity, event_id, entity, severity, time, float(score), document)
