"""How a producer goes on with a transaction when the broker that keeps it is lost."""

from __future__ import annotations

import time

from kafka.errors import KafkaConnectionError
from kafka.net.compat import KafkaNetClient

#: How long it waits before it looks for the broker again (s).
BACKOFF = 0.1


class TransactionalClient(KafkaNetClient):  # type: ignore[misc]  # kafka-python has no types
    """The connections of a transactional producer.

    The producer of kafka-python 3.0 asks whether a transaction's coordinator can be reached. Where
    it hears that it cannot, it looks for another one; where it gets an exception in place of the
    answer, which is what happens when the connection is refused, it forgets the request and waits
    for its end without limit. Here it gets the answer.
    """

    def await_ready(self, node_id: int | str, timeout_ms: float = 30_000) -> bool:
        """Return whether a node can be reached within a time."""
        try:
            return bool(super().await_ready(node_id, timeout_ms))
        except KafkaConnectionError:
            time.sleep(BACKOFF)
            return False
