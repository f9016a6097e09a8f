"""Who may do what at Kafka: a principal for each process, with the least that it needs.

Topics are ``PREFIX.events`` and so on; groups and transactional ids are named
``workbench-PRINCIPAL-PREFIX``. Whoever is not named here, apart from the administrator, may do
nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import ServiceError
from workbench.live.services.asking import kafka_admin
from workbench.live.services.passwords import PRINCIPALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workbench.live.services.passwords import Passwords

#: Milliseconds for a request, seconds until all brokers know what one was told.
REQUEST, KNOWN = 30_000, 30.0
_PAUSE = 0.05


@dataclass(frozen=True)
class Rights:
    """What one principal may do with the topics of a prefix.

    Parameters
    ----------
    reads, writes
        Topics by the last part of their names. That all of them exist, each principal may see.
    creates
        Whether it may create the prefix's topics.
    commits
        Whether it keeps its place in a group.
    transactions
        Whether it writes in transactions.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    creates: bool = False
    commits: bool = False
    transactions: bool = False


RIGHTS = {
    "publisher": Rights(writes=("events", "labels"), creates=True),
    "recorder": Rights(reads=("events", "labels")),
    "worker": Rights(
        reads=("events", "labels", "control"),
        writes=("scores", "alerts", "quarantine", "shadow"),
        commits=True,
        transactions=True,
    ),
    "relay-alerts": Rights(reads=("alerts",), writes=("quarantine",), commits=True),
    "relay-index": Rights(reads=("scores", "alerts"), writes=("quarantine",), commits=True),
    "desk": Rights(writes=("labels",)),
    "reconcile": Rights(reads=("events", "scores", "alerts", "quarantine")),
    "tail": Rights(reads=("scores", "alerts", "shadow", "quarantine")),
}


def rules(prefix: str) -> Iterator[tuple[str, str, str, str, bool]]:
    """Yield what is allowed for a prefix: principal, operation, kind, name, all that begin so.

    Examples
    --------
    >>> [rule for rule in rules("fraud") if rule[0] == "desk"]
    [('desk', 'DESCRIBE', 'TOPIC', 'fraud.', True), ('desk', 'WRITE', 'TOPIC', 'fraud.labels',
    False)]
    """
    for principal, rights in RIGHTS.items():
        # Who may not even see a topic could not tell a missing right from a missing topic.
        yield principal, "DESCRIBE", "TOPIC", f"{prefix}.", True
        if rights.creates:
            yield principal, "CREATE", "TOPIC", f"{prefix}.", True
        for topic in rights.reads:
            yield principal, "READ", "TOPIC", f"{prefix}.{topic}", False
        for topic in rights.writes:
            yield principal, "WRITE", "TOPIC", f"{prefix}.{topic}", False
        own = f"workbench-{principal}-{prefix}"
        if rights.commits:
            yield principal, "READ", "GROUP", own, True
        if rights.transactions:
            yield principal, "WRITE", "TRANSACTIONAL_ID", own, True


def grant(settings: Mapping[str, str], *prefixes: str) -> None:
    """Give every principal its rights for these topics; what is granted already stays.

    Parameters
    ----------
    settings
        The administrator's ``WORKBENCH_KAFKA…``.
    *prefixes
        What stands before the dot in the names of topics.

    Raises
    ------
    ServiceError
        If the brokers refuse, or do not know of it in time.
    """
    from kafka.admin import ACLFilter, ACLOperation, ACLPermissionType, ResourcePatternFilter
    from kafka.admin import ACLResourcePatternType as Pattern
    from kafka.admin import ResourceType as Kind

    wanted = [_acl(*rule) for prefix in prefixes for rule in rules(prefix)]
    every = ACLFilter(
        principal=None,
        host=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=ResourcePatternFilter(Kind.ANY, None, Pattern.ANY),
    )
    with kafka_admin(settings, REQUEST) as admin:
        refused = admin.create_acls(wanted)["failed"]
        if refused:
            raise ServiceError(f"kafka refuses to grant rights: {refused[0].__name__}.")
        missing = set(wanted)
        _until(lambda: not missing - set(admin.describe_acls(every)[0]), "rights")


def create_users(settings: Mapping[str, str], passwords: Passwords) -> None:
    """Give every principal a SCRAM user with its password.

    Raises
    ------
    ServiceError
        If the brokers refuse, or do not know of it in time.
    """
    from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

    with kafka_admin(settings, REQUEST) as admin:
        known = _users(admin)
        said = admin.alter_user_scram_credentials(
            [
                UserScramCredentialUpsertion(
                    user, ScramMechanism.SCRAM_SHA_256, passwords.of("kafka", user)
                )
                for user in PRINCIPALS
                if user not in known
            ]
        )
        for user, error in said.items():
            if error:
                raise ServiceError(f"kafka refuses to create the user {user}: {error}.")
        _until(lambda: set(PRINCIPALS) <= _users(admin), "users")


def _users(admin: Any) -> set[str]:
    return set(admin.describe_user_scram_credentials())


def _acl(principal: str, operation: str, kind: str, name: str, prefixed: bool) -> Any:
    from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
    from kafka.admin import ACLResourcePatternType as Pattern

    return ACL(
        principal=f"User:{principal}",
        host="*",
        operation=ACLOperation[operation],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(
            ResourceType[kind], name, Pattern.PREFIXED if prefixed else Pattern.LITERAL
        ),
    )


def _until(known: Callable[[], bool], what: str) -> None:
    """Wait until brokers know what the controller has just been told."""
    end = time.monotonic() + KNOWN
    while not known():
        if time.monotonic() > end:
            raise ServiceError(f"kafka does not know of new {what} after {KNOWN:.0f} s.")
        time.sleep(_PAUSE)
