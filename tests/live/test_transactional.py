"""A transactional producer is told that a broker is gone, and looks for another one."""

from __future__ import annotations

import socket

import pytest
from kafka.errors import KafkaConnectionError
from kafka.net.compat import KafkaNetClient

from workbench.live.transactional import TransactionalClient


@pytest.fixture
def nobody() -> str:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"127.0.0.1:{port}"


def test_that_a_broker_is_gone_is_an_answer(nobody: str) -> None:
    client = TransactionalClient(bootstrap_servers=nobody)
    assert client.await_ready("bootstrap-0", 2_000) is False
    client.close()


def test_kafka_python_raises_where_it_expects_that_answer(nobody: str) -> None:
    client = KafkaNetClient(bootstrap_servers=nobody)
    with pytest.raises(KafkaConnectionError):
        client.await_ready("bootstrap-0", 2_000)
    client.close()
