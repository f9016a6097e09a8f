"""A simulated shop whose truth is known: what visitors want, what is there, what is lost.

Visitors have tastes that move; articles are launched, come into fashion and into season, are
delivered and sell out. What the shop knows of its stock lags behind, and sometimes misses a
change. That next clicks follow from earlier ones in a few ways (variants, complements,
departments, habits) is a simplification: use it to compare and to learn, not to promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.cases.recommend.simulation import intents
from workbench.cases.recommend.simulation.assortment import DEPARTMENTS, STYLES
from workbench.cases.recommend.simulation.catalogue import Catalogue, stock_up, styles_in_fashion
from workbench.cases.recommend.simulation.demand import Demand
from workbench.cases.recommend.simulation.draws import DAY, Reals
from workbench.cases.recommend.simulation.frames import Frames, Spells
from workbench.cases.recommend.simulation.schedule import FASHIONS, ground_truth, is_outage
from workbench.cases.recommend.simulation.shop import opened, trade
from workbench.cases.recommend.simulation.supply import Supply
from workbench.cases.recommend.simulation.visitors import VISITORS, Visitors
from workbench.cases.recommend.simulation.walk import shelf, walk
from workbench.detectors.recommender import PURCHASE
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workbench.streams.writer import StreamWriter

START = datetime(2025, 3, 3, tzinfo=UTC)
"""A Monday."""
_DAYS, _SCALE = (1, 3650), (0.01, 200.0)
_PIECES = 0.1
"""Pieces that are sold a day for each visitor there is, for the shop's first orders."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """What some days add to a stream.

    Parameters
    ----------
    days
        Days simulated so far.
    events
        In total order, in the columns of the case's schema.
    stock
        ``time``, ``item``, ``on_hand``: each change of the true stock level, in order of time.
    lost
        ``time``, ``session``, ``visitor``, ``item``, ``quantity``, ``reason``: what would have
        been bought, and why it was not: the item was ``out`` and shown so; it was ``out, not
        known``; or it was ``in stock, not known``.
    outages
        ``item``, ``sold_out``, ``told`` (when the feed said so) and ``back`` of the sold-out
        spells that ended; with the last days also of those that did not.
    """

    days: int
    events: pl.DataFrame
    stock: pl.DataFrame
    lost: pl.DataFrame
    outages: pl.DataFrame


def simulate(
    writer: StreamWriter,
    *,
    days: int = 60,
    seed: int = 0,
    scale: float = 1.0,
    start: datetime = START,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a simulated stream: events and ground truth.

    Beside ``truth.json`` (drift, seasons, fashions, strikes, outages of the feed, launches) there
    are tables ``stock``, ``lost`` and ``outages`` as in :class:`Simulated`, and ``articles``.

    Parameters
    ----------
    writer
        Takes what is simulated.
    days, seed, scale, start
        As for :func:`generate`.
    progress
        Called with days done and days in all.

    Raises
    ------
    ParameterError
        As for :func:`generate`.
    """
    for part in generate(days=days, seed=seed, scale=scale, start=start):
        writer.events(part.events)
        writer.truth_table("stock", part.stock)
        writer.truth_table("lost", part.lost)
        writer.truth_table("outages", part.outages)
        if progress is not None:
            progress(part.days, days)
    shop = stock_up(seed, scale, days, start.weekday())
    writer.truth_table("articles", Frames(shop, 0, int(start.timestamp())).articles())
    styles = [STYLES[s] for s in styles_in_fashion(seed, len(FASHIONS))]
    writer.truth = ground_truth(start, days, styles, shop.launches())


def generate(
    *,
    days: int = 60,
    seed: int = 0,
    scale: float = 1.0,
    start: datetime = START,
    rows: int = 50_000,
) -> Iterator[Simulated]:
    """Simulate a stream in parts of whole days; memory hardly grows with ``days``.

    The same parameters give the same stream. A longer stream does not begin like a shorter
    one: the days on which seasons and fashions begin and end are fractions of its length.

    Parameters
    ----------
    days
        Length of the stream, 1 to 3650.
    seed
        0 or more.
    scale
        Multiplies the visitors, 0.01 to 200; the articles grow with its square root. At 1 there
        are 5,000 visitors, about 600 articles and 5,600 events a day.
    start
        A midnight in UTC.
    rows
        A part is complete with the day that brings it to this many events. Changes nothing but
        the cut.

    Yields
    ------
    Simulated
        The parts in their order.

    Raises
    ------
    ParameterError
        If a parameter is outside its limits.

    Examples
    --------
    >>> first = next(generate(days=2, seed=1, scale=0.02))
    >>> first.events.columns[:6]
    ['event_id', 'event_time', 'session', 'visitor', 'item', 'kind']
    """
    _check(days, seed, scale, start)
    shop = stock_up(seed, scale, days, start.weekday())
    return _parts(_days(shop, days, seed, scale, start), days, rows)


def _check(days: int, seed: int, scale: float, start: datetime) -> None:
    if not _DAYS[0] <= days <= _DAYS[1]:
        raise ParameterError.of(
            f"days = {days}",
            allowed=f"a whole number from {_DAYS[0]} to {_DAYS[1]}",
            hint="leave it out for 60 days",
        )
    if seed < 0:
        raise ParameterError.of(
            f"seed = {seed}", allowed="a whole number from 0", hint="leave out the minus sign"
        )
    if not _SCALE[0] <= scale <= _SCALE[1]:
        raise ParameterError.of(
            f"scale = {scale}",
            allowed=f"a number from {_SCALE[0]:g} to {_SCALE[1]:g}",
            hint="leave it out for about 5,600 events a day",
        )
    if start.utcoffset() != timedelta(0) or start.timestamp() % DAY:
        raise ParameterError.of(
            f"start = {start.isoformat()}",
            allowed="a midnight in UTC",
            hint="write for instance 2025-03-03T00:00:00Z",
        )


def _days(
    shop: Catalogue, days: int, seed: int, scale: float, start: datetime
) -> Iterator[Simulated]:
    """Yield each day by itself."""
    demand, popularity = Demand(shop, seed, days), np.exp(shop.appeal)
    people = Visitors(seed, scale, _by_department(shop, popularity))
    there = popularity[shop.launched == 0].sum()
    supply = Supply(shop, seed, days, popularity / there * _PIECES * VISITORS * scale)
    frames, spells = Frames(shop, people.count, int(start.timestamp())), Spells()
    stock, initial = opened(shop.articles), supply.initial()
    first, last = shop.first[shop.family], shop.last[shop.family]
    events = sessions = 0
    for day in range(days):
        new = np.flatnonzero(shop.launched == day)
        stock.true[new], stock.changed[new] = initial[new], 1
        weights = demand.day(day)
        visits = people.day(day, (start.weekday() + day) % 7, _by_department(shop, weights))
        articles = walk(shelf(shop, weights), people, visits, seed, day)
        steps, agenda = intents.plan(
            shop,
            visits,
            articles,
            supply.day(day, stock.true),
            seed,
            day,
            outage=is_outage(day, days),
        )
        log = trade(steps, agenda, stock, first, last, seed, day)
        bought = log.events[log.events[:, 1] == PURCHASE]
        people.remember(visits.visitor[bought[:, 2]], bought[:, 3])
        supply.learn(day, np.bincount(bought[:, 3], bought[:, 4], shop.articles).astype(np.int64))
        begun = np.stack([np.zeros_like(new), new, initial[new]], axis=1)
        ended = spells.add(log.outages, day)
        if day + 1 == days:
            ended = np.concatenate([ended, spells.open()])
        who = sessions, visits.visitor, visits.known
        yield Simulated(
            day + 1,
            frames.events(log.events, events, day, *who),
            frames.levels(np.concatenate([begun, log.levels]), day),
            frames.lost(log.lost, day, *who),
            frames.outages(ended),
        )
        events += len(log.events)
        sessions += len(visits)


def _by_department(shop: Catalogue, weights: Reals) -> Reals:
    return np.bincount(shop.department, weights, len(DEPARTMENTS)).astype(np.float64)


def _parts(each: Iterator[Simulated], days: int, rows: int) -> Iterator[Simulated]:
    """Gather days into parts."""
    waiting: list[Simulated] = []
    for day in each:
        waiting.append(day)
        if sum(d.events.height for d in waiting) >= rows or day.days == days:
            yield Simulated(
                day.days,
                pl.concat([d.events for d in waiting]),
                pl.concat([d.stock for d in waiting]),
                pl.concat([d.lost for d in waiting]),
                pl.concat([d.outages for d in waiting]),
            )
            waiting = []
