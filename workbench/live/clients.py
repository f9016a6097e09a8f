"""Connections to Kafka from the settings, and what went wrong with one in plain words."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import threading
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.live.greeting import MECHANISM, greet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

    from workbench.live.settings import Settings

LOG = logging.getLogger(__name__)
#: The largest message that is read as one of ours; larger ones go to quarantine.
LARGEST = 1 << 20
#: Exit code of a process whose successor goes on.
LEAVE = 3
_CONNECTING = "connecting"
_KAFKA_UP = "start Kafka with `workbench services up kafka`"


class LiveError(BadInput):
    """A server cannot be reached or refuses what was asked."""


class Denied(LiveError):
    """A password or a right is missing: whoever comes next is refused as well."""


class Away(LiveError):
    """A server does not answer now; the same may succeed later."""


def security(settings: Settings) -> dict[str, Any]:
    """Return the options that every client takes: where, as whom, and by which authority."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.need("kafka", "kafka").split(","),
        "bootstrap_timeout_ms": 15_000,
        "request_timeout_ms": 10_000,
        "reconnect_backoff_max_ms": 500,
    }
    if settings.kafka_ca is not None:
        options |= {"security_protocol": "SSL", "ssl_cafile": str(settings.kafka_ca)}
    if settings.kafka_user:
        options |= {
            "security_protocol": "SASL_SSL" if settings.kafka_ca else "SASL_PLAINTEXT",
            "sasl_mechanism": MECHANISM,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    return options


def consumer(settings: Settings, **options: Any) -> KafkaConsumer:
    """Return a consumer that reads what is committed, from the beginning, and commits nothing."""
    from kafka import KafkaConsumer

    reach(settings)
    with translated(settings, _CONNECTING):
        return KafkaConsumer(
            **{
                "isolation_level": "read_committed",
                "auto_offset_reset": "earliest",
                "enable_auto_commit": False,
                "allow_auto_create_topics": False,
                "fetch_max_wait_ms": 50,
                "max_poll_records": 5_000,
                "metrics_enabled": False,
                **security(settings),
                **options,
            }
        )


def producer(settings: Settings, **options: Any) -> KafkaProducer:
    """Return an idempotent producer that waits for all copies."""
    from kafka import KafkaProducer

    reach(settings)
    with translated(settings, _CONNECTING):
        return KafkaProducer(
            **{
                "linger_ms": 5,
                "batch_size": 131_072,
                "compression_type": "lz4",
                "max_request_size": 2 * LARGEST,
                "allow_auto_create_topics": False,
                "delivery_timeout_ms": 60_000,
                "max_block_ms": 15_000,
                "metrics_enabled": False,
                **security(settings),
                **options,
            }
        )


@contextmanager
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    """Give an administrator's client and close it."""
    from kafka import KafkaAdminClient

    reach(settings)
    with translated(settings, _CONNECTING):
        client = KafkaAdminClient(**security(settings))
    try:
        yield client
    finally:
        client.close()


@contextmanager
def translated(settings: Settings, what: str) -> Iterator[None]:
    """Say in one paragraph what a Kafka client could not do, and why.

    kafka-python tells some causes only in its log (a topic without rights), so its log is listened
    to meanwhile.

    Parameters
    ----------
    settings
        As whom, and where.
    what
        What is worked on, for people: ``the topics fraud.*``.

    Raises
    ------
    LiveError
        In place of every ``KafkaError``.
    """
    from kafka.errors import KafkaError

    with _listening() as heard:
        try:
            yield
        except (KafkaError, ValueError) as error:
            if isinstance(error, ValueError) and "ertificate" not in str(error):
                raise
            raise _explained(settings, what, error, " ".join(heard)) from error


def denied(settings: Settings, what: str, error: Exception, heard: str = "") -> Denied | None:
    """Return what is to be said if a password or a right is missing, ``None`` if none is.

    Parameters
    ----------
    settings
        As whom, and where.
    what
        What was worked on, for people.
    error
        What a client raised.
    heard
        What it wrote into its log meanwhile.
    """
    name, text = type(error).__name__, f"{type(error).__name__} {error} {heard}"
    where = f"Kafka at {settings.kafka}"
    if "SaslAuthenticationFailed" in text:
        who = (
            f"the password of the user {settings.kafka_user!r}"
            if settings.kafka_user
            else "no user"
        )
        return Denied.of(
            f"{who} for {where}",
            allowed="the name and password of a user that the broker knows",
            hint="set WORKBENCH_KAFKA_USER and WORKBENCH_KAFKA_PASSWORD",
        )
    if "AuthorizationFailed" in text or "is not authorized" in text:
        return unauthorized(settings, what, name)
    return None


def unauthorized(settings: Settings, what: str, missing: str) -> Denied:
    """Return what is to be said if a right is missing, and which one."""
    return Denied.of(
        f"{what} by the user {settings.kafka_user or 'ANONYMOUS'!r} at Kafka at "
        f"{settings.kafka} ({missing}: a right is missing)",
        allowed="a user with the right to it",
        hint="give the right (workbench/live/services/rights.py lists them by process), or "
        "be another user by WORKBENCH_KAFKA_USER",
    )


def _explained(settings: Settings, what: str, error: Exception, heard: str) -> LiveError:
    name, where = type(error).__name__, f"Kafka at {settings.kafka}"
    # What was raised counts before what was heard: a topic that has just been made is unknown at
    # first, and that is heard, too.
    for text in (f"{name} {error}", heard):
        if refused := denied(settings, what, error, text):
            return refused
        if "UnknownTopicOrPartition" in text:
            # Brokers do not tell a topic that is hidden from one that is not there.
            hidden = f", or {settings.kafka_user!r} may not see it" if settings.kafka_user else ""
            return LiveError.of(
                f"{what} at {where} (there is no such topic{hidden})",
                allowed="topics that exist",
                hint="make them with `workbench publish`, or correct --topics",
            )
        if "MessageSizeTooLarge" in text or "RecordListTooLarge" in text:
            return LiveError.of(
                f"{what} at {where} (a message is larger than the broker takes)",
                allowed="messages up to the broker's message.max.bytes",
                hint="raise it, or leave the message out",
            )
    return LiveError(
        f"{where} did not do what was asked of {what} ({name}: {str(error).rstrip('.')}). Look "
        "at the broker's log, and whether all brokers are up: `workbench services status`."
    )


@contextmanager
def _listening() -> Iterator[list[str]]:
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if len(heard) < 100:
                heard.append(record.getMessage())

    handler, logger = Listener(logging.WARNING), logging.getLogger("kafka")
    logger.addHandler(handler)
    try:
        yield heard
    finally:
        logger.removeHandler(handler)


def reach(settings: Settings, timeout: float = 5.0) -> None:
    """Check that one of the brokers can be reached, by whose certificate, and as whom.

    A client that cannot would try for a quarter of a minute and then not say why.

    Parameters
    ----------
    settings
        As whom, and where.
    timeout
        Seconds for each broker to accept a connection, and then for each of its answers.

    Raises
    ------
    Denied
        If a broker does not take the user and the password, or wants some.
    LiveError
        If no host is known, nothing answers, or no certificate is accepted.
    """
    faults = []
    context = None if settings.kafka_ca is None else settings.tls("kafka")
    for address in settings.need("kafka", "kafka").split(","):
        fault = _fault(settings, address, context, timeout)
        if fault is None:
            return
        faults.append(fault)
    value, hint = faults[0]
    raise LiveError.of(value, allowed="a Kafka broker that answers", hint=hint)


def _fault(
    settings: Settings, address: str, context: ssl.SSLContext | None, timeout: float
) -> tuple[str, str] | None:
    """Return what is wrong with a broker, and what to do; ``None`` if nothing is."""
    from kafka.errors import (
        IllegalSaslStateError,
        KafkaError,
        SaslAuthenticationFailedError,
        UnsupportedSaslMechanismError,
    )

    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal() and int(port) < 1 << 16):
        return f"{address!r}, which is no host:port,", _KAFKA_UP
    user, word = settings.kafka_user, settings.kafka_password.get_secret_value()
    try:
        with socket.create_connection((host, int(port)), timeout) as plain:
            if context is None:
                greet(plain, user, word)
            else:
                with context.wrap_socket(plain, server_hostname=host) as secure:
                    greet(secure, user, word)
    except SaslAuthenticationFailedError as error:
        raise (denied(settings, _CONNECTING, error) or error) from error
    except (IllegalSaslStateError, UnsupportedSaslMechanismError) as error:
        wants = "no users" if isinstance(error, IllegalSaslStateError) else "others"
        return (
            f"the user {user!r} with {MECHANISM} at {address}, which wants {wants},",
            "correct the address or WORKBENCH_KAFKA_USER",
        )
    except KafkaError as error:
        return (
            f"{address}, which does not answer as a Kafka broker does ({error}),",
            "correct the address; a broker that wants TLS needs WORKBENCH_KAFKA_CA",
        )
    except socket.gaierror:
        return f"the host {host!r}, which is unknown,", "correct WORKBENCH_KAFKA"
    except ssl.SSLCertVerificationError as error:
        return (
            f"the certificate of {address} ({error.verify_message})",
            "renew it, or correct the address or WORKBENCH_KAFKA_CA",
        )
    except ssl.SSLError as error:
        return f"TLS with {address} ({error.reason or error})", "check whether it speaks TLS"
    except OSError as error:
        return f"{address}, where nothing answers ({error.strerror or error}),", _KAFKA_UP
    return None


def partitions(client: KafkaConsumer, settings: Settings, topic: str) -> list[Any]:
    """Return a topic's partitions, or say that there are none or that a right is missing.

    A consumer without rights would get empty answers and no error.
    """
    from kafka import TopicPartition
    from kafka.errors import UnknownTopicOrPartitionError

    with translated(settings, f"reading the topic {topic}"):
        client.topics()  # asks the brokers
        found = client.partitions_for_topic(topic)
        if not found:
            raise UnknownTopicOrPartitionError(topic)
        parts = [TopicPartition(topic, number) for number in sorted(found)]
        client.end_offsets(parts)  # needs the right to see it
    return parts


@contextmanager
def watchdog(seconds: float, what: str) -> Iterator[None]:
    """End the process if the block takes too long: its successor goes on.

    The producer's transaction calls wait without limit when a broker is lost.
    """

    def leave() -> None:
        LOG.error("%s took longer than %g s: leaving to a successor", what, seconds)
        logging.shutdown()
        os._exit(LEAVE)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def partition_of(key: bytes, count: int) -> int:
    """Return the partition of a key, as Kafka's own clients choose it (murmur2).

    Examples
    --------
    >>> partition_of(b"card-1", 6) == partition_of(b"card-1", 6)
    True
    """
    return _hash(key) % count


@lru_cache(1 << 18)
def _hash(key: bytes) -> int:
    from kafka.partitioner.default import murmur2

    return int(murmur2(key)) & 0x7FFFFFFF
