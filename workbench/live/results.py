"""Scores and alerts as messages have them, and as frames do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson
import polars as pl

from workbench.live.fields import BadMessage, decode, read_time, text
from workbench.streams.schema import EVENT_ID, EVENT_TIME, TIME

if TYPE_CHECKING:
    from workbench.replay.answers import Answer

Kind = Literal["score", "alert"]

REASON = pl.Struct({"feature": pl.String(), "value": pl.Float64(), "contribution": pl.Float64()})


def answered(answer: Answer) -> pl.Schema:
    """Return the fields of the messages that answer: a score, or items.

    Examples
    --------
    >>> from workbench.replay.answers import SCORE
    >>> answered(SCORE).names()
    ['event_id', 'event_time', 'score', 'artifact', 'late']
    """
    return pl.Schema(
        {
            EVENT_ID: pl.String(),
            EVENT_TIME: TIME,
            answer.name: answer.dtype,
            "artifact": pl.String(),
            "late": pl.Boolean(),
        }
    )


def alerted(answer: Answer) -> pl.Schema:
    """Return the fields of alerts."""
    return pl.Schema(
        {
            "alert_id": pl.String(),
            "severity": pl.String(),
            "entity": pl.String(),
            "threshold": pl.Float64(),
            **answered(answer),
            "score": pl.Float64(),
            "reasons": pl.List(REASON),
        }
    )


@dataclass(frozen=True, slots=True)
class Arrived:
    """A score or an alert, as it came.

    Attributes
    ----------
    kind
        ``score`` or ``alert``.
    partition, offset
        Its place on the topic.
    value
        The fields of the message; ``event_time`` in microseconds since 1970, UTC.
    """

    kind: Kind
    partition: int
    offset: int
    value: dict[str, Any]


def fields(message: bytes | None, schema: pl.Schema) -> dict[str, Any]:
    """Return the fields of a message that belong to a schema.

    Raises
    ------
    BadMessage
        If it is no score or alert.
    """
    document = decode(message)
    text(document.get(EVENT_ID), EVENT_ID)
    fields = {name: document.get(name) for name in schema}
    fields[EVENT_TIME] = read_time(fields[EVENT_TIME], EVENT_TIME)
    return {name: _typed(fields[name], name, kind) for name, kind in schema.items()}


def _typed(value: Any, name: str, kind: Any) -> Any:
    """Return a field's value with the type that frames have, ``None`` if it is missing."""
    if value is None or kind == TIME:
        return value
    if kind == pl.String:
        return value if type(value) is str else orjson.dumps(value).decode()  # a number's digits
    if kind == pl.Float64 and type(value) in (float, int):
        return float(value)
    if kind == pl.Boolean and type(value) is bool:
        return value
    if kind == pl.List(pl.String) and type(value) is list:
        return [_typed(v, name, pl.String) for v in value]
    if isinstance(kind, pl.List) and type(value) is list and all(type(v) is dict for v in value):
        return [
            {f.name: _typed(v.get(f.name), f.name, f.dtype) for f in REASON.fields} for v in value
        ]
    raise BadMessage(f"{name}: of another type")
