"""Redis from the system's package."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.live.services.kinds.base import Kind, program
from workbench.live.services.passwords import private
from workbench.live.services.ports import HOST
from workbench.live.services.processes import Launch

if TYPE_CHECKING:
    from workbench.live.services.state import Node, Service

PACKAGE = "redis-server"
USER = "workbench"


class Redis(Kind):
    """One server that keeps what it was told, within the last second."""

    name: ClassVar[str] = "redis"
    ports: ClassVar[tuple[str, ...]] = ("client",)

    def require(self) -> None:
        """Look for the package's program."""
        program("redis-server", PACKAGE)

    def prepare(self, service: Service) -> None:
        """Write the configuration, and in secure mode the one user."""
        for node in service.nodes:
            settings = _settings(node) | (_secure(service, node) if service.secure else {})
            private(
                node.folder / "redis.conf",
                "".join(f"{name} {value}\n" for name, value in settings.items()),
            )
            if service.secure:
                word = service.passwords.of("redis", USER).encode()
                rights = f"on #{hashlib.sha256(word).hexdigest()} ~* &* +@all -@dangerous +info"
                private(node.folder / "users.acl", f"user default off\nuser {USER} {rights}\n")

    def launches(self, service: Service, node: Node) -> dict[str, Launch]:
        """Return the server's process."""
        del service
        command = (program("redis-server", PACKAGE), str(node.folder / "redis.conf"))
        return {"server": Launch(command)}

    def answers(self, service: Service, node: Node) -> bool:
        """Whether it answers the user, and has read what it kept."""
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        once = Retry(NoBackoff(), 0)
        secure: dict[str, Any] = {}
        if service.secure:
            secure = {
                "username": USER,
                "password": service.passwords.of("redis", USER),
                "ssl": True,
                "ssl_ca_certs": str(service.certificates / "ca.pem"),
            }
        client = redis.Redis(HOST, node.ports["client"], socket_timeout=5, retry=once, **secure)
        try:
            return bool(client.ping())
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()

    def environment(self, service: Service, principal: str | None) -> dict[str, str]:
        """Return the address, and in secure mode password and authority."""
        del principal
        at = service.nodes[0].at("client")
        if not service.secure:
            return {"WORKBENCH_REDIS": f"redis://{at}/0"}
        return {
            "WORKBENCH_REDIS": f"rediss://{USER}@{at}/0",
            "WORKBENCH_REDIS_PASSWORD": service.passwords.of("redis", USER),
            "WORKBENCH_REDIS_CA": str(service.certificates / "ca.pem"),
        }


def _settings(node: Node) -> dict[str, object]:
    return {
        "bind": HOST,
        "port": node.ports["client"],
        "dir": node.folder,
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory": "256mb",
        # Better an error than something that is silently gone.
        "maxmemory-policy": "noeviction",
    }


def _secure(service: Service, node: Node) -> dict[str, object]:
    return {
        "port": 0,
        "tls-port": node.ports["client"],
        "tls-cert-file": service.certificates / "server.pem",
        "tls-key-file": service.certificates / "server.key",
        "tls-ca-cert-file": service.certificates / "ca.pem",
        # Clients show a password and no certificate.
        "tls-auth-clients": "no",
        "aclfile": node.folder / "users.acl",
    }
