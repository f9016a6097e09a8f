"""The first words with a Kafka broker: whether it wants a user, and whether it knows ours.

kafka-python does not tell. A broker that refuses a password says so and hangs up, and where both
come in one reading, kafka-python drops the words and tries again, until its time is over and the
cause is lost: on a busy machine every time. Here the answer is read before anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

MECHANISM = "SCRAM-SHA-256"
#: Versions of the two requests that every broker since Kafka 1.0 has.
_VERSION = 1
#: An answer to these requests has a few hundred bytes; what claims to be longer is none.
_LARGEST = 1 << 16


def greet(connection: socket.socket, user: str = "", password: str = "") -> None:
    """Introduce oneself to a broker over a connection that is open; it is of no more use then.

    Parameters
    ----------
    connection
        To the broker, with TLS where it wants that, and with a time-out.
    user, password
        Who; nobody if empty.

    Raises
    ------
    kafka.errors.SaslAuthenticationFailedError
        If the broker knows no such user and password, or wants some and there are none.
    kafka.errors.IllegalSaslStateError
        If there is a user, and the broker wants none.
    kafka.errors.UnsupportedSaslMechanismError
        If the broker asks for users in another way than by SCRAM-SHA-256.
    kafka.errors.KafkaProtocolError
        If what answers is no broker, or does not know the password either.
    OSError
        If it does not answer in time, or hangs up without a word.
    """
    from kafka.errors import IllegalSaslStateError, SaslAuthenticationFailedError
    from kafka.protocol.sasl import SaslHandshakeRequest

    said = _Conversation(connection)
    try:
        said.ask(SaslHandshakeRequest(MECHANISM, version=_VERSION))
    except IllegalSaslStateError:
        if user:
            raise
        return  # it asks nobody who he is
    if not user:
        raise SaslAuthenticationFailedError("a user and a password are wanted")
    _prove(said, user, password)


def _prove(said: _Conversation, user: str, password: str) -> None:
    """Let the broker see that we know the password, and see that it does as well."""
    from kafka.errors import KafkaProtocolError
    from kafka.net.sasl import get_sasl_mechanism
    from kafka.protocol.sasl import SaslAuthenticateRequest

    ours = get_sasl_mechanism(MECHANISM)(
        sasl_mechanism=MECHANISM, sasl_plain_username=user, sasl_plain_password=password
    )
    while not ours.is_done():
        answer = said.ask(SaslAuthenticateRequest(ours.auth_bytes(), version=_VERSION))
        try:
            ours.receive(answer.auth_bytes)
        except (ValueError, KeyError) as error:
            raise KafkaProtocolError(f"SCRAM: {error}") from error


class _Conversation:
    """Requests one after the other, each with its answer."""

    def __init__(self, connection: socket.socket) -> None:
        from kafka.protocol.parser import KafkaProtocol

        self._connection = connection
        self._protocol = KafkaProtocol(client_id="workbench", receive_message_max_bytes=_LARGEST)

    def ask(self, request: Any) -> Any:
        """Return the answer; raise the error that it holds."""
        from kafka.errors import NoError, for_code

        self._protocol.send_request(request)
        self._connection.sendall(self._protocol.send_bytes())
        answers: list[Any] = []
        while not answers:
            received = self._connection.recv(4096)
            if not received:
                raise ConnectionResetError("hung up without an answer")
            answers = self._protocol.receive_bytes(received)
        answer = answers[0][1]
        kind = for_code(answer.error_code)
        if kind is not NoError:
            raise kind(getattr(answer, "error_message", None) or "")
        return answer
