"""The connection to OpenSearch or Elasticsearch, and what went wrong with it in plain words.

One client serves both: opensearch-py asks nothing that only one of them has. Requests are made
once and not again: who may wait decides with :func:`passing`.
"""

from __future__ import annotations

import logging
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.errors import ParameterError
from workbench.live.clients import LiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opensearchpy import OpenSearch

    from workbench.live.settings import Settings

#: Seconds for one request; within twice that, a start that fails has said why.
PATIENCE = 10.0
_UP = "start one with `workbench services up opensearch`, or correct WORKBENCH_SEARCH"
#: What an engine says when a disk is so full that it only lets itself be read.
_FULL = ("flood-stage", "read-only-allow-delete", "no space left")


def connect(settings: Settings) -> OpenSearch:
    """Return a client; nothing is asked yet.

    Parameters
    ----------
    settings
        The engine's addresses (with commas between), user, password and authority.

    Raises
    ------
    ParameterError
        If there is no address, or one that is none.
    """
    import orjson
    from opensearchpy import JSONSerializer, OpenSearch

    class Serializer(JSONSerializer):
        def loads(self, s: str) -> Any:
            return orjson.loads(s)

    # Every fault that the client logs is raised as well, and said then.
    logging.getLogger("opensearch").setLevel(logging.CRITICAL)
    hosts = settings.need("search", "opensearch").split(",")
    for host in hosts:
        if not host.startswith(("http://", "https://")):
            raise ParameterError.of(
                f"WORKBENCH_SEARCH={host!r}", allowed="http(s)://host:port", hint="correct it"
            )
    options: dict[str, Any] = {"serializer": Serializer(), "timeout": PATIENCE, "pool_maxsize": 8}
    if settings.search_user:
        options["http_auth"] = (settings.search_user, settings.search_password.get_secret_value())
    if any(host.startswith("https://") for host in hosts):
        options["ssl_context"] = settings.tls("search")
    # With one node nothing is tried again; of several, each is tried once.
    return OpenSearch(hosts, max_retries=len(hosts) - 1, **options)


def passing(error: Exception) -> bool:
    """Tell whether the same request may well succeed a little later.

    So it may where nothing answers, where there is too much to do, or where the engine is
    starting; a full disk, a wrong password or a missing right wait for a person.

    Examples
    --------
    >>> from opensearchpy.exceptions import TransportError
    >>> passing(TransportError(503, "unavailable_shards_exception", {}))
    True
    >>> passing(TransportError(429, "cluster_block_exception", "flood-stage watermark exceeded"))
    False
    """
    from opensearchpy.exceptions import ConnectionError as Unreached
    from opensearchpy.exceptions import SSLError, TransportError

    if isinstance(error, Unreached):
        return not isinstance(error, SSLError)
    if not isinstance(error, TransportError) or full(f"{error.error} {error.info}"):
        return False
    return busy(error.status_code)


def busy(status: int | str) -> bool:
    """Tell whether a status asks to try again: too many requests, or the server's own fault."""
    return status == 429 or (isinstance(status, int) and status >= 500)


def full(text: str) -> bool:
    """Tell whether an engine's words are those of a full disk."""
    return any(words in text for words in _FULL)


@contextmanager
def translated(settings: Settings, what: str) -> Iterator[None]:
    """Say in one paragraph what the search engine did not do, and why.

    Parameters
    ----------
    settings
        As whom, and where.
    what
        What was asked, for people: ``writing to fraud-scores``.

    Raises
    ------
    LiveError
        In place of every error of the client.
    """
    from opensearchpy.exceptions import OpenSearchException

    try:
        yield
    except OpenSearchException as error:
        raise explained(settings, what, error) from error


def explained(settings: Settings, what: str, error: Exception) -> LiveError:
    """Return an error of the client as one paragraph."""
    from opensearchpy.exceptions import ConnectionError as Unreached
    from opensearchpy.exceptions import TransportError

    if isinstance(error, Unreached):
        return _unreached(settings, error)
    status = error.status_code if isinstance(error, TransportError) else "N/A"
    reason = _reason(error)
    return refused(settings, what, status, reason)


def refused(settings: Settings, what: str, status: int | str, reason: str) -> LiveError:
    """Return what an engine refused with a status as one paragraph."""
    where = f"the search engine at {settings.search}"
    user = settings.search_user or "(none)"
    if full(reason):
        return LiveError.of(
            f"{where} for {what}, because its disk is full ({reason}),",
            allowed="a disk below the flood-stage watermark",
            hint="make room or delete old indices; the engine then lifts its block by itself",
        )
    if status == 401:
        return LiveError.of(
            f"the password of the user {user} for {where}",
            allowed="the name and password of a user that the engine knows",
            hint="set WORKBENCH_SEARCH_USER and WORKBENCH_SEARCH_PASSWORD",
        )
    if status == 403:
        return LiveError.of(
            f"{what} by the user {user} at {where} (a right is missing: {reason})",
            allowed="a user with the right to it",
            hint="give the right, or be another user by WORKBENCH_SEARCH_USER",
        )
    return LiveError(
        f"{where[0].upper()}{where[1:]} did not do what was asked ({what}: {status} {reason}). "
        "Look at its log, and whether it is well: `workbench services status`."
    )


def _reason(error: Exception) -> str:
    """Return the engine's own reason, as briefly as it gives it."""
    info = getattr(error, "info", None) if len(error.args) > 2 else None
    said = info.get("error") if isinstance(info, dict) else None
    if isinstance(said, dict):
        return f"{said.get('type')}: {said.get('reason')}"
    return str(said or (error.args[1] if len(error.args) > 1 else error))


def _unreached(settings: Settings, error: Any) -> LiveError:
    from urllib3.exceptions import NameResolutionError

    cause = error.info
    causes: list[BaseException] = []
    while cause is not None and len(causes) < 5:
        causes.append(cause)
        cause = getattr(cause, "reason", None) or cause.__cause__ or cause.__context__
        cause = cause if isinstance(cause, BaseException) else None
    for one in causes:
        if isinstance(one, ssl.SSLCertVerificationError):
            return LiveError.of(
                f"the certificate of {settings.search} ({one.verify_message})",
                allowed="one that the authority has signed, for that host, and that is valid now",
                hint="renew it, or correct WORKBENCH_SEARCH or WORKBENCH_SEARCH_CA",
            )
        if isinstance(one, NameResolutionError):
            return LiveError.of(
                f"the host in {settings.search}, which is unknown,",
                allowed="a search engine that answers",
                hint="correct WORKBENCH_SEARCH",
            )
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return LiveError.of(
            f"TLS with {settings.search} ({error.error})",
            allowed="a search engine that speaks it",
            hint="check whether the address begins with http:// or https://",
        )
    number = next((one.strerror for one in causes if isinstance(one, OSError) and one.strerror), "")
    return LiveError.of(
        f"{settings.search}, where no search engine answers ({number or error.error}),",
        allowed="the address of OpenSearch or Elasticsearch",
        hint=_UP,
    )
