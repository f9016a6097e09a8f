"""What a broker answers to the first words is heard, however it comes."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from kafka.errors import (
    IllegalSaslStateError,
    KafkaProtocolError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

from workbench.live.clients import LiveError, reach
from workbench.live.greeting import MECHANISM, greet
from workbench.live.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server

WRONG = "not-the-password"
REFUSED, ILLEGAL, UNSUPPORTED = 58, 34, 33


def framed(number: int, body: bytes) -> bytes:
    """An answer as it comes over the network, to the request of that number."""
    return struct.pack(">ii", 4 + len(body), number) + body


def handshake(error: int = 0) -> bytes:
    name = MECHANISM.encode()
    return framed(1, struct.pack(">hih", error, 1, len(name)) + name)


def refusal() -> bytes:
    said = b"invalid credentials"
    return framed(2, struct.pack(">hh", REFUSED, len(said)) + said + struct.pack(">iq", 0, 0))


def heard(*answers: bytes, user: str = "worker") -> None:
    """Greet a broker that gives these answers, and hangs up with the last one."""
    ours, theirs = socket.socketpair()

    def answer() -> None:
        with theirs:
            for one in answers:
                theirs.recv(4096)
                theirs.sendall(one)

    answering = threading.Thread(target=answer)
    with ours:
        ours.settimeout(10)
        answering.start()
        greet(ours, user, WRONG if user else "")
    answering.join(10)


def test_a_refusal_is_heard_though_the_broker_hangs_up_at_once() -> None:
    with pytest.raises(SaslAuthenticationFailedError, match="invalid credentials"):
        heard(handshake(), refusal())


def test_who_is_nobody_where_users_are_wanted_is_refused() -> None:
    with pytest.raises(SaslAuthenticationFailedError, match="a user and a password are wanted"):
        heard(handshake(), user="")


def test_nobody_is_welcome_where_no_users_are_wanted() -> None:
    heard(handshake(ILLEGAL), user="")


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([handshake(ILLEGAL)], IllegalSaslStateError),
        ([handshake(UNSUPPORTED)], UnsupportedSaslMechanismError),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], KafkaProtocolError),
        ([handshake(), framed(2, struct.pack(">hhiq", 0, -1, 0, 0))], KafkaProtocolError),
        ([b""], ConnectionResetError),
        ([handshake(), b""], ConnectionResetError),
    ],
    ids=["no users here", "other users", "another protocol", "no proof", "no word", "half a word"],
)
def test_what_is_wrong_is_told_apart(answers: list[bytes], error: type[Exception]) -> None:
    with pytest.raises(error):
        heard(*answers)


@contextmanager
def something_else() -> Iterator[str]:
    """A server that speaks no Kafka; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with suppress(OSError), listening.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        answering.join(10)


def test_a_server_that_is_no_broker_is_said() -> None:
    with something_else() as address, pytest.raises(LiveError, match="does not answer as a Kafka"):
        reach(Settings(kafka=address))


def test_a_broker_without_users_lets_nobody_in_and_says_that_of_users(kafka: Server) -> None:
    reach(kafka.settings)
    known = Settings.model_validate(
        kafka.settings.model_dump() | {"kafka_user": "worker", "kafka_password": WRONG}
    )

    with pytest.raises(LiveError, match=r"the user 'worker' .* which wants no users") as caught:
        reach(known)
    assert WRONG not in str(caught.value)
