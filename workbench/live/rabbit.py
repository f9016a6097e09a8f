"""Connections to RabbitMQ from the settings, and what went wrong with one in plain words."""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from workbench.errors import ParameterError
from workbench.live.clients import Away, LiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pika import BlockingConnection, ConnectionParameters

    from workbench.live.settings import Settings
    from workbench.live.stopping import Stop

T = TypeVar("T")
LOG = logging.getLogger(__name__)
#: Seconds for one attempt to connect, and the shortest and longest pause before the next one.
PATIENCE, SHORTEST, LONGEST = 10.0, 0.1, 5.0
_UP = "start it with `workbench services up rabbitmq`, or correct WORKBENCH_RABBITMQ"
#: What a node says of its parts while it starts.
_STARTING = ("is down", "down or inaccessible", "INTERNAL_ERROR", "CONNECTION_FORCED")


def addresses(settings: Settings) -> list[ConnectionParameters]:
    """Return where and as whom to connect: to each node of a cluster, the first one first.

    Raises
    ------
    ParameterError
        If an address is none, or has a password in it.
    """
    return [_parsed(settings, one) for one in settings.need("rabbitmq", "rabbitmq").split(",")]


def _parsed(settings: Settings, address: str) -> ConnectionParameters:
    import pika

    try:
        parts = urlsplit(address.strip())
        port, host, user = parts.port, parts.hostname, unquote(parts.username or "guest")
    except ValueError:
        parts, port, host = urlsplit(""), None, None
    if parts.scheme not in ("amqp", "amqps") or not host or parts.password is not None:
        # It may hold a password, so it is not shown.
        raise ParameterError.of(
            "WORKBENCH_RABBITMQ",
            allowed="amqp://user@host:port/vhost or amqps://…, without a password; of a cluster, "
            "one for each node with commas between",
            hint="correct it; the password is WORKBENCH_RABBITMQ_PASSWORD",
        )
    secure = parts.scheme == "amqps"
    return pika.ConnectionParameters(
        host=host,
        port=port or (5671 if secure else 5672),
        virtual_host=unquote(parts.path[1:]) or "/",
        credentials=pika.PlainCredentials(user, settings.rabbitmq_password.get_secret_value()),
        ssl_options=pika.SSLOptions(settings.tls("rabbitmq"), host) if secure else None,
        heartbeat=30,
        socket_timeout=PATIENCE / 2,
        stack_timeout=PATIENCE,
        client_properties={"connection_name": "workbench"},
    )


def first(settings: Settings, opened: Callable[[ConnectionParameters], T]) -> T:
    """Open a connection to the first node with which that succeeds.

    Parameters
    ----------
    settings
        The nodes' addresses.
    opened
        Opens a connection to one; raises ``Away`` where another should be tried.

    Raises
    ------
    Away
        If none answers, or each is just starting: what was said of the first.
    LiveError
        If a person has to do something: a password, a certificate, a right.
    """
    away = []
    for node in addresses(settings):
        try:
            reach(node)
            return opened(node)
        except Away as error:
            away.append(error)
    raise away[0]


def connect(settings: Settings) -> BlockingConnection:
    """Return an open connection.

    Raises
    ------
    Away
        If nothing answers, or a node is just starting.
    LiveError
        If a person has to do something: a password, a certificate, a right.
    """
    import pika

    def opened(node: ConnectionParameters) -> BlockingConnection:
        with translated(settings, "connecting", node):
            return pika.BlockingConnection(node)

    return first(settings, opened)


def leave(connection: BlockingConnection) -> None:
    """Close a connection, if it is still there; what was not acknowledged comes again."""
    from pika.exceptions import AMQPError

    with suppress(AMQPError):  # it went away by itself
        if connection.is_open:
            connection.close()


def reach(node: ConnectionParameters) -> None:
    """Check that something answers at an address, and by whose certificate.

    Raises
    ------
    Away
        If nothing answers.
    LiveError
        If the certificate is not accepted, or what answers does not speak TLS.
    """
    # Every fault that pika logs is raised as well, and said then.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    at = f"{node.host}:{node.port}"
    try:
        with socket.create_connection((node.host, node.port), PATIENCE / 2) as plain:
            if node.ssl_options is not None:
                context = node.ssl_options.context
                context.wrap_socket(plain, server_hostname=node.host).close()
    except socket.gaierror as error:
        raise Away.of(
            f"the host {node.host!r} of WORKBENCH_RABBITMQ, which is unknown,",
            allowed="a host that is known",
            hint="correct it",
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise LiveError.of(
            f"the certificate of RabbitMQ at {at} ({error.verify_message})",
            allowed="one that an authority that is known has signed for this host, still valid",
            hint="renew it, or correct the address or WORKBENCH_RABBITMQ_CA",
        ) from error
    except ssl.SSLError as error:
        raise LiveError.of(
            f"TLS with RabbitMQ at {at} ({error.reason or error})",
            allowed="a port that speaks TLS",
            hint="correct the port, or write amqp:// for one that does not",
        ) from error
    except OSError as error:
        raise Away.of(
            f"RabbitMQ at {at}, where nothing answers ({error.strerror or error}),",
            allowed="an address where RabbitMQ listens",
            hint=_UP,
        ) from error


@contextmanager
def translated(
    settings: Settings, what: str, node: ConnectionParameters | None = None
) -> Iterator[None]:
    """Say in one paragraph what RabbitMQ did not do, and why.

    Parameters
    ----------
    settings
        As whom, and where.
    what
        What is worked on, for people.
    node
        Which node, if that is known.

    Raises
    ------
    Away
        In place of an error of pika after which the same may succeed later.
    LiveError
        In place of every other error of pika.
    """
    from pika.exceptions import AMQPError

    try:
        yield
    except AMQPError as error:
        raise explained(settings, what, error, node) from error


def explained(
    settings: Settings, what: str, error: Any, node: ConnectionParameters | None = None
) -> LiveError:
    """Return an error of pika as one paragraph; the parameters are those of :func:`translated`."""
    from pika import exceptions as pika

    nodes = addresses(settings) if node is None else [node]
    found = nodes[0]
    user = getattr(found.credentials, "username", "")
    where = f"RabbitMQ at {','.join(f'{one.host}:{one.port}' for one in nodes)}"
    code = getattr(error, "reply_code", None)
    said = str(getattr(error, "reply_text", "") or type(error).__name__).split("\n")[0]
    if isinstance(error, pika.AuthenticationError | pika.ProbableAuthenticationError):
        return LiveError.of(
            f"the password of the user {user!r} for {where}",
            allowed="the name and password of a user that RabbitMQ knows",
            hint="set the user in WORKBENCH_RABBITMQ and WORKBENCH_RABBITMQ_PASSWORD",
        )
    if any(words in said for words in _STARTING):
        return Away(f"{where} is not ready for {what} ({said}). Look at its log.")
    if isinstance(error, pika.ProbableAccessDeniedError) or code == 530:
        return LiveError.of(
            f"the virtual host {found.virtual_host!r} of {where} for the user {user!r} ({said})",
            allowed="a virtual host that is there and that the user may enter",
            hint="correct the end of WORKBENCH_RABBITMQ, or give the right",
        )
    if isinstance(error, pika.IncompatibleProtocolError):
        return LiveError.of(
            f"{where}, which does not speak AMQP here,",
            allowed="the port for AMQP; where it wants TLS, an address with amqps://",
            hint="correct WORKBENCH_RABBITMQ",
        )
    if code == 403:
        return LiveError.of(
            f"{what} by the user {user!r} at {where} (a right is missing: {said})",
            allowed="a user with the right to it",
            hint="give the right, or be another user in WORKBENCH_RABBITMQ",
        )
    if code == 404:
        return LiveError.of(
            f"{what} at {where} ({said})",
            allowed="queues and exchanges that are there",
            hint="`workbench relay alerts` makes those of a case",
        )
    if isinstance(error, pika.AMQPConnectionError):
        return Away(f"{where} went away during {what} ({said}). Look at its log, or {_UP}.")
    return LiveError(f"{where} did not do what was asked of {what} ({said}). Look at its log.")


class Pauses:
    """Pauses between attempts, each twice as long as the one before, up to some seconds.

    Parameters
    ----------
    what
        What is away, for the log.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._next = SHORTEST

    def wait(self, stop: Stop) -> bool:
        """Wait, and return whether the end was wanted meanwhile."""
        LOG.warning("%s is away: the next attempt is in %.1f s", self._what, self._next)
        self._next, now = min(2 * self._next, LONGEST), self._next
        return stop.wait(now)

    def end(self) -> None:
        """Begin with the shortest pause again: an attempt succeeded."""
        self._next = SHORTEST
