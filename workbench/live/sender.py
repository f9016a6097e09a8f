"""Messages to RabbitMQ with many confirms on their way at once.

Waiting for each confirm would send a few hundred a second; with a window of unconfirmed messages
it is some ten thousand. What the caller learns is in the order in which it sent.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from workbench.live.clients import Away, LiveError
from workbench.live.rabbit import PATIENCE, explained, first

if TYPE_CHECKING:
    from pika import ConnectionParameters, SelectConnection
    from pika.channel import Channel

    from workbench.live.settings import Settings

T = TypeVar("T")
#: The most messages, and about the most bytes, that are sent and not yet confirmed.
WINDOW, BYTES = 2_000, 32 << 20
#: Seconds that RabbitMQ has to say goodbye; then its socket is left to the system.
FAREWELL = 5.0


@dataclass(slots=True)
class Sent(Generic[T]):
    """A message on its way.

    Attributes
    ----------
    token
        What the caller gave with it.
    key, body, properties
        The message; nothing of it is sent where the key is empty.
    at
        When it was first sent (s, on a clock of its own).
    confirmed
        Whether RabbitMQ has it on all its disks.
    """

    token: T
    key: str
    body: bytes
    properties: Any
    at: float = field(default_factory=time.monotonic)
    confirmed: bool = False


class Sender(Generic[T]):
    """Publishes to one exchange, with confirms; every message must find a queue.

    Parameters
    ----------
    settings
        Where RabbitMQ is.
    exchange
        The exchange.

    Examples
    --------
    ::

        sender.open()
        sender.send("fraud.high", body, properties, token)
        sender.turn(0.1)
        for sent in sender.confirmed(): ...
    """

    def __init__(self, settings: Settings, exchange: str) -> None:
        self._settings = settings
        self._exchange = exchange
        self._node: ConnectionParameters | None = None
        self._connection: SelectConnection | None = None
        self._channel: Channel | None = None
        self._order: deque[Sent[T]] = deque()
        self._tags: dict[int, Sent[T]] = {}
        self._bytes = 0
        self._last, self._lowest = 0, 1
        self._fault: LiveError | None = None

    @property
    def waiting(self) -> int:
        """How many messages are not yet confirmed, or were sent after one that is not."""
        return len(self._order)

    @property
    def room(self) -> int:
        """How many more messages may be sent now."""
        return max(0, WINDOW - len(self._order)) if self._bytes < BYTES else 0

    def open(self) -> None:
        """Connect, and send again what was not confirmed.

        Raises
        ------
        Away
            If RabbitMQ does not answer.
        LiveError
            If a person has to do something.
        """
        self.close()
        first(self._settings, self._connect)
        for sent in self._order:
            self._publish(sent)

    def _connect(self, node: ConnectionParameters) -> None:
        import pika

        self.close()
        self._fault, self._node = None, node
        self._connection = pika.SelectConnection(
            node,
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
            on_open_error_callback=self._lost,
            on_close_callback=self._lost,
        )
        self._connection.ioloop.activate_poller()
        until = time.monotonic() + PATIENCE
        while self._channel is None:
            self.turn(0.1)
            if time.monotonic() > until:
                raise Away("RabbitMQ did not open a connection in time. Look at its log.")

    def send(self, key: str, body: bytes, properties: Any, token: T) -> None:
        """Send a message, or keep it until the connection is there again.

        Without a key nothing is sent, and the token takes its place in the order.
        """
        sent = Sent(token, key, body, properties, confirmed=not key)
        self._order.append(sent)
        self._bytes += len(body)
        self._publish(sent)

    def turn(self, seconds: float) -> None:
        """Let the connection do its work for at most so long, or until something comes.

        Raises
        ------
        Away
            If the connection is lost: :meth:`open` again.
        LiveError
            If a message found no queue, or a person has to do something else.
        """
        if self._connection is not None:
            loop = self._connection.ioloop
            timer = loop.call_later(seconds, lambda: None)
            loop.poll()
            loop.process_timeouts()
            loop.remove_timeout(timer)
        if self._fault is not None:
            raise self._fault

    def confirmed(self) -> list[Sent[T]]:
        """Take the messages that are confirmed and before which all are."""
        taken = []
        while self._order and self._order[0].confirmed:
            taken.append(self._order.popleft())
        self._bytes -= sum(len(sent.body) for sent in taken)
        return taken

    def close(self) -> None:
        """Leave; what is not confirmed stays, to be sent again."""
        connection, self._connection, self._channel = self._connection, None, None
        self._tags.clear()
        self._last, self._lowest = 0, 1
        if connection is not None:
            if not (connection.is_closing or connection.is_closed):
                connection.close()
            until = time.monotonic() + FAREWELL
            while not connection.is_closed and time.monotonic() < until:
                connection.ioloop.call_later(0.1, lambda: None)
                connection.ioloop.poll()
                connection.ioloop.process_timeouts()
            connection.ioloop.close()

    def _publish(self, sent: Sent[T]) -> None:
        if sent.confirmed or self._channel is None or not self._channel.is_open:
            return
        self._channel.basic_publish(
            self._exchange, sent.key, sent.body, sent.properties, mandatory=True
        )
        self._last += 1
        self._tags[self._last] = sent

    def _opened(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._lost)
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._answered, lambda _: self._ready(channel))

    def _ready(self, channel: Channel) -> None:
        self._channel = channel

    def _answered(self, frame: Any) -> None:
        from pika import spec

        if self._fault is not None:
            return  # the confirm of a message that was returned comes as if nothing had been
        tag, multiple = frame.method.delivery_tag, frame.method.multiple
        if isinstance(frame.method, spec.Basic.Nack):
            self._fault = Away("RabbitMQ could not keep a message. Look at its log.")
            return
        for one in range(self._lowest if multiple else tag, tag + 1):
            sent = self._tags.pop(one, None)
            if sent is not None:
                sent.confirmed = True
        if multiple:
            self._lowest = tag + 1

    def _returned(self, channel: Channel, method: Any, properties: Any, body: bytes) -> None:
        del channel, properties, body
        self._fault = Unroutable(
            f"An alert with the routing key {method.routing_key!r} found no queue "
            f"({method.reply_text}): the exchange {self._exchange} has none bound to it. Bind one, "
            "or make those of the case by starting the relay again; it goes on with this alert."
        )

    def _lost(self, where: Any, error: Any) -> None:
        from pika.exceptions import AMQPError

        del where
        if self._connection is None or self._fault is not None:
            return  # left by ourselves, or known already
        if isinstance(error, AMQPError):
            what = f"sending to {self._exchange}"
            self._fault = explained(self._settings, what, error, self._node)
        else:
            self._fault = Away(f"RabbitMQ did not open a connection ({error}). Look at its log.")


class Unroutable(LiveError):
    """A message that no queue takes."""
