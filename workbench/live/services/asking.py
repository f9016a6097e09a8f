"""Asking servers whether they do their work, with clients that are quiet and give up soon."""

from __future__ import annotations

import logging
import ssl
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from workbench.live.services.ports import HOST, listening

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import httpx

#: Milliseconds for one question; the asker asks again.
SOON = 5_000
_NAME = "workbench-ready"


def ask_kafka(settings: Mapping[str, str], address: str, broker: int) -> bool:
    """Tell whether a broker is part of its cluster and coordinates groups and transactions.

    Parameters
    ----------
    settings
        The administrator's settings.
    address
        The broker's own address.
    broker
        Its id.
    """
    from kafka.errors import KafkaError, TransactionalIdNotFoundError

    if not listening(int(address.removeprefix(f"{HOST}:"))):
        return False
    try:
        with quiet("kafka"), kafka_admin({**settings, "WORKBENCH_KAFKA": address}) as admin:
            if broker not in _serving(admin):
                return False
            admin.list_group_offsets({_NAME: None})
            # Its coordinator says that there is no such id, and thereby that it is there.
            with suppress(TransactionalIdNotFoundError):
                admin.describe_transactions([_NAME])
    except (KafkaError, OSError, TimeoutError):
        return False
    return True


def _serving(admin: Any) -> set[int]:
    """Return the brokers that their controller does not hold for dead, or not yet for alive."""
    brokers = admin.describe_cluster()["brokers"]
    return {one["broker_id"] for one in brokers if not one["is_fenced"]}


def kafka_admin(settings: Mapping[str, str], timeout: int = SOON) -> Any:
    """Return an administrator's client; closes as a context manager."""
    from kafka import KafkaAdminClient

    secure = {}
    if "WORKBENCH_KAFKA_CA" in settings:
        secure = {
            "security_protocol": "SASL_SSL",
            "ssl_cafile": settings["WORKBENCH_KAFKA_CA"],
            "sasl_mechanism": "SCRAM-SHA-256",
            "sasl_plain_username": settings["WORKBENCH_KAFKA_USER"],
            "sasl_plain_password": settings["WORKBENCH_KAFKA_PASSWORD"],
        }
    return KafkaAdminClient(
        bootstrap_servers=settings["WORKBENCH_KAFKA"].split(","),
        request_timeout_ms=timeout,
        bootstrap_timeout_ms=timeout,
        **secure,
    )


@contextmanager
def quiet(name: str) -> Iterator[None]:
    """Keep a client's warnings about a server that is only just starting to itself."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def serves(url: str, *, user: tuple[str, str] | None = None, authority: Path | None = None) -> bool:
    """Tell whether a URL is answered with success; see :func:`asked`."""
    return asked(url, user=user, authority=authority) is not None


def asked(
    url: str, *, user: tuple[str, str] | None = None, authority: Path | None = None
) -> httpx.Response | None:
    """Return what a URL is answered with success, else ``None``.

    Parameters
    ----------
    url
        What to get.
    user
        Name and password, where they are asked for.
    authority
        The certificate of whoever signed the server's.
    """
    import httpx

    trusted = ssl.create_default_context(cafile=str(authority)) if authority else True
    try:
        answer = httpx.get(url, auth=user, verify=trusted, timeout=SOON / 1000, trust_env=False)
    except httpx.HTTPError:
        return None
    return answer if answer.is_success else None
