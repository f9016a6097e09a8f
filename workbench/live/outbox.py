"""What a worker writes: scores, alerts and input offsets in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.live import clients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka import KafkaConsumer, KafkaProducer

    from workbench.live.place import Place
    from workbench.live.settings import Settings

#: How long a transaction may take before the process leaves (s): its calls may wait for ever.
PATIENCE = 6.0
#: Messages go out when so many bytes have come together, after so long (ms), or at the end of their
#: transaction: few large requests cost much less than many small ones.
TOGETHER, LINGER = 1 << 18, 200
#: How often it is tried to open a producer, and how long each time (s).
ATTEMPTS, OPENING = 8, 3


class Fenced(WorkbenchError):
    """A transaction failed: somebody took the producer's name, or a broker was lost."""

    exit_code = clients.LEAVE


class Outbox:
    """A transactional producer.

    Parameters
    ----------
    settings
        Where the brokers are.
    name
        The transactional id: of several processes with one name, the last one started writes.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings, self._name = settings, name
        self._counts: dict[str, int] = {}
        self._waiting: list[tuple[str, Sequence[bytes | None], Sequence[bytes]]] = []
        with clients.translated(settings, f"the transactional id {name}"):
            self.producer = _opened(settings, name)

    def put(self, topic: str, keys: Sequence[bytes | None], values: Sequence[bytes]) -> None:
        """Let messages wait for the next transaction."""
        if values:
            self._waiting.append((topic, keys, values))

    def waiting(self, topic: str | None = None) -> int:
        """Return how many messages wait, of one topic or of all."""
        return sum(len(values) for of, _, values in self._waiting if topic in (None, of))

    def commit(self, place: Place, consumer: KafkaConsumer) -> None:
        """Write what waits and the place up to which input was read, all or nothing.

        Raises
        ------
        Fenced
            If anything fails. Whether it was committed is then known only to the brokers: the
            successor asks them.
        Denied
            If a right is missing.
        """
        from kafka.errors import KafkaError

        try:
            with clients.watchdog(PATIENCE, "a transaction"):
                self.producer.begin_transaction()
                for topic, keys, values in self._waiting:
                    self._send(topic, keys, values)
                # Without it, the first commit would end the lingering for good: kafka-python 3.0
                # begins to flush then what is left, and goes on with it ever after.
                self.producer.flush()
                group = consumer.group_metadata()
                self.producer.send_offsets_to_transaction(place.to_kafka(), group)
                self.producer.commit_transaction()
        except KafkaError as error:
            if refused := clients.denied(self._settings, f"writing as {self._name}", error):
                raise refused from error
            raise Fenced(f"a transaction failed ({type(error).__name__})") from error
        self._waiting.clear()

    def _send(self, topic: str, keys: Sequence[bytes | None], values: Sequence[bytes]) -> None:
        if topic not in self._counts:
            self._counts[topic] = len(self.producer.partitions_for(topic))
        send, partition_of, count = self.producer.send, clients.partition_of, self._counts[topic]
        for key, value in zip(keys, values, strict=True):
            send(topic, value, key, None, None if key is None else partition_of(key, count))

    def close(self) -> None:
        """Leave the brokers."""
        self.producer.close(timeout=2)


def _opened(settings: Settings, name: str) -> KafkaProducer:
    """Return a producer that has ended what others of its name had begun.

    One that is opened just after a broker's death may wait in vain, where the next one does not.
    """
    from kafka.errors import KafkaTimeoutError

    from workbench.live.transactional import TransactionalClient

    for attempt in range(ATTEMPTS):
        producer = clients.producer(
            settings,
            transactional_id=name,
            client_id=name,
            kafka_client=TransactionalClient,
            linger_ms=LINGER,
            batch_size=TOGETHER,
            transaction_timeout_ms=15_000,
            delivery_timeout_ms=12_000,
            request_timeout_ms=5_000,
            max_block_ms=OPENING * 1000,
        )
        try:
            producer.init_transactions()
        except KafkaTimeoutError:
            producer.close(timeout=0)
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return producer
    raise AssertionError("the last attempt returns or raises")
