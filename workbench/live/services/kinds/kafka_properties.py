"""A Kafka broker's ``server.properties``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.live.services.state import Node, Service

SCRAM = "SCRAM-SHA-256"
_LOGIN = "org.apache.kafka.common.security"


def text(service: Service, node: Node) -> str:
    """Return the properties of one broker of a service."""
    settings = _base(service, node)
    settings |= _cluster(len(service.nodes))
    settings |= _secure(service) if service.secure else {}
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _base(service: Service, node: Node) -> dict[str, object]:
    voters = ",".join(f"{one.index + 1}@{one.at('controller')}" for one in service.nodes)
    protocol = "SASL_SSL" if service.secure else "PLAINTEXT"
    return {
        "process.roles": "broker,controller",
        "node.id": node.index + 1,
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"CLIENT://{node.at('client')},CONTROLLER://{node.at('controller')}",
        "listener.security.protocol.map": f"CLIENT:{protocol},CONTROLLER:{protocol}",
        "inter.broker.listener.name": "CLIENT",
        "log.dirs": node.folder / "data",
        # A topic that is misspelt must be an error and not a new topic.
        "auto.create.topics.enable": "false",
        "num.network.threads": 2,
        "num.io.threads": 4,
        # Each partition of these two topics is a folder that has to be made at the first start.
        "offsets.topic.num.partitions": 6,
        "transaction.state.log.num.partitions": 6,
        # The first reader of a group begins at once and not after 3 s.
        "group.initial.rebalance.delay.ms": 0,
        # Transactions of the dead are aborted within a second of their time-out.
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
        # Retention is by wall-clock time, and recorded events are years old.
        "log.retention.ms": -1,
        "log.message.timestamp.before.max.ms": 2**63 - 1,
    }


def _cluster(brokers: int) -> dict[str, object]:
    copies, in_sync = (1, 1) if brokers == 1 else (3, 2)
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        # The default of three would leave groups and transactions without a place on one broker,
        # and clients without an error.
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        # How soon a dead broker's partitions get another leader; and how soon a broker that was
        # killed may come back, since its former self has to be given up first.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
    }


def _secure(service: Service) -> dict[str, object]:
    admin = service.passwords.of("kafka", "admin")
    controller = service.passwords.of("kafka", "controller")
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": service.certificates / "kafka.pem",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": service.certificates / "ca.pem",
        "ssl.client.auth": "none",
        "sasl.enabled.mechanisms": SCRAM,
        "sasl.mechanism.inter.broker.protocol": SCRAM,
        f"listener.name.client.{SCRAM.lower()}.sasl.jaas.config": (
            f'{_LOGIN}.scram.ScramLoginModule required username="admin" password="{admin}";'
        ),
        # SCRAM's users are kept in the metadata that controllers must first load: they use PLAIN,
        # inside TLS.
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": (
            f'{_LOGIN}.plain.PlainLoginModule required username="controller" '
            f'password="{controller}" user_controller="{controller}";'
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:admin;User:controller",
        "allow.everyone.if.no.acl.found": "false",
    }
