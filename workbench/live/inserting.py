"""Rows into a table unless they are there: the same in SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row, Table


def insert_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> Sequence[Row[Any]]:
    """Insert rows whose primary key is not there, and return the keys of these.

    Examples
    --------
    >>> from sqlalchemy import Column, Integer, MetaData, Table, create_engine
    >>> table = Table("t", MetaData(), Column("id", Integer, primary_key=True))
    >>> with create_engine("sqlite://").begin() as connection:
    ...     table.create(connection)
    ...     insert_new(connection, table, [{"id": 1}]), insert_new(connection, table, [{"id": 1}])
    ([(1,)], [])
    """
    if not rows:
        return []
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).on_conflict_do_nothing()
    return connection.execute(statement.returning(*table.primary_key), list(rows)).all()
