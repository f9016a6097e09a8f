"""Numbers as the text and the types of the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.cases.recommend.schema import SCHEMA
from workbench.cases.recommend.simulation.assortment import DEPARTMENTS, STYLES
from workbench.cases.recommend.simulation.catalogue import CLEARANCE
from workbench.cases.recommend.simulation.draws import DAY, NONE
from workbench.cases.recommend.simulation.shop import BACK, REASONS, SOLD_OUT
from workbench.detectors.recommender import KINDS, STOCK
from workbench.streams.schema import EVENT_ID, EVENT_TIME, TIME

if TYPE_CHECKING:
    from workbench.cases.recommend.simulation.catalogue import Catalogue
    from workbench.cases.recommend.simulation.draws import Flags, Ints

_REDUCED = 0.7
"""What an article costs in clearance, as a share of its price."""
_EVENT, _SESSION, _VISITOR, _FAMILY = 10, 9, 7, 5
"""Digits of ids: enough for the longest stream at the largest scale."""


class Frames:
    """Writes what happened as frames of the stream.

    Parameters
    ----------
    shop
        The articles.
    visitors
        How many there are.
    start
        Seconds since the epoch.

    Examples
    --------
    >>> from workbench.cases.recommend.simulation.catalogue import stock_up
    >>> shop = stock_up(seed=0, scale=0.01, days=60, weekday=0)
    >>> Frames(shop, 10, 0).articles().columns
    ['item', 'title', 'department', 'style', 'family', 'launched', 'last_ordered', 'offered_until']
    """

    def __init__(self, shop: Catalogue, visitors: int, start: int) -> None:
        self._shop = shop
        self._start = start
        self._item = pl.Series(shop.number).cast(pl.String)
        self._title = pl.Series(shop.titles())
        self._visitor = _coded("V", np.arange(visitors), _VISITOR)
        self._kind = pl.Series(KINDS)
        self._reduced = np.rint(shop.price * _REDUCED).astype(np.int64)

    def events(
        self, rows: Ints, number: int, day: int, session: int, visitor: Ints, known: Flags
    ) -> pl.DataFrame:
        """Return a day's events in the columns of the case's schema.

        Parameters
        ----------
        rows
            As in :class:`~workbench.cases.recommend.simulation.shop.Log`.
        number, day
            Of the first event, and of the day.
        session
            Number of the day's first visit.
        visitor, known
            By visit: who it is, and whether the shop knows.
        """
        second, kind, visit, article, pieces, level = rows.T
        price = np.where(day >= self._shop.ends, self._reduced, self._shop.price)[article]
        anybody = np.append(known, False)[visit]
        columns = {
            EVENT_ID: _padded(number + np.arange(len(rows)), _EVENT),
            EVENT_TIME: self._times(day, second),
            "session": _where(visit != NONE, _coded("S", session + visit, _SESSION)),
            "visitor": _where(anybody, self._visitor.gather(np.append(visitor, 0)[visit])),
            "item": self._item.gather(article),
            "kind": self._kind.gather(kind),
            "quantity": _where(pieces > 0, pl.Series(pieces)),
            "price": _where(kind != STOCK, pl.Series(price)),
            "on_hand": _where(level != NONE, pl.Series(level)),
            "title": self._title.gather(article),
        }
        return pl.DataFrame(columns, schema=SCHEMA.events)

    def levels(self, rows: Ints, day: int) -> pl.DataFrame:
        """Return a day's true levels: ``time``, ``item``, ``on_hand``."""
        second, article, level = rows.T
        return pl.DataFrame(
            {
                "time": self._times(day, second),
                "item": self._item.gather(article),
                "on_hand": pl.Series(level),
            }
        )

    def lost(self, rows: Ints, day: int, session: int, visitor: Ints, known: Flags) -> pl.DataFrame:
        """Return a day's lost demand: when, which visit, who, what, how many, and why."""
        second, visit, article, pieces, reason = rows.T
        return pl.DataFrame(
            {
                "time": self._times(day, second),
                "session": _coded("S", session + visit, _SESSION),
                "visitor": _where(known[visit], self._visitor.gather(visitor[visit])),
                "item": self._item.gather(article),
                "quantity": pl.Series(pieces),
                "reason": pl.Series(REASONS).gather(reason),
            }
        )

    def outages(self, rows: Ints) -> pl.DataFrame:
        """Return sold-out spells: ``item``, ``sold_out``, ``told`` and ``back``.

        Parameters
        ----------
        rows
            Article and the three times in seconds since the beginning, -1 for never.
        """
        article, *times = rows.T
        names = ("sold_out", "told", "back")
        return pl.DataFrame(
            {"item": self._item.gather(article)}
            | {
                name: _where(time != NONE, self._times(0, time))
                for name, time in zip(names, times, strict=True)
            }
        )

    def articles(self) -> pl.DataFrame:
        """Return what there is to know of each article, in the order of their numbers."""
        shop = self._shop
        columns = {
            "item": self._item,
            "title": self._title,
            "department": pl.Series([d.name for d in DEPARTMENTS]).gather(shop.department),
            "style": pl.Series(STYLES).gather(shop.style),
            "family": _coded("F", shop.family, _FAMILY),
            "launched": _where(shop.launched > 0, self._times(shop.launched, 0)),
            "last_ordered": self._times(shop.ends, 0),
            "offered_until": self._times(shop.ends + CLEARANCE, 0),
        }
        return pl.DataFrame(columns)[np.argsort(shop.number)]

    def _times(self, day: int | Ints, second: int | Ints) -> pl.Series:
        seconds = self._start + np.asarray(day, np.int64) * DAY + second
        return pl.Series(seconds * 1_000_000, dtype=pl.Int64).cast(TIME)


class Spells:
    """Puts together when an article was sold out, when the feed told so, and when it was back.

    Examples
    --------
    >>> spells = Spells()
    >>> spells.add(np.array([[10, 7, SOLD_OUT], [20, 7, BACK], [30, 8, SOLD_OUT]]), day=0).tolist()
    [[7, 10, -1, 20]]
    >>> spells.open().tolist()
    [[8, 30, -1, -1]]
    """

    def __init__(self) -> None:
        self._open: dict[int, list[int]] = {}

    def add(self, rows: Ints, day: int) -> Ints:
        """Take in a day's outages as the shop's log has them; return the spells that ended."""
        ended = []
        for second, article, what in rows.tolist():
            time = day * DAY + second
            if what == SOLD_OUT:
                self._open[article] = [article, time, NONE, NONE]
            elif what == BACK:
                ended.append([*self._open.pop(article)[:3], time])
            else:
                self._open[article][2] = time
        return _spells(ended)

    def open(self) -> Ints:
        """Return the spells that have not ended, in the order of their beginnings."""
        return _spells(list(self._open.values()))


def _spells(rows: list[list[int]]) -> Ints:
    return np.array(rows, np.int64).reshape(-1, 4)


def _padded(number: Ints, digits: int) -> pl.Series:
    """Write numbers with leading zeros, so that their order as text is their order."""
    return pl.Series(number, dtype=pl.Int64).cast(pl.String).str.zfill(digits)


def _coded(letter: str, number: Ints, digits: int) -> pl.Series:
    return pl.select(pl.lit(letter) + _padded(number, digits)).to_series()


def _where(keep: Flags, values: pl.Series) -> pl.Series:
    """Return the values where ``keep`` is true, ``null`` elsewhere."""
    return pl.select(pl.when(pl.Series(keep)).then(values)).to_series()
