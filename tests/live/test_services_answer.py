"""Each server does what it is for, with the settings that its service prints."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import httpx
import pika
import psycopg
import redis as client_of_redis
from kafka.errors import KafkaError
from kafka.structs import TopicPartition
from servers import Server, until

from workbench.live import clients
from workbench.live.services import Services
from workbench.live.topics import Topics, create

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.live.settings import Settings


def committed(settings: Settings, topic: str, count: int) -> list[bytes]:
    """Write messages in one transaction; return what was committed to the topic's first part."""
    producer = clients.producer(settings, transactional_id=f"writes-{topic}")
    producer.init_transactions()
    producer.begin_transaction()
    for number in range(count):
        producer.send(topic, str(number).encode(), partition=0)
    producer.commit_transaction()
    producer.close()
    consumer = clients.consumer(settings, consumer_timeout_ms=20_000)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    found = [message.value for message in islice(consumer, count)]
    consumer.close()
    return found


def serving(settings: Settings) -> set[int]:
    """Return the brokers that their controller holds for alive; none while that is unclear."""
    try:
        with clients.admin(settings) as admin:
            brokers = admin.describe_cluster()["brokers"]
    except KafkaError:
        return set()
    return {broker["broker_id"] for broker in brokers if not broker["is_fenced"]}


def test_kafka_commits_transactions_and_serves_them(kafka: Server, topics: str) -> None:
    create(kafka.settings, Topics(topics), partitions=1)

    assert committed(kafka.settings, f"{topics}.scores", 3) == [b"0", b"1", b"2"]


def test_of_three_brokers_one_may_die_and_come_back(tmp_path: Path) -> None:
    with Services(tmp_path).running("kafka", brokers=3) as services:
        cluster = Server("kafka", services.environment(), services).settings
        assert create(cluster, Topics("three"), partitions=1)
        services.kill("kafka", 0)
        # Whoever comes before that may be sent to the dead one, and waits for it in vain.
        until(lambda: serving(cluster) == {2, 3})

        assert len(committed(cluster, "three.scores", 10)) == 10

        services.start("kafka", 0)
        until(lambda: serving(cluster) == {1, 2, 3})


def test_rabbitmq_keeps_a_message_until_it_is_acknowledged(rabbitmq: Server) -> None:
    found = rabbitmq.settings
    word = found.rabbitmq_password.get_secret_value()
    connection = pika.BlockingConnection(
        pika.URLParameters(found.rabbitmq.replace("@", f":{word}@"))
    )
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("test", durable=True)

    channel.basic_publish("", "test", b"alert", mandatory=True)
    method, _, body = channel.basic_get("test")

    assert (body, method.message_count) == (b"alert", 0)
    channel.queue_delete("test")
    connection.close()


def test_rabbitmq_tells_its_queues_over_http(rabbitmq: Server) -> None:
    found = rabbitmq.settings
    user = ("workbench", found.rabbitmq_password.get_secret_value())

    answer = httpx.get(f"{found.rabbitmq_api}/api/overview", auth=user)

    assert answer.json()["node"] == "workbench@localhost"
    assert httpx.get(f"{found.rabbitmq_api}/api/overview").status_code == 401


def test_search_engines_find_what_they_were_given(search_engines: Server) -> None:
    at = search_engines.settings.search

    httpx.put(f"{at}/services-test/_doc/1?refresh=true", json={"entity": "card 7"})
    found = httpx.get(f"{at}/services-test/_search", params={"q": "entity:7"}).json()
    httpx.delete(f"{at}/services-test")

    assert found["hits"]["total"]["value"] == 1


def test_search_engines_say_which_they_are(search_engines: Server) -> None:
    version = httpx.get(search_engines.settings.search).json()["version"]

    assert version.get("distribution", "elasticsearch") == search_engines.name


def test_redis_remembers(redis: Server) -> None:
    with client_of_redis.Redis.from_url(redis.settings.redis) as client:
        client.set("services-test", "1", ex=60)

        assert client.get("services-test") == b"1"


def test_the_desk_has_a_database(postgresql: Server) -> None:
    found = postgresql.settings
    with psycopg.connect(
        found.database.replace("+psycopg", ""), password=found.database_password.get_secret_value()
    ) as connection:
        row = connection.execute("SELECT current_database(), current_user").fetchone()

    assert row == ("desk", "workbench")


def test_prometheus_knows_the_alert_rules_of_the_project(prometheus: Server) -> None:
    found = httpx.get(f"{prometheus.settings.prometheus}/api/v1/rules").json()

    assert found["status"] == "success"
    assert found["data"]["groups"]
