"""What the desk keeps. Times are microseconds since 1970, UTC: the same in every database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Table,
    Text,
    select,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine, Row

METADATA = MetaData()

#: Each alert once. ``document`` is the alert's message as it came.
ALERTS = Table(
    "alerts",
    METADATA,
    Column("topics", String(200), primary_key=True),
    Column("alert_id", String(200), primary_key=True),
    Column("case_name", String(200), nullable=False),
    Column("severity", String(40), nullable=False),
    Column("entity", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("event_time", BigInteger, nullable=False),
    Column("score", Double, nullable=False),
    Column("document", Text, nullable=False),
    Index("alerts_by_time", "topics", "event_time"),
)

#: What an analyst said of an alert; ``sent`` when the brokers have it as a label.
VERDICTS = Table(
    "verdicts",
    METADATA,
    Column("topics", String(200), primary_key=True),
    Column("alert_id", String(200), primary_key=True),
    Column("verdict", Boolean, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("sent", Boolean, nullable=False),
    ForeignKeyConstraint(["topics", "alert_id"], ["alerts.topics", "alerts.alert_id"]),
)

_PAGE = 2_000


class Held(NamedTuple):
    """An alert that the desk holds.

    Attributes
    ----------
    alert_id
        Its id.
    event_time
        Of its event (µs since 1970, UTC).
    document
        Its message, as it came.
    """

    alert_id: str
    event_time: int
    document: str


def held(engine: Engine, topics: str, start: int, until: int) -> Iterator[Held]:
    """Yield the alerts of a prefix with event times (µs) from ``start`` until before ``until``.

    They come in the order of time and id; few are in memory at once.
    """
    chosen = (
        select(ALERTS.c.alert_id, ALERTS.c.event_time, ALERTS.c.document)
        .where(ALERTS.c.topics == topics)
        .where(ALERTS.c.event_time.between(start, until - 1))
        .order_by(ALERTS.c.event_time, ALERTS.c.alert_id)
    )
    with engine.connect() as connection:
        found = connection.execution_options(yield_per=_PAGE).execute(chosen)
        yield from map(Held._make, found)


def open_alerts(engine: Engine, limit: int) -> list[Row[Any]]:
    """Return alerts without a verdict, those of the latest events first."""
    chosen = (
        select(ALERTS)
        .outerjoin(
            VERDICTS,
            (VERDICTS.c.topics == ALERTS.c.topics) & (VERDICTS.c.alert_id == ALERTS.c.alert_id),
        )
        .where(VERDICTS.c.alert_id.is_(None))
        .order_by(ALERTS.c.event_time.desc(), ALERTS.c.alert_id)
        .limit(limit)
    )
    with engine.connect() as connection:
        return list(connection.execute(chosen))
