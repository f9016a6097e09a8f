"""An analyst's verdict: kept in the database, and sent as a label that the detector learns.

When the label became known is, unless said, the earlier of now and the newest event among the
desk's alerts. So it lies on the stream's own time line, also where a stream of years ago is
published again; and never before the event itself.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, select

from workbench.errors import ParameterError
from workbench.live.clients import consumer, partition_of, partitions, producer, translated
from workbench.live.desk import database
from workbench.live.desk.tables import ALERTS, VERDICTS
from workbench.live.fields import spell
from workbench.live.inserting import insert_new
from workbench.live.topics import Topics
from workbench.streams.schema import EVENT_ID

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Row

    from workbench.live.settings import Settings

#: Seconds within which the brokers must have the label.
PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict.

    Attributes
    ----------
    alert_id
        Of which alert.
    what
        ``new``, ``same`` (it had been given and sent: nothing was done) or ``updated``.
    topic
        Where the label is.
    label
        The label's message.
    """

    alert_id: str
    what: Literal["new", "same", "updated"]
    topic: str
    label: dict[str, Any]


def give(
    settings: Settings,
    engine: Engine,
    alert_id: str,
    verdict: bool,
    *,
    known_at: int | None = None,
    topics: str | None = None,
) -> Given:
    """Keep a verdict and send it as a label.

    The verdict counts as sent when the brokers have acknowledged the label; until then, giving
    it again sends it again.

    Parameters
    ----------
    settings
        Where Kafka is.
    engine
        The desk's database.
    alert_id
        Of which alert.
    verdict
        Whether it was right.
    known_at
        When this became known (µs since 1970, UTC).
    topics
        Prefix of the alert's topics, where the id is there with several.

    Raises
    ------
    ParameterError
        If there is no such alert, or the time is before its event.
    LiveError
        If a server cannot be reached, or refuses.
    """
    with database.translated(engine, "keeping a verdict"), engine.begin() as connection:
        alert = _alert(connection, alert_id, topics)
        known = _known_at(connection, alert, known_at)
        before = _keep(connection, alert, verdict, known)
    topic = Topics(alert.topics).labels
    label = {EVENT_ID: alert.event_id, "label": int(verdict), "known_at": spell(known)}
    if before is not None and before.verdict == verdict and before.sent:
        return Given(alert_id, "same", topic, label | {"known_at": spell(before.known_at)})
    _send(settings, topic, alert.entity.encode(), label)
    with database.translated(engine, "keeping a verdict"), engine.begin() as connection:
        chosen = VERDICTS.update().where(*_same(alert)).where(VERDICTS.c.verdict == verdict)
        connection.execute(chosen.values(sent=True))
    what: Literal["new", "updated"] = "new"
    if before is not None and before.verdict != verdict:
        what = "updated"
    return Given(alert_id, what, topic, label)


def _alert(connection: Connection, alert_id: str, topics: str | None) -> Row[Any]:
    chosen = select(ALERTS).where(ALERTS.c.alert_id == alert_id)
    if topics is not None:
        chosen = chosen.where(ALERTS.c.topics == topics)
    found = connection.execute(chosen.limit(2)).all()
    if len(found) == 1:
        return found[0]
    if found:
        raise ParameterError.of(
            f"the alert {alert_id!r}, which came from several topics,",
            allowed="an alert of one",
            hint="add --topics PREFIX; `workbench desk alerts --json` shows them",
        )
    raise ParameterError.of(
        f"the alert {alert_id!r}",
        allowed="the id of an alert that the desk holds",
        hint="`workbench desk alerts` shows the open ones",
    )


def _known_at(connection: Connection, alert: Row[Any], given: int | None) -> int:
    happened = int(alert.event_time)
    if given is None:
        newest = select(func.max(ALERTS.c.event_time)).where(ALERTS.c.topics == alert.topics)
        now = time.time_ns() // 1_000
        return max(happened, min(now, int(connection.execute(newest).scalar_one())))
    if given < happened:
        raise ParameterError.of(
            f"--known-at {spell(given)}",
            allowed=f"a time from that of the event on, {spell(happened)}",
            hint="nobody can know of it before it happens",
        )
    return given


def _same(alert: Row[Any]) -> tuple[Any, ...]:
    return VERDICTS.c.topics == alert.topics, VERDICTS.c.alert_id == alert.alert_id


def _keep(connection: Connection, alert: Row[Any], verdict: bool, known_at: int) -> Row[Any] | None:
    """Keep a verdict that is not yet sent; return the one before, if there was one."""
    key = {"topics": alert.topics, "alert_id": alert.alert_id}
    content = {"verdict": verdict, "known_at": known_at, "sent": False}
    if insert_new(connection, VERDICTS, [key | content]):
        return None
    # Whoever gives another one at the same time waits here.
    before = connection.execute(select(VERDICTS).where(*_same(alert)).with_for_update()).one()
    if before.verdict != verdict or not before.sent:
        connection.execute(VERDICTS.update().where(*_same(alert)).values(**content))
    return before


def _send(settings: Settings, topic: str, key: bytes, label: dict[str, Any]) -> None:
    """Send a label, and return when the brokers have it."""
    import orjson

    with closing(consumer(settings)) as reader:
        count = len(partitions(reader, settings, topic))
    client = producer(settings, delivery_timeout_ms=int(PATIENCE * 1_000))
    try:
        with translated(settings, f"writing to the topic {topic}"):
            client.send(
                topic, key=key, value=orjson.dumps(label), partition=partition_of(key, count)
            ).get(PATIENCE)
    finally:
        client.close(timeout=1)
