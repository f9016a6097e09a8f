"""Alerts from the queues into the database, each once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.live import alerts
from workbench.live.consumer import Refused, consume
from workbench.live.desk.database import opened, translated
from workbench.live.desk.tables import ALERTS
from workbench.live.fields import BadMessage
from workbench.live.inserting import insert_new
from workbench.live.relay_alerts import TOPICS
from workbench.live.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from workbench.live.consumer import Message
    from workbench.live.settings import Settings
    from workbench.live.stopping import Stop
    from workbench.live.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the messages.

    Attributes
    ----------
    alerts
        New in the database.
    there
        There already.
    parked
        Messages that were given up.
    """

    alerts: int
    there: int
    parked: int


def keep(
    settings: Settings,
    case: str,
    *,
    database: str | None = None,
    until_idle: float | None = None,
    stop: Stop | None = None,
    telemetry: Telemetry | None = None,
) -> Kept:
    """Keep a case's alerts until stopped.

    Parameters
    ----------
    settings
        Where RabbitMQ and the database are.
    case
        Name of the case.
    database
        URL of the database, if not that of the settings.
    until_idle
        Seconds without an alert after which to end; never if not given.
    stop
        Ends the work after the alerts that have come.
    telemetry
        Told what happens.

    Raises
    ------
    LiveError
        If a server cannot be reached at the start, or refuses.
    """
    with opened(settings, database) as engine:
        keeper = Keeper(engine, case, telemetry)
        done = consume(
            settings,
            Routes(case),
            keeper,
            until_idle=until_idle,
            stop=stop,
            telemetry=telemetry,
        )
    return Kept(keeper.new, keeper.there, done.parked)


class Keeper:
    """The desk's work: idempotent, because an alert's id is its key.

    Parameters
    ----------
    engine
        The database.
    case
        Name of the case.
    telemetry
        Told what is new.

    Attributes
    ----------
    new, there
        How many alerts were new, and how many had been kept before.
    """

    def __init__(self, engine: Engine, case: str, telemetry: Telemetry | None = None) -> None:
        self._engine, self._case, self._telemetry = engine, case, telemetry
        self.new = self.there = 0

    def __call__(self, messages: Sequence[Message]) -> None:
        """Keep all of the alerts, or none.

        Raises
        ------
        Refused
            If one is no alert, or the database cannot hold it.
        """
        from sqlalchemy.exc import DataError, IntegrityError

        rows = [self.row(message) for message in messages]
        with translated(self._engine, "keeping alerts"):
            try:
                with self._engine.begin() as connection:
                    new = len(insert_new(connection, ALERTS, rows))
            except (DataError, IntegrityError) as error:
                raise Refused(f"not text that the database can hold ({error.orig})") from error
        self.new += new
        self.there += len(rows) - new
        if self._telemetry is not None:
            self._telemetry.count("desk_alerts", new)
            self._telemetry.count("duplicates", len(rows) - new)

    def row(self, message: Message) -> dict[str, Any]:
        """Return an alert as the database has it.

        Raises
        ------
        Refused
            If it is none.
        """
        try:
            alert = alerts.read(message.body)
        except BadMessage as error:
            raise Refused(str(error)) from error
        return {
            "topics": str(message.headers.get(TOPICS) or self._case),
            "alert_id": alert.alert_id,
            "case_name": self._case,
            "severity": alert.severity,
            "entity": alert.entity,
            "event_id": alert.event_id,
            "event_time": alert.time,
            "score": alert.score,
            "document": message.body.decode(),
        }
