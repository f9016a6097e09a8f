"""What the desk holds, and how it gets what it misses."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import orjson

from workbench.live import alerts
from workbench.live.clients import LiveError
from workbench.live.consumer import Message
from workbench.live.desk.database import address, open_database, translated
from workbench.live.desk.keeping import Keeper
from workbench.live.index.documents import Document, canonical
from workbench.live.reconcile.entries import Entry, digest
from workbench.live.relay_alerts import TOPICS, properties
from workbench.live.routes import EXCHANGE, Routes, settle
from workbench.live.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.live.reconcile.entries import Window
    from workbench.live.settings import Settings
    from workbench.live.topics import Topics

#: Seconds without a confirm after which RabbitMQ is given up, and without a new row the desk.
_PATIENCE = 15.0
#: Ids of one question.
_PAGE = 500


def is_there(settings: Settings) -> bool:
    """Tell whether there is a desk: an address in the settings, or the file that it makes."""
    from pathlib import Path

    return bool(settings.database) or Path(str(address(settings).database)).exists()


def alerted(record: ConsumerRecord) -> Entry:
    """Return the entry of an alert on the topic, as the relay takes it.

    Raises
    ------
    BadMessage
        If it is none.
    """
    found = alerts.read(record.value)
    document = Document("alerts", found.alert_id, found.time, canonical(found.document), record)
    place = record.topic, record.partition, record.offset
    content = digest(found.alert_id, document.source)
    return Entry(found.alert_id, found.time, content, place, document)


class Desk:
    """The desk's database as a side of a comparison.

    Parameters
    ----------
    settings
        Where it is, and RabbitMQ, through which it gets alerts.
    case
        Name of the case.
    topics
        Which alerts.
    """

    def __init__(self, settings: Settings, case: str, topics: Topics) -> None:
        self._settings, self._case, self._topics = settings, case, topics
        self._engine = open_database(settings)

    def entries(self, window: Window) -> Iterator[Entry]:
        """Yield the alerts of a window."""
        from workbench.live.desk.tables import held

        with translated(self._engine, "reading alerts"):
            for row in held(self._engine, self._topics.prefix, *window):
                content = canonical(orjson.loads(row.document))
                yield Entry(row.alert_id, row.event_time, digest(row.alert_id, content))

    def mend(self, missing: Sequence[Entry], different: Sequence[Entry]) -> None:
        """Send what is missing to RabbitMQ again, and correct what is different.

        The desk keeps the first alert of each id, so one that is different would not be replaced
        by sending it again.
        """
        if different:
            self._correct(different)
        if missing:
            self._send(missing)
            self._wait([entry.id for entry in missing])

    def close(self) -> None:
        """Leave the database."""
        self._engine.dispose()

    def _correct(self, entries: Sequence[Entry]) -> None:
        from workbench.live.desk.tables import ALERTS

        keeper = Keeper(self._engine, self._case)
        headers = {TOPICS: self._topics.prefix}
        with translated(self._engine, "correcting alerts"), self._engine.begin() as connection:
            for value in _values(entries):
                row = keeper.row(Message("", "", value, headers, 0))
                here = ALERTS.c.topics == row["topics"], ALERTS.c.alert_id == row["alert_id"]
                connection.execute(ALERTS.update().where(*here).values(row))

    def _send(self, entries: Sequence[Entry]) -> None:
        routes = Routes(self._case)
        settle(self._settings, routes)
        with closing(Sender[None](self._settings, EXCHANGE)) as sender:
            sender.open()
            for value in _values(entries):
                _confirm(sender, until_room=True)
                found = alerts.read(value)
                about = properties(self._topics.prefix, found.alert_id)
                sender.send(routes.key(found.severity), value, about, None)
            _confirm(sender, until_room=False)

    def _wait(self, ids: Sequence[str]) -> None:
        """Wait until the desk has taken what was sent, or takes no more."""
        from sqlalchemy import func, select

        from workbench.live.desk.tables import ALERTS

        portions = [ids[first : first + _PAGE] for first in range(0, len(ids), _PAGE)]
        there, since = -1, time.monotonic()
        while there < len(ids) and time.monotonic() - since < _PATIENCE:
            count = select(func.count()).where(ALERTS.c.topics == self._topics.prefix)
            with translated(self._engine, "counting alerts"), self._engine.connect() as connection:
                now = sum(
                    connection.execute(count.where(ALERTS.c.alert_id.in_(some))).scalar_one()
                    for some in portions
                )
            if now > there:
                there, since = now, time.monotonic()
            time.sleep(0.1)


def _values(entries: Sequence[Entry]) -> Iterator[bytes]:
    for entry in entries:
        if entry.document is not None and entry.document.record.value is not None:
            yield entry.document.record.value


def _confirm(sender: Sender[None], *, until_room: bool) -> None:
    """Wait until there is room for another message, or until all are confirmed."""
    since = time.monotonic()
    while (not sender.room) if until_room else sender.waiting:
        sender.turn(0.1)
        if sender.confirmed():
            since = time.monotonic()
        if time.monotonic() - since > _PATIENCE:
            raise LiveError(
                f"RabbitMQ did not confirm {sender.waiting:,} alerts in {_PATIENCE:.0f} s. Look at "
                "its log; what it has taken is there once."
            )
