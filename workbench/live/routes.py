"""Exchanges and queues of alerts, and how they are made.

::

    exchange workbench.alerts (topic), key CASE.SEVERITY
        queue workbench.alerts.CASE.SEVERITY     for each severity
            rejected: exchange workbench.alerts.retry
                queue workbench.alerts.CASE.retry    waits, and goes back by its key
        queue workbench.alerts.CASE.parked       given up, with the reason in a header

Everything is durable. How often a message comes back is counted by RabbitMQ in its header
``x-death``; after :data:`TRIES` the consumer parks it. A queue of somebody else's that is bound to
the same key gets such a message again as well: whoever reads alerts tells them by message id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.live.clients import LiveError
from workbench.live.rabbit import addresses, connect, leave, translated
from workbench.replay.alerting import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pika import BlockingConnection

    from workbench.live.settings import Settings

EXCHANGE = "workbench.alerts"
RETRY = f"{EXCHANGE}.retry"
#: How often a message is tried, and how long it waits in between (ms).
TRIES, WAIT = 5, 1_000
#: Nodes from which on queues are kept by several of them.
CLUSTER = 3


@dataclass(frozen=True, slots=True)
class Routes:
    """Names of what a case's alerts go through.

    Examples
    --------
    >>> routes = Routes("fraud")
    >>> routes.key("high"), routes.queue("high")
    ('fraud.high', 'workbench.alerts.fraud.high')
    """

    case: str

    def key(self, severity: str) -> str:
        """Return the routing key of alerts of a severity."""
        return f"{self.case}.{severity}"

    def queue(self, severity: str) -> str:
        """Return the queue of a severity."""
        return f"{EXCHANGE}.{self.case}.{severity}"

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues that consumers read, the most urgent first."""
        return tuple(self.queue(severity) for severity in reversed(SEVERITIES))

    @property
    def retry(self) -> str:
        """The queue in which rejected messages wait for their next try."""
        return f"{EXCHANGE}.{self.case}.retry"

    @property
    def parked(self) -> str:
        """The queue of messages that were given up."""
        return f"{EXCHANGE}.{self.case}.parked"


def settle(settings: Settings, routes: Routes) -> None:
    """Make exchanges, queues and bindings that are not there.

    A queue that is there stays as it is, of whatever type. A new one is a quorum queue where
    RabbitMQ is a cluster of three nodes or more, as its HTTP API says
    (``WORKBENCH_RABBITMQ_API``); on a single node it is a classic queue, which outlives a crash
    better there.

    Raises
    ------
    LiveError
        If RabbitMQ refuses.
    """
    connection = connect(settings)
    try:
        with translated(settings, f"making the queues of {routes.case}"):
            _make(connection, settings, routes)
    finally:
        leave(connection)


def _make(connection: BlockingConnection, settings: Settings, routes: Routes) -> None:
    channel = connection.channel()
    for exchange in (EXCHANGE, RETRY):
        channel.exchange_declare(exchange, "topic", durable=True)
    kind = ""
    for queue, arguments in _queues(routes).items():
        if not _there(connection, queue):
            kind = kind or ("quorum" if nodes(settings) >= CLUSTER else "classic")
            arguments |= {"x-queue-type": kind} | (_kept(arguments) if kind == "quorum" else {})
            channel.queue_declare(queue, durable=True, arguments=arguments)
    for severity in SEVERITIES:
        channel.queue_bind(routes.queue(severity), EXCHANGE, routes.key(severity))
    channel.queue_bind(routes.retry, RETRY, f"{routes.case}.#")


def _kept(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a quorum queue takes beside its arguments."""
    kept: dict[str, Any] = {"x-delivery-limit": 4 * TRIES}
    if "x-dead-letter-exchange" in arguments:
        # A message that goes back is let go when the next queue has it, and not before.
        kept |= {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
    return kept


def _queues(routes: Routes) -> dict[str, dict[str, Any]]:
    again: dict[str, Any] = {"x-dead-letter-exchange": RETRY}
    return {
        **{routes.queue(severity): dict(again) for severity in SEVERITIES},
        routes.retry: {"x-dead-letter-exchange": EXCHANGE, "x-message-ttl": WAIT},
        routes.parked: {},
    }


def _there(connection: BlockingConnection, queue: str) -> bool:
    from pika.exceptions import ChannelClosedByBroker

    channel = connection.channel()
    try:
        channel.queue_declare(queue, passive=True)
    except ChannelClosedByBroker as error:
        if error.reply_code != 404 or "down" in error.reply_text:
            raise
        return False
    channel.close()
    return True


def nodes(settings: Settings) -> int:
    """Return how many nodes the cluster has; 1 where the HTTP API's address is not set.

    Raises
    ------
    LiveError
        If it does not answer at any node.
    """
    if not settings.rabbitmq_api:
        return 1
    import httpx

    user = getattr(addresses(settings)[0].credentials, "username", "")
    word = settings.rabbitmq_password.get_secret_value()
    faults = []
    with httpx.Client(auth=(user, word), verify=settings.tls("rabbitmq"), timeout=10.0) as client:
        for address in settings.rabbitmq_api.split(","):
            try:
                answer = client.get(f"{address.rstrip('/')}/api/nodes").raise_for_status()
                return len(answer.json())
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                said = str(error).partition("\n")[0]
                faults.append(f"{address} ({said})")
    raise LiveError.of(
        f"WORKBENCH_RABBITMQ_API={', '.join(faults)}",
        allowed="the address of RabbitMQ's HTTP API, for a user with the tag monitoring",
        hint="correct it; without it, new queues are classic ones",
    )


def tries(headers: Mapping[str, Any] | None) -> int:
    """Return how often a message was tried before, by its header.

    Examples
    --------
    >>> tries({"x-death": [{"reason": "rejected", "count": 2}, {"reason": "expired", "count": 2}]})
    2
    >>> tries(None)
    0
    """
    deaths = (headers or {}).get("x-death") or ()
    return sum(int(d["count"]) for d in deaths if d["reason"] in ("rejected", "delivery_limit"))
