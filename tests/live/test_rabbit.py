"""Connections to RabbitMQ: encrypted, as a user with rights, and what is said where not."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from alert_examples import Host
from servers import Server

from workbench.errors import ParameterError, ServiceError
from workbench.live.clients import Away, LiveError
from workbench.live.rabbit import Pauses, addresses, connect
from workbench.live.routes import Routes, nodes, settle
from workbench.live.services import Services
from workbench.live.services.certificates import make_certificates
from workbench.live.services.kinds import kind
from workbench.live.settings import Settings
from workbench.live.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A node that speaks TLS alone."""
    try:
        kind("rabbitmq").require()
    except ServiceError as error:
        pytest.skip(str(error))
    services = Services(tmp_path_factory.mktemp("secure"))
    with services.running("rabbitmq", secure=True):
        yield Server("rabbitmq", services.environment(None, "rabbitmq"), services)


def changed(server: Server, **changes: object) -> Settings:
    return Settings.model_validate(server.settings.model_dump() | changes)


def test_a_connection_by_tls_is_one(secure: Server) -> None:
    assert secure.settings.rabbitmq.startswith("amqps://")
    settle(secure.settings, Routes("fraud"))
    assert nodes(secure.settings) == 1


def test_a_certificate_of_another_authority_is_refused(secure: Server, tmp_path: Path) -> None:
    other = make_certificates(tmp_path)
    with pytest.raises(LiveError, match=r"the certificate of RabbitMQ at 127\.0\.0\.1"):
        connect(changed(secure, rabbitmq_ca=other))


def test_a_certificate_that_has_expired_is_refused(tmp_path: Path) -> None:
    authority, folder = make_certificates(tmp_path, -1), tmp_path
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with listening.accept()[0] as plain, suppress(ssl.SSLError, OSError):
                context.wrap_socket(plain, server_side=True).close()

        answering = threading.Thread(target=answer)
        answering.start()
        address = f"amqps://u@127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(LiveError, match="certificate has expired"):
            connect(Settings(rabbitmq=address, rabbitmq_ca=authority))
        answering.join(10)


def test_speaking_tls_to_a_port_that_does_not_is_said(rabbitmq: Server) -> None:
    address = rabbitmq.settings.rabbitmq.replace("amqp://", "amqps://")
    with pytest.raises(LiveError, match="TLS with RabbitMQ at"):
        connect(changed(rabbitmq, rabbitmq=address))


def test_speaking_plainly_to_a_port_that_wants_tls_is_said(secure: Server) -> None:
    address = secure.settings.rabbitmq.replace("amqps://", "amqp://")
    with pytest.raises(LiveError, match="RabbitMQ at"):
        connect(changed(secure, rabbitmq=address))


def test_a_missing_right_is_said(rabbitmq: Server, topics: str) -> None:
    host = Host.made(rabbitmq.environment, topics)
    host.api("PUT", f"users/{topics}", {"password": "enough", "tags": "monitoring"})
    host.api(
        "PUT",
        f"permissions/{topics}/{topics}",
        {"configure": "^$", "write": ".*", "read": ".*"},
    )
    address = host.settings.rabbitmq.replace("workbench@", f"{topics}@")
    weak = Settings.model_validate(
        host.settings.model_dump() | {"rabbitmq": address, "rabbitmq_password": "enough"}
    )
    with pytest.raises(LiveError, match="a right is missing"):
        settle(weak, Routes("fraud"))


def test_an_http_api_that_does_not_answer_is_said(rabbitmq: Server) -> None:
    with pytest.raises(LiveError, match="without it, new queues are classic ones"):
        nodes(changed(rabbitmq, rabbitmq_api="http://127.0.0.1:1"))


def test_an_http_api_that_refuses_is_said_in_one_paragraph(rabbitmq: Server) -> None:
    with pytest.raises(LiveError, match="401 Unauthorized") as caught:
        nodes(changed(rabbitmq, rabbitmq_password="no"))  # noqa: S106 - nobody's
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["kafka://h", "amqp://u:hunter2@h", "amqp://h:port", "amqp:///x", "h:5672"]
)
def test_an_address_that_is_none_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(ParameterError, match="allowed is amqp://user@host:port/vhost") as caught:
        addresses(Settings(rabbitmq=address))
    assert "hunter2" not in str(caught.value)


def test_pauses_grow_and_end_when_the_work_is_to_end() -> None:
    stop = Stop()
    pauses = Pauses("it")
    assert not pauses.wait(stop)
    stop.ask()
    assert pauses.wait(stop)


def test_where_nothing_answers_it_may_later() -> None:
    with pytest.raises(Away, match="where nothing answers"):
        connect(Settings(rabbitmq="amqp://u@127.0.0.1:1"))


def test_of_several_addresses_the_next_one_is_tried_where_nothing_answers(
    rabbitmq: Server,
) -> None:
    several = f"amqp://workbench@127.0.0.1:1,{rabbitmq.settings.rabbitmq}"

    settle(changed(rabbitmq, rabbitmq=several), Routes("several"))
    with closing(connect(changed(rabbitmq, rabbitmq=several))) as connection:
        assert connection.is_open


def test_where_none_of_several_answers_the_first_is_said() -> None:
    with pytest.raises(Away, match=r"RabbitMQ at 127\.0\.0\.1:1, where nothing answers"):
        connect(Settings(rabbitmq="amqp://u@127.0.0.1:1,amqp://u@127.0.0.1:2"))


def test_a_wrong_password_is_not_tried_at_the_next_address(rabbitmq: Server) -> None:
    several = f"{rabbitmq.settings.rabbitmq},amqp://u@127.0.0.1:1"
    with pytest.raises(LiveError, match=r"the password of the user 'workbench' for RabbitMQ at"):
        connect(changed(rabbitmq, rabbitmq=several, rabbitmq_password="no"))  # noqa: S106 - nobody's


def test_the_next_http_api_is_asked_where_one_does_not_answer(rabbitmq: Server) -> None:
    several = f"http://127.0.0.1:1,{rabbitmq.settings.rabbitmq_api}"

    assert nodes(changed(rabbitmq, rabbitmq_api=several)) == 1
