"""What becomes of it: true stock, what is known of it, what is sold, and what is lost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from workbench.cases.recommend.simulation.draws import DAY, NONE, Ints, Reals, generator
from workbench.cases.recommend.simulation.intents import (
    CART,
    COUNT,
    DELIVERY,
    FEED,
    FEED_EVERY,
    LOSS,
    ORDER,
    VIEW,
    WITHDRAWAL,
    Agenda,
    Steps,
)
from workbench.detectors.recommender import CART as CART_ADDED
from workbench.detectors.recommender import PURCHASE, STOCK
from workbench.detectors.recommender import VIEW as VIEWED

PART = 6
REASONS = ("out", "out, not known", "in stock, not known")
"""Why demand was lost: sold out and shown so, sold out unknown to the shop, or shown as sold out
though it was there."""
OUT, UNKNOWN, HIDDEN = range(3)
SOLD_OUT, TOLD, BACK = range(3)
"""What happens to an article that runs out: nothing is left, the feed says so, more arrives."""

_STILL_VIEWED, _VARIANT_INSTEAD = 0.25, 0.65
"""Running shares of what a visitor does where an article is shown as sold out."""
_MISSED, _SLOW = 0.12, 0.04
_LAG, _SLOW_LAG = 0.4, 96
"""A message takes one run of the feed and a geometric number more; a slow one up to so many."""
COUNTED_EVERY = 14
"""Days after which each article is counted again."""


class Stock(NamedTuple):
    """The state of the shop, by article; all int64.

    Attributes
    ----------
    true
        Pieces on hand.
    known
        Pieces as the feed last told; -1 before it told any.
    changed
        1 where the feed has not yet read a change.
    told, due
        What a message on its way says, and at which second it arrives; -1 where there is none.
    out
        1 while nothing is left, 2 from when the feed has said so.
    """

    true: Ints
    known: Ints
    changed: Ints
    told: Ints
    due: Ints
    out: Ints


class Log(NamedTuple):
    """Rows that a day fills, and how many of each: ``sizes`` are events, levels, lost, outages.

    Attributes
    ----------
    events
        Second, kind, visit (-1 for stock), article, pieces (0 where there are none), level (-1).
    levels
        Second, article, true level: each change.
    lost
        Second, visit, article, pieces, reason.
    outages
        Second, article, :data:`SOLD_OUT` … :data:`BACK`.
    """

    sizes: Ints
    events: Ints
    levels: Ints
    lost: Ints
    outages: Ints


def opened(articles: int) -> Stock:
    """Return the state of a shop that has nothing yet."""
    empty, nothing = np.zeros(articles, np.int64), np.full(articles, NONE)
    return Stock(empty, nothing, empty.copy(), nothing.copy(), nothing.copy(), empty.copy())


def trade(
    steps: Steps, agenda: Agenda, stock: Stock, first: Ints, last: Ints, seed: int, day: int
) -> Log:
    """Go through a day in order of time.

    A visitor who means to look at an article that is shown as sold out looks at it all the same,
    at a variant that is shown as in stock, or leaves it. Into the cart goes what is shown as in
    stock. At checkout counts what is truly there: no more is sold, and the rest is lost.

    The feed runs every five minutes: it reads the levels that changed and sends a message of
    each, which arrives some runs later or, now and then, never. Every two weeks each
    article is counted, and what is known is put right.

    Parameters
    ----------
    steps, agenda
        What is meant and due.
    stock
        Is brought up to date.
    first, last
        By article: the first of its family, and the one after its last.
    seed, day
        Of the stream.
    """
    articles, rows = stock.true.size, agenda.time.size
    changes = int(np.isin(agenda.what, (ORDER, DELIVERY, WITHDRAWAL)).sum())
    # Each change is told at most once, as is what was on its way or not yet read at midnight;
    # each article is counted at most once.
    told = changes + 2 * articles
    draws = generator(seed, PART, day).random((changes + articles, 3))
    log = Log(
        np.zeros(4, np.int64),
        np.empty((rows + told, 6), np.int64),
        np.empty((rows, 3), np.int64),
        np.empty((rows, 5), np.int64),
        np.empty((rows + told, 3), np.int64),
    )
    _trade(steps, agenda, stock, first, last, draws, day % COUNTED_EVERY, log)
    on_their_way = stock.due != NONE
    stock.due[on_their_way] -= DAY
    return Log(log.sizes, *(part[:n] for part, n in zip(log[1:], log.sizes.tolist(), strict=True)))


@njit(cache=True)
def _event(
    log: Log, time: int, kind: int, visit: int, article: int, pieces: int, level: int
) -> None:
    row = log.events[log.sizes[0]]
    row[0], row[1], row[2], row[3], row[4], row[5] = time, kind, visit, article, pieces, level
    log.sizes[0] += 1


@njit(cache=True)
def _lose(log: Log, stock: Stock, time: int, visit: int, article: int, pieces: int) -> None:
    reason = OUT if stock.known[article] == 0 else UNKNOWN
    if stock.true[article] > 0:
        reason = HIDDEN
    row = log.lost[log.sizes[2]]
    row[0], row[1], row[2], row[3], row[4] = time, visit, article, pieces, reason
    log.sizes[2] += 1


@njit(cache=True)
def _outage(log: Log, time: int, article: int, what: int) -> None:
    row = log.outages[log.sizes[3]]
    row[0], row[1], row[2] = time, article, what
    log.sizes[3] += 1


@njit(cache=True)
def _change(log: Log, stock: Stock, time: int, article: int, by: int) -> None:
    """Change a true level."""
    stock.true[article] += by
    level = stock.true[article]
    row = log.levels[log.sizes[1]]
    row[0], row[1], row[2] = time, article, level
    log.sizes[1] += 1
    if level == 0:
        stock.out[article] = 1
        _outage(log, time, article, SOLD_OUT)
    elif stock.out[article] > 0:
        stock.out[article] = 0
        _outage(log, time, article, BACK)


@njit(cache=True)
def _tell(log: Log, stock: Stock, time: int, article: int, level: int) -> None:
    """Let the feed say a level."""
    stock.known[article] = level
    _event(log, time, STOCK, NONE, article, 0, level)
    if level == 0 and stock.out[article] == 1:
        stock.out[article] = 2
        _outage(log, time, article, TOLD)


@njit(cache=True)
def _feed(log: Log, stock: Stock, time: int, draws: Reals, used: int) -> int:
    """Let messages arrive, and send new ones; return how many draws were used so far."""
    for article in range(len(stock.true)):
        if stock.due[article] != NONE and stock.due[article] <= time:
            _tell(log, stock, time, article, stock.told[article])
            stock.due[article] = NONE
        if stock.changed[article] and stock.due[article] == NONE:
            stock.changed[article] = 0
            draw = draws[used]
            used += 1
            if draw[0] < _MISSED and stock.known[article] != NONE:
                continue
            runs = 1 + int(np.log(1.0 - draw[1]) / np.log(1.0 - _LAG))
            if draw[0] > 1.0 - _SLOW:
                runs += int(draw[2] * _SLOW_LAG)
            stock.told[article] = stock.true[article]
            stock.due[article] = time + runs * FEED_EVERY
    return used


@njit(cache=True)
def _instead(stock: Stock, article: int, first: int, last: int) -> int:
    """Return the nearest variant that is shown as in stock; -1 where there is none."""
    for away in range(1, last - first):
        for other in (article - away, article + away):
            if first <= other < last and stock.known[other] > 0:
                return int(other)
    return NONE


@njit(cache=True)
def _trade(
    steps: Steps,
    agenda: Agenda,
    stock: Stock,
    first: Ints,
    last: Ints,
    draws: Reals,
    turn: int,
    log: Log,
) -> None:
    used = 0
    taken = np.full(len(steps.article), NONE)  # what a step came to look at
    carted = np.zeros(len(steps.article), np.bool_)
    for row in range(len(agenda.time)):
        time, what, subject = agenda.time[row], agenda.what[row], agenda.subject[row]
        if what == VIEW:
            article, visit = steps.article[subject], steps.visit[subject]
            if stock.known[article] == 0:
                luck, other = steps.luck[subject], NONE
                if _STILL_VIEWED <= luck < _VARIANT_INSTEAD:
                    other = _instead(stock, article, first[article], last[article])
                if other == NONE and steps.orders[subject]:
                    _lose(log, stock, time, visit, article, steps.pieces[subject])
                if other == NONE and luck >= _STILL_VIEWED:
                    continue
                article = article if other == NONE else other
            taken[subject] = article
            _event(log, time, VIEWED, visit, article, 0, NONE)
        elif what == CART:
            article = taken[subject]
            if article != NONE and stock.known[article] != 0:
                carted[subject] = True
                _event(
                    log,
                    time,
                    CART_ADDED,
                    steps.visit[subject],
                    article,
                    steps.pieces[subject],
                    NONE,
                )
        elif what == ORDER:
            if not carted[subject]:
                continue
            article, visit = taken[subject], steps.visit[subject]
            pieces = min(steps.pieces[subject], stock.true[article])
            if pieces > 0:
                _event(log, time, PURCHASE, visit, article, pieces, NONE)
                _change(log, stock, time, article, -pieces)
                stock.changed[article] = 1
            if pieces < steps.pieces[subject]:
                _lose(log, stock, time, visit, article, steps.pieces[subject] - pieces)
        elif what == DELIVERY:
            _change(log, stock, time, subject, agenda.pieces[row])
            stock.changed[subject] = 1
        elif what == LOSS:
            # Nobody notices, so the feed has no reason to read the level.
            if stock.true[subject] > 0:
                _change(log, stock, time, subject, -1)
        elif what == WITHDRAWAL:
            # What is no longer offered has not been sold out.
            if stock.true[subject] > 0:
                _change(log, stock, time, subject, -stock.true[subject])
                log.sizes[3] -= 1
                stock.out[subject] = 0
                stock.changed[subject] = 1
        elif what == FEED:
            used = _feed(log, stock, time, draws, used)
        elif what == COUNT:
            for article in range(turn, len(stock.true), COUNTED_EVERY):
                if stock.known[article] != NONE and stock.known[article] != stock.true[article]:
                    stock.changed[article], stock.due[article] = 0, NONE
                    _tell(log, stock, time, article, stock.true[article])
