"""Any work on a database, done once for each message id.

The id is remembered in the transaction of the work itself, so that either both are kept or
neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, String, Table

from workbench.live.inserting import insert_new

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

    from workbench.live.consumer import Message

METADATA = MetaData()
INBOX = Table(
    "workbench_inbox",
    METADATA,
    Column("consumer", String(200), primary_key=True),
    Column("message_id", String(200), primary_key=True),
)


def once(
    engine: Engine, consumer: str, work: Callable[[Connection, Sequence[Message]], None]
) -> Callable[[Sequence[Message]], None]:
    """Return work that a message comes to once, however often it is delivered.

    Parameters
    ----------
    engine
        The database, in which the table ``workbench_inbox`` is made.
    consumer
        Who works: each consumer has its own memory.
    work
        Called within a transaction with the messages that it has not seen, if there are any.
        Whatever it raises undoes its work and the memory of it.

    Examples
    --------
    >>> from sqlalchemy import create_engine
    >>> from workbench.live.consumer import Message
    >>> message = Message("7", "fraud.high", b"{}", {}, 1)
    >>> work = once(create_engine("sqlite://"), "printer", lambda _, new: print(len(new)))
    >>> work([message, message])
    1
    >>> work([message])
    """
    METADATA.create_all(engine)

    def do(messages: Sequence[Message]) -> None:
        by_id = {message.id: message for message in messages}
        with engine.begin() as connection:
            rows = [{"consumer": consumer, "message_id": identity} for identity in by_id]
            new = {row.message_id for row in insert_new(connection, INBOX, rows)}
            if fresh := [message for identity, message in by_id.items() if identity in new]:
                work(connection, fresh)

    return do
