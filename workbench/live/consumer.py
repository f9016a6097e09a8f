"""What takes messages from RabbitMQ, does its work, and acknowledges them after it.

A message may come again: after a crash, or when the same was sent twice. The work must therefore
do nothing for a message id that it has seen; :func:`workbench.live.inbox.once` makes any work on
a database so.

What happens to a message:

- The work is done: acknowledged, many at once.
- The work refuses it (:class:`Refused`): parked at once, with the reason in a header.
- The work fails: it comes again a little later, and is parked after :data:`~routes.TRIES` tries.
- What the work needs is away (:class:`~workbench.live.clients.Away`): nothing is acknowledged, and
  everything is tried again after a pause. Any other :class:`~workbench.live.clients.LiveError`
  waits for a person: it ends the consumer, and nothing is acknowledged either.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.live.clients import Away, LiveError
from workbench.live.rabbit import Pauses, connect, leave, translated
from workbench.live.routes import TRIES, WAIT, Routes, settle, tries
from workbench.live.stopping import Quiet, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pika.adapters.blocking_connection import BlockingChannel

    from workbench.live.settings import Settings
    from workbench.live.telemetry import Telemetry

    Work = Callable[[Sequence["Message"]], None]

LOG = logging.getLogger(__name__)
#: The most messages of one call of the work, and of one queue that wait for it.
BATCH = 500
#: Header of a parked message: why it was given up.
REASON = "reason"
_LONGEST = 1_000
#: Seconds after which a message that was sent back has come again: its wait, and its ways, on
#: which no queue counts it.
_BACK = WAIT / 1_000 + 3.0


class Refused(Exception):
    """A message that can never be worked on; the text is the reason."""


class Message(NamedTuple):
    """A message as it came.

    Attributes
    ----------
    id
        The sender's; the same whenever the same is sent again.
    key
        Its routing key.
    body
        Its content.
    headers
        Its headers.
    tag
        Of this delivery.
    """

    id: str
    key: str
    body: bytes
    headers: dict[str, Any]
    tag: int


@dataclass(slots=True)
class Consumed:
    """What became of the messages.

    Attributes
    ----------
    done
        Worked on.
    again
        Sent back for another try.
    parked
        Given up.
    """

    done: int = 0
    again: int = 0
    parked: int = 0


def consume(
    settings: Settings,
    routes: Routes,
    work: Work,
    *,
    until_idle: float | None = None,
    stop: Stop | None = None,
    telemetry: Telemetry | None = None,
) -> Consumed:
    """Take the alerts of a case and do the work on them until stopped.

    Parameters
    ----------
    settings
        Where RabbitMQ is.
    routes
        Of which case.
    work
        Called with messages in the order in which they came; does all of them, or raises and
        does none. Where it raises for several, it is called again with fewer.
    until_idle
        Seconds without a message after which to end; never if not given.
    stop
        Ends it after the messages that have come.
    telemetry
        Told what happens.

    Raises
    ------
    LiveError
        If RabbitMQ cannot be reached at the start, or refuses; or the work's own.

    Examples
    --------
    ::

        def print_them(messages):
            for message in messages:
                print(message.id, message.body)

        consume(Settings.load(), Routes("fraud"), print_them)
    """
    stop = stop or Stop()
    total, pauses = Consumed(), Pauses("RabbitMQ, or what the work needs,")
    settle(settings, routes)
    while not stop.asked:
        before = total.done
        try:
            with translated(settings, f"the queues of {routes.case}"):
                _Session(settings, routes, work, total, telemetry).run(stop, until_idle)
            break
        except Away as error:
            LOG.warning("%s", error)
            if telemetry is not None:
                telemetry.count("retries", sink="rabbitmq")
            if total.done > before:
                pauses.end()
            pauses.wait(stop)
    return total


class _Session:
    """The work as long as one connection lasts."""

    def __init__(
        self,
        settings: Settings,
        routes: Routes,
        work: Work,
        total: Consumed,
        telemetry: Telemetry | None,
    ) -> None:
        self._settings, self._routes, self._work = settings, routes, work
        self._total, self._telemetry = total, telemetry
        self._waiting: list[Message] = []
        self._sent_back = time.monotonic() if total.again else -math.inf

    def run(self, stop: Stop, until_idle: float | None) -> None:
        connection = connect(self._settings)
        try:
            channel, parking = connection.channel(), connection.channel()
            parking.confirm_delivery()
            channel.basic_qos(prefetch_count=BATCH)
            for queue in self._routes.queues:
                channel.basic_consume(queue, self._came)
            quiet = Quiet(until_idle)
            while not stop.asked:
                connection.process_data_events(time_limit=0.1)
                self._tell()
                came = len(self._waiting)
                if came:
                    self._finish(channel, parking)
                if quiet.after(came) and self._empty(parking):
                    break
        finally:
            leave(connection)

    def _came(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        del channel
        headers = properties.headers or {}
        identity = properties.message_id or ""
        self._waiting.append(
            Message(identity, method.routing_key, body, headers, method.delivery_tag)
        )

    def _finish(self, channel: BlockingChannel, parking: BlockingChannel) -> None:
        """Work on what came, acknowledge what is done, and send back or park the rest."""
        begun = time.monotonic()
        messages, self._waiting = self._waiting, []
        failed: dict[int, tuple[Message, Exception]] = {}
        for start in range(0, len(messages), BATCH):
            self._try(messages[start : start + BATCH], failed)
        for tag, (message, error) in failed.items():
            if isinstance(error, Refused):
                self._park(parking, message, str(error))
                channel.basic_ack(tag)
            elif tries(message.headers) + 1 >= TRIES:
                self._park(parking, message, f"after {TRIES - 1} retries: {_told(error)}")
                channel.basic_ack(tag)
            else:
                channel.basic_reject(tag, requeue=False)
                self._total.again += 1
                self._sent_back = time.monotonic()
        done = [message.tag for message in messages if message.tag not in failed]
        if done:
            # All others up to this one have been answered just now.
            channel.basic_ack(done[-1], multiple=True)
            self._total.done += len(done)
        if self._telemetry is not None:
            self._telemetry.observe("batch_seconds", time.monotonic() - begun)

    def _try(
        self, messages: Sequence[Message], failed: dict[int, tuple[Message, Exception]]
    ) -> None:
        """Do the work; where it fails for several, for each half of them."""
        try:
            self._work(messages)
        except LiveError:
            raise  # no message is to blame
        except Exception as error:
            if len(messages) == 1:
                LOG.warning("a message failed: %s", type(error).__name__)
                failed[messages[0].tag] = messages[0], error
                return
            half = len(messages) // 2
            self._try(messages[:half], failed)
            self._try(messages[half:], failed)

    def _park(self, parking: BlockingChannel, message: Message, reason: str) -> None:
        """Keep a message aside, and return when RabbitMQ has it."""
        from pika import BasicProperties

        kept = {name: value for name, value in message.headers.items() if name != "x-death"}
        properties = BasicProperties(
            content_type="application/json",
            delivery_mode=2,
            headers=kept | {REASON: reason[:_LONGEST], "key": message.key},
            message_id=message.id,
        )
        parking.basic_publish("", self._routes.parked, message.body, properties, mandatory=True)
        self._total.parked += 1
        if self._telemetry is not None:
            self._telemetry.count("quarantined", reason=reason)

    def _empty(self, channel: BlockingChannel) -> bool:
        """Tell whether nothing waits, not even for its next try."""
        if time.monotonic() - self._sent_back < _BACK:
            return False
        queues = (*self._routes.queues, self._routes.retry)
        return not any(channel.queue_declare(q, passive=True).method.message_count for q in queues)

    def _tell(self) -> None:
        if self._telemetry is not None:
            self._telemetry.health.beat()
            self._telemetry.health.ready = True


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".split("\n")[0]
