"""Who may do what at RabbitMQ: a user for each process that speaks to it, with the least.

Each makes the exchanges and queues of alerts where they are not there yet, and may touch no
others. To make a queue that sends messages back takes the right to read it, so who only sends may
read these as well; RabbitMQ cannot part the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workbench.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: May do everything.
ADMIN = "workbench"
#: To see of how many nodes the cluster is.
TAG = "monitoring"

#: The exchanges and queues of :mod:`workbench.live.routes`.
_ALERTS = "^workbench[.]alerts([.].*)?$"


class Rights(NamedTuple):
    """What a user may do, as regular expressions for the names of exchanges and queues.

    Attributes
    ----------
    configure
        To make and to remove.
    write
        To send to.
    read
        To take from.
    """

    configure: str
    write: str
    read: str


_SENDS = Rights(_ALERTS, _ALERTS, _ALERTS)
#: By principal; who is not named has no user there.
RIGHTS = {
    "relay-alerts": _SENDS,
    # What it cannot keep it parks, by the exchange without a name.
    "desk": _SENDS._replace(write=f"{_ALERTS}|^amq[.]default$"),
    "reconcile": _SENDS,
}


def create_users(api: str, word: Callable[[str], str], authority: Path) -> None:
    """Give each of them a user with its password and its rights; once more does no harm.

    Parameters
    ----------
    api
        The address of the HTTP API.
    word
        Returns a user's password.
    authority
        The certificate of whoever signed the server's.

    Raises
    ------
    ServiceError
        If RabbitMQ refuses.
    """
    import ssl

    import httpx

    trusted = ssl.create_default_context(cafile=str(authority))
    contents = {
        **{f"users/{user}": {"password": word(user), "tags": TAG} for user in RIGHTS},
        **{f"permissions/%2F/{user}": rights._asdict() for user, rights in RIGHTS.items()},
    }
    with httpx.Client(auth=(ADMIN, word(ADMIN)), verify=trusted, trust_env=False) as client:
        for path, content in contents.items():
            try:
                client.put(f"{api}/api/{path}", json=content).raise_for_status()
            except httpx.HTTPError as error:
                said = str(error).partition("\n")[0]
                raise ServiceError(f"rabbitmq refuses to make {path}: {said}.") from error
