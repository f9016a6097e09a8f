"""Pseudonyms in place of the ids of people, and times moved by a secret constant.

A pseudonym is the HMAC-SHA-256 (RFC 2104) of the column's name, a zero byte and the id, under a
key derived from the secret; of its hexadecimal digits the first 32 (128 bits) are kept. The same
id under the same secret is always the same pseudonym, so that streams of one hospital can be
joined; without the secret nobody can find the id by trying all of them.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import polars as pl

from workbench.durations import DAY
from workbench.streams.schema import EVENT_TIME, TIME

if TYPE_CHECKING:
    from workbench.streams.secret import Secret

DIGITS = 32
LONGEST_SHIFT = 366
"""Days."""


class Pseudonyms:
    """Replaces ids by pseudonyms.

    Parameters
    ----------
    secret
        What the keys are derived from.

    Examples
    --------
    >>> from workbench.streams.secret import Secret
    >>> pseudonyms = Pseudonyms(Secret(b"an example"))
    >>> pseudonyms.of("patient", "p000001")
    '2bc2872d6980f48ee9dfede85c5f65f8'
    >>> pseudonyms.column(pl.Series("patient", ["p000001", None])).to_list()
    ['2bc2872d6980f48ee9dfede85c5f65f8', None]
    """

    def __init__(self, secret: Secret) -> None:
        self._ids = secret.derive("pseudonyms")
        self._times = secret.derive("shifted times")

    def of(self, column: str, value: str) -> str:
        """Return the pseudonym of one id of a column."""
        return hmac.digest(self._ids, _message(column, value), hashlib.sha256).hex()[:DIGITS]

    def column(self, ids: pl.Series, name: str | None = None) -> pl.Series:
        """Return the pseudonyms of a column of ids, text; ``null`` stays.

        Parameters
        ----------
        ids
            Text, shape (n,).
        name
            The column's name in the case's schema, if it is not that of ``ids``.
        """
        name = name or ids.name
        different = ids.drop_nulls().unique()
        replaced = pl.Series([self.of(name, value) for value in different], dtype=pl.String)
        return ids.replace_strict(different, replaced, default=None, return_dtype=pl.String)

    def shift(self, column: str, value: str) -> int:
        """Return by how many microseconds the times of one entity are moved: never 0, always back.

        From 1 to 366 whole days: what happened when in the day, which matters for health, stays.
        """
        drawn = hmac.digest(self._times, _message(column, value), hashlib.sha256)
        return -DAY * (1 + int.from_bytes(drawn[:8]) % LONGEST_SHIFT)

    def shifted(self, rows: pl.DataFrame, by: str) -> pl.DataFrame:
        """Return rows with ``event_time`` and ``known_at`` moved by a constant for each entity.

        What lies between two times of one entity stays; what lies between times of two does not.

        Parameters
        ----------
        rows
            With ``event_time``, ``known_at`` and the entities' original ids.
        by
            Column of the entities.
        """
        different = rows[by].unique()
        moves = pl.Series([self.shift(by, value) for value in different], dtype=pl.Int64)
        by_row = pl.col(by).replace_strict(different, moves, return_dtype=pl.Int64)
        return rows.with_columns(
            (pl.col(name).to_physical() + by_row).cast(TIME) for name in (EVENT_TIME, "known_at")
        )


def _message(column: str, value: str) -> bytes:
    return f"{column}\0{value}".encode()
