"""RabbitMQ from the system's package: one node or a cluster of three, each with its HTTP API."""

from __future__ import annotations

import secrets
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from workbench.live.services.asking import asked, quiet
from workbench.live.services.kinds.base import Kind, program
from workbench.live.services.passwords import private
from workbench.live.services.ports import HOST, listening
from workbench.live.services.processes import Launch
from workbench.live.services.rabbit_rights import ADMIN, RIGHTS, create_users

if TYPE_CHECKING:
    from workbench.live.services.state import Node, Service

PACKAGE = "rabbitmq-server"
#: The one on the path changes to a system user, who could not write here.
SCRIPTS = Path("/usr/lib/rabbitmq/bin")
#: Nodes speak to each other on the loopback interface; threads that wait do not turn in circles.
ERLANG = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
PLUGINS = "[rabbitmq_management,rabbitmq_prometheus].\n"


#: By knowing it nodes are of one cluster; each finds it in its home.
COOKIE = ".erlang.cookie"


class RabbitMQ(Kind):
    """One node, or three of which one may die; they share a name server beside the first."""

    name: ClassVar[str] = "rabbitmq"
    ports: ClassVar[tuple[str, ...]] = ("client", "api", "metrics", "nodes", "names")

    def require(self) -> None:
        """Look for the package's programs."""
        program("epmd", PACKAGE)
        program("rabbitmq-server", PACKAGE, first=SCRIPTS)

    def prepare(self, service: Service) -> None:
        """Write the configuration; the user is made at the first start."""
        cookie = _cookie(service)
        for node in service.nodes:
            private(node.folder / COOKIE, cookie)
            settings = _settings(service, node) | _cluster(service)
            settings |= _encrypted(service, node) if service.secure else {}
            private(
                node.folder / "rabbitmq.conf",
                "".join(f"{name} = {value}\n" for name, value in settings.items()),
            )
            (node.folder / "plugins").write_text(PLUGINS)

    def launches(self, service: Service, node: Node) -> dict[str, Launch]:
        """Return the name server, which would otherwise outlive the node, and the node."""
        names = str(service.nodes[0].ports["names"])
        environment = {
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": names,
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_CONFIG_FILE": str(node.folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_DIST_PORT": str(node.ports["nodes"]),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(node.folder / "plugins"),
            "RABBITMQ_LOG_BASE": str(node.folder / "log"),
            "RABBITMQ_MNESIA_BASE": str(node.folder / "data"),
            "RABBITMQ_NODENAME": _name(service, node),
            "RABBITMQ_PID_FILE": str(node.folder / "rabbitmq.pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG,
            # The script then becomes the node and does not stay beside it as its parent.
            "RUNNING_UNDER_SYSTEMD": "true",
        }
        epmd = Launch((program("epmd", PACKAGE), "-address", HOST, "-port", names))
        server = Launch((program("rabbitmq-server", PACKAGE, first=SCRIPTS),), environment)
        return {"names": epmd, "server": server} if node.index == 0 else {"server": server}

    def answers(self, service: Service, node: Node) -> bool:
        """Whether the user can log in at both doors, and the cluster has all its nodes."""
        if not listening(node.ports["client"]):
            return False
        word = service.passwords.of("rabbitmq", ADMIN)
        authority = service.certificates / "ca.pem" if service.secure else None
        if not _logs_in(node, word, authority):
            return False
        known = asked(f"{_api(service, node)}/api/nodes", user=(ADMIN, word), authority=authority)
        return known is not None and len(known.json()) == len(service.nodes)

    def settle(self, service: Service) -> None:
        """Give each principal that speaks to it a user with its rights."""
        if service.secure:

            def word(user: str) -> str:
                return service.passwords.of("rabbitmq", user)

            first = service.nodes[0]
            create_users(_api(service, first), word, service.certificates / "ca.pem")

    def environment(self, service: Service, principal: str | None) -> dict[str, str]:
        """Return both addresses of each node, the password, and in secure mode the authority.

        A principal that has nothing to do there is told nothing; without ``secure`` there is one
        user for all.
        """
        user = principal if principal is not None and service.secure else ADMIN
        if user not in (ADMIN, *RIGHTS):
            return {}
        scheme = "amqps" if service.secure else "amqp"
        doors = [f"{scheme}://{user}@{node.at('client')}/%2F" for node in service.nodes]
        settings = {
            "WORKBENCH_RABBITMQ": ",".join(doors),
            "WORKBENCH_RABBITMQ_PASSWORD": service.passwords.of("rabbitmq", user),
            "WORKBENCH_RABBITMQ_API": ",".join(_api(service, node) for node in service.nodes),
        }
        if service.secure:
            settings["WORKBENCH_RABBITMQ_CA"] = str(service.certificates / "ca.pem")
        return settings


def _name(service: Service, node: Node) -> str:
    alone = len(service.nodes) == 1
    return "workbench@localhost" if alone else f"workbench-{node.index + 1}@localhost"


def _api(service: Service, node: Node) -> str:
    return f"{'https' if service.secure else 'http'}://{node.at('api')}"


def _cookie(service: Service) -> str:
    """Return the word by which the nodes know each other, drawn once."""
    file = service.nodes[0].folder / COOKIE
    return file.read_text() if file.exists() else secrets.token_urlsafe(24)


def _cluster(service: Service) -> dict[str, object]:
    if len(service.nodes) == 1:
        return {}
    names = [_name(service, node) for node in service.nodes]
    return {
        "cluster_formation.peer_discovery_backend": "classic_config",
        **{f"cluster_formation.classic_config.nodes.{k}": n for k, n in enumerate(names, 1)},
        # All are new at first: whoever has the lock begins, and the others join it.
        "cluster_formation.discovery_retry_limit": 2,
        # A node that has lost sight of most others does nothing, rather than something else.
        "cluster_partition_handling": "pause_minority",
    }


def _settings(service: Service, node: Node) -> dict[str, object]:
    doors = {
        "listeners.tcp.1": node.at("client"),
        "management.tcp.ip": HOST,
        "management.tcp.port": node.ports["api"],
    }
    return {
        "default_user": ADMIN,
        "default_pass": service.passwords.of("rabbitmq", ADMIN),
        "prometheus.tcp.ip": HOST,
        "prometheus.tcp.port": node.ports["metrics"],
        "log.console": "true",
        "log.console.level": "info",
        "log.console.use_colors": "off",
        "log.file": "false",
        **({} if service.secure else doors),
    }


def _encrypted(service: Service, node: Node) -> dict[str, object]:
    files = {
        "cacertfile": service.certificates / "ca.pem",
        "certfile": service.certificates / "server.pem",
        "keyfile": service.certificates / "server.key",
    }
    return {
        "listeners.tcp": "none",
        "listeners.ssl.1": node.at("client"),
        **{f"ssl_options.{name}": path for name, path in files.items()},
        # Clients show a password and no certificate.
        "ssl_options.verify": "verify_none",
        "ssl_options.fail_if_no_peer_cert": "false",
        "ssl_options.versions.1": "tlsv1.3",
        "ssl_options.versions.2": "tlsv1.2",
        "management.ssl.ip": HOST,
        "management.ssl.port": node.ports["api"],
        **{f"management.ssl.{name}": path for name, path in files.items()},
    }


def _logs_in(node: Node, word: str, authority: Path | None) -> bool:
    import pika
    from pika.exceptions import AMQPError

    trusted = None
    if authority is not None:
        trusted = pika.SSLOptions(ssl.create_default_context(cafile=str(authority)), HOST)
    where = pika.ConnectionParameters(
        HOST,
        node.ports["client"],
        credentials=pika.PlainCredentials(ADMIN, word),
        ssl_options=trusted,
        socket_timeout=5,
        blocked_connection_timeout=5,
    )
    try:
        with quiet("pika"):
            pika.BlockingConnection(where).close()
    except (AMQPError, OSError):
        return False
    return True
