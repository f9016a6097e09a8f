"""Who may do what: encryption, users with passwords, and for each process the least rights."""

from __future__ import annotations

import ssl
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pika
import psutil
import pytest
import redis as client_of_redis
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)
from kafka.structs import OffsetAndMetadata, TopicPartition
from pika.exceptions import ChannelClosedByBroker, ProbableAuthenticationError

from workbench.live.clients import Denied, LiveError, reach
from workbench.live.rabbit import connect, leave
from workbench.live.routes import Routes, settle
from workbench.live.services import Services
from workbench.live.services.certificates import make_certificates
from workbench.live.services.passwords import PRINCIPALS
from workbench.live.services.rabbit_rights import RIGHTS as QUEUES
from workbench.live.services.rights import RIGHTS, rules
from workbench.live.settings import PREFIX as LIVE
from workbench.live.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pika.adapters.blocking_connection import BlockingChannel

PREFIX = "rights"
WRONG = "not-the-password"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Kafka, RabbitMQ and Redis with encryption, users and rights."""
    services = Services(tmp_path_factory.mktemp("secure"))
    with services.running("kafka", "rabbitmq", "redis", secure=True):
        services.grant(PREFIX)
        with KafkaAdminClient(**as_(services, None)) as admin:
            admin.create_topics(
                {
                    f"{PREFIX}.{name}": {"num_partitions": 1, "replication_factor": 1}
                    for name in ("events", "labels", "scores", "alerts")
                }
            )
        yield services


def as_(services: Services, principal: str | None, **changed: Any) -> dict[str, Any]:
    """Return the options of a Kafka client of a principal."""
    found = services.environment(principal, "kafka")
    return {
        "bootstrap_servers": found["WORKBENCH_KAFKA"],
        "security_protocol": "SASL_SSL",
        "ssl_cafile": found["WORKBENCH_KAFKA_CA"],
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": found["WORKBENCH_KAFKA_USER"],
        "sasl_plain_password": found["WORKBENCH_KAFKA_PASSWORD"],
        **changed,
    }


def write(services: Services, principal: str, topic: str) -> None:
    producer = KafkaProducer(**as_(services, principal))
    try:
        producer.send(topic, b"{}").get(timeout=20)
    finally:
        producer.close()


def read(services: Services, principal: str, topic: str) -> list[bytes]:
    group = f"workbench-{principal}-{PREFIX}" if RIGHTS[principal].commits else None
    options = as_(services, principal, group_id=group)
    consumer = KafkaConsumer(**options, auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        part = TopicPartition(topic, 0)
        consumer.assign([part])
        consumer.seek_to_beginning()
        found = consumer.poll(timeout_ms=20_000)
        if group:
            consumer.commit({part: OffsetAndMetadata(1, "", -1)})
        return [message.value for messages in found.values() for message in messages]
    finally:
        consumer.close(autocommit=False)


def test_each_principal_has_its_rights_declared() -> None:
    assert set(RIGHTS) == set(PRINCIPALS)


def test_nobody_may_write_scores_but_the_worker() -> None:
    writers = {
        who
        for who, operation, _, name, _ in rules("p")
        if (operation, name) == ("WRITE", "p.scores")
    }

    assert writers == {"worker"}


def test_a_process_does_what_it_is_for(secure: Services) -> None:
    write(secure, "publisher", f"{PREFIX}.events")
    write(secure, "desk", f"{PREFIX}.labels")

    assert read(secure, "recorder", f"{PREFIX}.events")
    assert read(secure, "worker", f"{PREFIX}.labels") == [b"{}"]


@pytest.mark.parametrize(
    ("principal", "topic"),
    [
        ("worker", "events"),
        ("publisher", "scores"),
        ("recorder", "events"),
        ("desk", "alerts"),
        ("tail", "scores"),
    ],
)
def test_a_process_cannot_write_elsewhere(secure: Services, principal: str, topic: str) -> None:
    with pytest.raises(KafkaError, match="AuthorizationFailed"):
        write(secure, principal, f"{PREFIX}.{topic}")


def test_who_may_not_read_gets_an_error_and_not_silence(secure: Services) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        read(secure, "recorder", f"{PREFIX}.scores")


def test_nobody_takes_the_place_of_another_group(secure: Services) -> None:
    consumer = KafkaConsumer(**as_(secure, "recorder", group_id=f"workbench-worker-{PREFIX}"))
    part = TopicPartition(f"{PREFIX}.events", 0)
    consumer.assign([part])
    try:
        with pytest.raises(GroupAuthorizationFailedError):
            consumer.commit({part: OffsetAndMetadata(1, "", -1)})
    finally:
        consumer.close(autocommit=False)


def test_nobody_fences_the_worker_but_the_worker(secure: Services) -> None:
    name = f"workbench-worker-{PREFIX}"
    other = KafkaProducer(**as_(secure, "recorder", transactional_id=name))
    with pytest.raises(TransactionalIdAuthorizationFailedError):
        other.init_transactions()
    other.close(timeout=1)

    own = KafkaProducer(**as_(secure, "worker", transactional_id=name))
    own.init_transactions()
    own.close()


@pytest.mark.parametrize(
    ("principal", "topic"), [("publisher", "other.events"), ("worker", "other.scores")]
)
def test_rights_end_with_the_prefix(secure: Services, principal: str, topic: str) -> None:
    with KafkaAdminClient(**as_(secure, None)) as admin:
        admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})

    with pytest.raises(TopicAuthorizationFailedError):
        write(secure, principal, topic)


def settings(services: Services, **changed: Any) -> Settings:
    """Return the settings of the worker at Kafka."""
    found = services.environment("worker", "kafka")
    return Settings.model_validate(
        {name.removeprefix(LIVE).lower(): value for name, value in found.items()} | changed
    )


@pytest.mark.parametrize("wrong", ["password", "user"])
def test_a_wrong_password_does_not_get_in(secure: Services, wrong: str) -> None:
    with pytest.raises(Denied, match=r"the password of the user '[\w-]+' for Kafka at 127"):
        reach(settings(secure, **{f"kafka_{wrong}": WRONG}))


def test_nobody_gets_in_without_a_user(secure: Services) -> None:
    with pytest.raises(Denied, match="no user for Kafka at 127"):
        reach(settings(secure, kafka_user=""))


def test_without_encryption_nobody_gets_in(secure: Services) -> None:
    with pytest.raises(LiveError, match=r"wants TLS needs WORKBENCH_KAFKA_CA"):
        reach(settings(secure, kafka_ca=None))


def test_no_password_is_on_a_command_line_or_in_a_log(secure: Services) -> None:
    found = secure.environment()
    words = [value for name, value in found.items() if name.endswith("PASSWORD")]
    nodes = [node for service in secure.status() for node in service.nodes]

    lines = [
        argument
        for node in nodes
        for process in node.processes.values()
        for argument in psutil.Process(process.pid).cmdline()
    ]
    logs = [node.log.read_text() for node in nodes]
    assert len(words) == 3
    assert not [text for text in lines + logs for word in words if word in text]


def test_only_their_owner_can_read_files_with_passwords(secure: Services) -> None:
    found = secure.environment()
    words = [value.encode() for name, value in found.items() if name.endswith("PASSWORD")]

    holding = [
        path
        for path in secure.folder.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]
    assert holding
    assert {path.stat().st_mode & 0o077 for path in holding} == {0}


def rabbitmq(services: Services, authority: Path | str, word: str) -> pika.ConnectionParameters:
    where = services.environment()["WORKBENCH_RABBITMQ"]
    port = int(where.rpartition(":")[2].partition("/")[0])
    trusting = ssl.create_default_context(cafile=str(authority))
    return pika.ConnectionParameters(
        "127.0.0.1",
        port,
        credentials=pika.PlainCredentials("workbench", word),
        ssl_options=pika.SSLOptions(trusting, "127.0.0.1"),
    )


def test_rabbitmq_lets_its_user_in(secure: Services) -> None:
    found = secure.environment()
    authority, word = found["WORKBENCH_RABBITMQ_CA"], found["WORKBENCH_RABBITMQ_PASSWORD"]

    pika.BlockingConnection(rabbitmq(secure, authority, word)).close()

    trusting = ssl.create_default_context(cafile=authority)
    at = f"{found['WORKBENCH_RABBITMQ_API']}/api/whoami"
    assert httpx.get(at, auth=("workbench", word), verify=trusting).json()["name"] == "workbench"


def test_rabbitmq_refuses_a_wrong_password(secure: Services) -> None:
    authority = secure.environment()["WORKBENCH_RABBITMQ_CA"]

    with pytest.raises(ProbableAuthenticationError):
        pika.BlockingConnection(rabbitmq(secure, authority, WRONG))


def test_who_trusts_another_authority_refuses_rabbitmq(secure: Services, tmp_path: Path) -> None:
    other = make_certificates(tmp_path)

    with pytest.raises(ssl.SSLCertVerificationError):
        pika.BlockingConnection(rabbitmq(secure, other, "never sent"))


@contextmanager
def at_rabbitmq(services: Services, principal: str) -> Iterator[BlockingChannel]:
    """A channel of a principal, closed after it as far as it was not closed by a refusal."""
    found = services.environment(principal, "rabbitmq")
    values = {name.removeprefix(LIVE).lower(): value for name, value in found.items()}
    connection = connect(Settings.model_validate(values))
    try:
        yield connection.channel()
    finally:
        leave(connection)


def test_each_principal_of_rabbitmq_makes_what_it_needs_itself(secure: Services) -> None:
    for principal in QUEUES:
        found = secure.environment(principal, "rabbitmq")
        values = {name.removeprefix(LIVE).lower(): value for name, value in found.items()}
        settle(Settings.model_validate(values), Routes(f"{PREFIX}-{principal}"))


@pytest.mark.parametrize("principal", QUEUES)
@pytest.mark.parametrize(
    "tried",
    [
        lambda channel: channel.queue_declare("others"),
        lambda channel: channel.queue_declare("workbench.alertsand"),
        lambda channel: channel.exchange_declare("others"),
        lambda channel: channel.queue_bind(Routes("of").queue("high"), "amq.topic"),
        lambda channel: channel.basic_get("theirs"),
        lambda channel: channel.queue_purge("theirs"),
    ],
    ids=["a queue", "a name alike", "an exchange", "a binding", "a message", "emptying"],
)
def test_what_is_not_for_alerts_is_not_for_it(secure: Services, principal: str, tried: Any) -> None:
    with at_rabbitmq(secure, "desk") as channel:
        channel.queue_declare(Routes("of").queue("high"))
    administrator = secure.environment(None, "rabbitmq")
    authority = administrator["WORKBENCH_RABBITMQ_CA"]
    word = administrator["WORKBENCH_RABBITMQ_PASSWORD"]
    with closing(pika.BlockingConnection(rabbitmq(secure, authority, word))) as own:
        own.channel().queue_declare("theirs")

    with at_rabbitmq(secure, principal) as channel, pytest.raises(ChannelClosedByBroker) as caught:
        tried(channel)
    assert caught.value.reply_code == 403


def test_who_only_sends_alerts_parks_none(secure: Services) -> None:
    with at_rabbitmq(secure, "relay-alerts") as channel:
        channel.confirm_delivery()
        with pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"):
            channel.basic_publish("", "workbench.alerts.of.high", b"")


@pytest.mark.parametrize("principal", QUEUES)
def test_nobody_but_the_administrator_gives_rights(secure: Services, principal: str) -> None:
    found = secure.environment(principal, "rabbitmq")
    trusting = ssl.create_default_context(cafile=found["WORKBENCH_RABBITMQ_CA"])
    own = (principal, found["WORKBENCH_RABBITMQ_PASSWORD"])
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    at = f"{found['WORKBENCH_RABBITMQ_API']}/api/permissions/%2F/{principal}"

    assert httpx.put(at, json=everything, auth=own, verify=trusting).status_code == 401


def test_who_has_nothing_to_do_with_alerts_is_not_told_of_rabbitmq(secure: Services) -> None:
    assert {who for who in PRINCIPALS if secure.environment(who, "rabbitmq")} == set(QUEUES)


def test_redis_lets_its_user_in_and_nobody_else(secure: Services) -> None:
    found = secure.environment()
    options = {"ssl_ca_certs": found["WORKBENCH_REDIS_CA"]}
    word = found["WORKBENCH_REDIS_PASSWORD"]

    with client_of_redis.Redis.from_url(found["WORKBENCH_REDIS"], password=word, **options) as own:
        assert own.ping()
    with (
        client_of_redis.Redis.from_url(
            found["WORKBENCH_REDIS"], password=WRONG, **options
        ) as other,
        pytest.raises(client_of_redis.AuthenticationError),
    ):
        other.ping()
