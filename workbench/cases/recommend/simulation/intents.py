"""When visitors mean to do what: articles looked at become views, carts and orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workbench.cases.recommend.simulation.catalogue import CLEARANCE
from workbench.cases.recommend.simulation.draws import DAY, HOUR, MINUTE, NONE, Ints, generator
from workbench.cases.recommend.simulation.schedule import OUTAGE_HOURS

if TYPE_CHECKING:
    from workbench.cases.recommend.simulation.catalogue import Catalogue
    from workbench.cases.recommend.simulation.draws import Flags, Reals
    from workbench.cases.recommend.simulation.supply import Deliveries
    from workbench.cases.recommend.simulation.visitors import Visits

PART = 5
VIEW, CART, ORDER, DELIVERY, LOSS, WITHDRAWAL, FEED, COUNT = range(8)
"""What an agenda's rows mean; of one second, in this order."""

FEED_EVERY = 5 * MINUTE
COUNT_AT = 4 * HOUR
_LOSSES = 0.0006
"""Pieces a day and article that are broken or stolen."""

_QUICKEST, _PAUSE = 6, 34.0
_CART_BUYING, _CART = 0.34, 0.04
_ORDER_BUYING, _ORDER = 0.80, 0.35
_PIECES = np.array([1, 1, 1, 1, 1, 1, 1, 1, 2, 2])
_CHECKOUT = 40


class Steps(NamedTuple):
    """Articles that are looked at, as columns of equal length.

    Attributes
    ----------
    visit
        Position of the visit of the day.
    article
        Which one it is.
    pieces
        How many are wanted; 0 where none is.
    orders
        Whether what is wanted would be paid for in the end.
    luck
        Uniform, decides what the visitor does where the article is shown as sold out.
    """

    visit: Ints
    article: Ints
    pieces: Ints
    orders: Flags
    luck: Reals


class Agenda(NamedTuple):
    """All that is due on a day, in order of time; columns of equal length, int64.

    Attributes
    ----------
    time
        Seconds since midnight.
    what
        :data:`VIEW` … :data:`COUNT`.
    subject
        The step of a view, a cart or an order; the article of a delivery, a loss or a
        withdrawal; -1.
    pieces
        Of a delivery or a loss.
    """

    time: Ints
    what: Ints
    subject: Ints
    pieces: Ints


def plan(
    shop: Catalogue,
    visits: Visits,
    articles: Ints,
    deliveries: Deliveries,
    seed: int,
    day: int,
    *,
    outage: bool,
) -> tuple[Steps, Agenda]:
    """Return what visitors mean to do on a day, and all that is due on it.

    Parameters
    ----------
    shop
        The articles.
    visits
        Of the day.
    articles
        What :func:`walk.walk` found for them.
    deliveries
        Of the day.
    seed, day
        Of the stream.
    outage
        Whether the stock feed fails during the day.

    Returns
    -------
    steps, agenda
        What goes beyond midnight is left out.
    """
    rng = generator(seed, PART, day)
    visit = np.repeat(np.arange(len(visits)), visits.length)
    size = visit.size
    pause = _QUICKEST + rng.exponential(_PAUSE, size).astype(np.int64)
    # A view's own pause comes after it.
    passed = np.cumsum(pause) - pause
    first = np.cumsum(visits.length) - visits.length
    view = visits.begin[visit] + passed - passed[first][visit]
    buying = visits.buying[visit]
    wanted = rng.random(size) < np.where(buying, _CART_BUYING, _CART)
    wanted[_again(visit, articles, wanted)] = False
    pieces = np.where(wanted, _PIECES[rng.integers(_PIECES.size, size=size)], 0)
    pays = rng.random(len(visits)) < np.where(visits.buying, _ORDER_BUYING, _ORDER)
    cart = view + 2 + ((pause - 4) * rng.random(size)).astype(np.int64)
    end = first + visits.length - 1
    order = (view + pause)[end][visit] + _CHECKOUT
    steps = Steps(visit, articles, pieces, wanted & pays[visit], rng.random(size))

    losses = rng.poisson(_LOSSES * shop.articles)
    lost = rng.integers(shop.articles, size=losses)
    gone = np.flatnonzero(shop.ends + CLEARANCE == day)
    feed = np.arange(FEED_EVERY, DAY, FEED_EVERY)
    if outage:
        begin, until = (hour * HOUR for hour in OUTAGE_HOURS)
        feed = feed[(feed < begin) | (feed >= until)]
    buys, everything = np.flatnonzero(steps.orders), np.arange(size)
    carts = np.flatnonzero(wanted)
    rows = (
        (view, VIEW, everything, 0),
        (cart[carts], CART, carts, 0),
        (order[buys], ORDER, buys, 0),
        (deliveries.time, DELIVERY, deliveries.article, deliveries.pieces),
        (rng.integers(DAY, size=losses), LOSS, lost, 1),
        (np.zeros(gone.size, np.int64), WITHDRAWAL, gone, 0),
        (feed, FEED, NONE, 0),
        (np.array([COUNT_AT]), COUNT, NONE, 0),
    )
    time, what, subject, amount = (
        np.concatenate([np.broadcast_to(row[column], row[0].shape) for row in rows])
        for column in range(4)
    )
    # Rows lie by their meaning, so a stable sort keeps that order within a second.
    due = np.argsort(time, kind="stable")
    due = due[time[due] < DAY]
    return steps, Agenda(time[due], what[due], subject[due], amount[due])


def _again(visit: Ints, articles: Ints, wanted: Flags) -> Ints:
    """Return where something is wanted that was wanted before in the same visit."""
    places = np.flatnonzero(wanted)
    both = visit[places] * (articles.max(initial=0) + 1) + articles[places]
    first = np.unique(both, return_index=True)[1]
    return np.setdiff1d(places, places[first])
