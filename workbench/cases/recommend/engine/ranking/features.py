"""What the re-ranker sees of each proposed item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workbench.cases.recommend.engine.compiled import F32, I64, called, inlined
from workbench.cases.recommend.engine.generators.baskets import PRIOR
from workbench.cases.recommend.engine.generators.proposals import LONG, MIDDLE, SHORT
from workbench.cases.recommend.engine.generators.similar import LOG2_E
from workbench.cases.recommend.engine.generators.workspace import (
    BASKET,
    BOUGHT_TIMES,
    BOUGHT_VISITS,
    CONDITIONAL,
    COSINE,
    FOLLOWS,
    FURTHEST,
    HISTORY,
    NEIGHBOUR,
    PLACE,
    PRECEDES,
    STRONGEST,
    STRONGEST_PAST,
    TIMES,
    TITLE,
    TRANSITION,
    Workspace,
    in_session,
    touch,
)
from workbench.cases.recommend.engine.memory.catalogue import (
    BASKET_DAMPING,
    COSINE_DAMPING,
    Catalogue,
)
from workbench.cases.recommend.engine.memory.counters import (
    EVENTS,
    FREE_ITEMS,
    ITEMS,
)
from workbench.cases.recommend.engine.memory.popularity import logarithm
from workbench.cases.recommend.engine.memory.rows import Rows, weight_of
from workbench.cases.recommend.engine.ranking.logarithm import log2

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.memory.embedding import Embedding
    from workbench.cases.recommend.engine.memory.popularity import Popularity
    from workbench.cases.recommend.engine.plan import Plan

#: Features that are binary logarithms of what is written here, and come first.
LOGARITHMIC: Final = (
    "follows",  # share of the last item's transitions
    "transition",  # the same over the last items
    "followed_by",  # share of the candidate's transitions that lead to the last item
    "cosine",  # co-occurrence with the session's items
    "conditional",  # mean probability given one of the session's items
    "strongest",  # the largest of these
    "popular_short",  # share of the recent interactions
    "popular",
    "popular_long",
    "quiet",  # interactions since it was last met
    "opening",  # how often it is the first of a session
    "age",  # interactions since it was first met
    "history",  # co-occurrence with the visitor's earlier items
    "strongest_past",
    "basket",  # the basket regression
    "basket_damped",
    "neighbour",  # transitions from the next article numbers
    "number_distance",  # to the last item's article number
    "nearest_number",  # to the nearest of the session's
    "repeats",  # how often the item follows itself
    "share",  # of all interactions
    "price_ratio",  # price over the last item's
    "on_hand",  # stock level
    "days_left",  # days until it is sold out
)
PLAIN: Final = (
    "place",  # in the session, latest first
    "times",  # in the session
    "visitor_times",  # among the visitor's interactions
    "visits_ago",
    "near_numbers",  # items of the session with an article number close by
    "trend",  # popularity now over that of long ago
    "lift",  # conditional probability over the share
    "furthest",  # kind of event in the session
    "title",  # words shared with the session's titles
    "similar",  # inner product with the embedding's query
    "probable",  # the same, times the share of the interactions
)
NAMES: Final = LOGARITHMIC + PLAIN
LOGS: Final = len(LOGARITHMIC)
FEATURES: Final = 35
assert len(NAMES) == FEATURES  # noqa: S101 - the layout of the kernels rests on it

(
    _FOLLOWS,
    _TRANSITION,
    _FOLLOWED_BY,
    _COSINE,
    _CONDITIONAL,
    _STRONGEST,
    _POPULAR_SHORT,
    _POPULAR,
    _POPULAR_LONG,
    _QUIET,
    _OPENING,
    _AGE,
    _HISTORY,
    _STRONGEST_PAST,
    _BASKET,
    _BASKET_DAMPED,
    _NEIGHBOUR,
    _NUMBER_DISTANCE,
    _NEAREST_NUMBER,
    _REPEATS,
    _SHARE,
    _PRICE_RATIO,
    _ON_HAND,
    _DAYS_LEFT,
    _PLACE,
    _TIMES,
    _VISITOR_TIMES,
    _VISITS_AGO,
    _NEAR_NUMBERS,
    _TREND,
    _LIFT,
    _FURTHEST,
    _TITLE,
    _SIMILAR,
    _PROBABLE,
) = range(FEATURES)

FAR: Final = 1 << 20
"""The distance of items that have no article number."""
CLOSE: Final = 4
"""Article numbers within so many places are close by."""
LEAST_PROBABLE: Final = -30.0
MOST_DAYS: Final = 60.0
OTHER, ELSEWHERE = 20.0, 40.0
"""What sets repeats of the last item, of the session's others and of all others apart."""


@called
def read_features(
    plan: Plan,
    catalogue: Catalogue,
    popularity: Popularity,
    follows: Rows,
    embedding: Embedding,
    counters: I64,
    ws: Workspace,
    features: F32,
    n: int,
    count: int,
    past: int,
    visitor: int,
    touched: int,
) -> None:
    """Write the features of ``n`` proposed items, shape (n, 35), float32."""
    size = min(count, plan.context)
    last = ws.context[0] if count > 0 else -1
    ranks = sort_ranks(catalogue, ws, size)
    shares, largest = 0.0, 0.0
    for k in range(size):
        share = 1.0 / (catalogue.interactions[ws.context[k]] + PRIOR)
        shares += share
        largest = max(largest, share)
    past_largest = 0.0
    for k in range(past):
        past_largest = max(past_largest, 1.0 / (catalogue.interactions[ws.past[k]] + PRIOR))
    living = counters[ITEMS] - counters[FREE_ITEMS]
    everything = counters[EVENTS] + 1.0 + 0.5 * living
    last_total = follows.total[last] if count > 0 else 0.0
    embedded = plan.similar > 0 and count > 0
    everyone = logarithm(popularity, popularity.total[LONG] + 1e-9, LONG)
    for z in range(n):
        item = ws.candidate[z]
        f = features[z]
        touched = touch(ws, item, touched)
        score = ws.score[item]
        own = catalogue.interactions[item]
        share = (own + 0.5) / everything
        met = in_session(ws, item)
        place = ws.mark[item, PLACE] if met else -1
        f[_FOLLOWS] = (score[FOLLOWS] + 2.0 * share) / (last_total + 2.0)
        f[_TRANSITION] = score[TRANSITION] + 1e-4
        f[_FOLLOWED_BY] = 1e-2
        if count > 0:
            f[_FOLLOWED_BY] = (score[PRECEDES] + 0.02) / (follows.total[item] + 1.0)
        f[_COSINE] = score[COSINE] * catalogue.damping[item, COSINE_DAMPING] + 1e-4
        others = shares - (1.0 / (own + PRIOR) if 0 <= place < size else 0.0)
        conditional = (score[CONDITIONAL] + 2.0 * share * others) / max(size, 1)
        f[_CONDITIONAL] = conditional + 1e-5
        f[_STRONGEST] = score[STRONGEST] + 2.0 * share * largest + 1e-5
        weight = popularity.weight[item]
        f[_POPULAR_SHORT] = weight[SHORT] / (popularity.total[SHORT] + 1e-9) + 1e-5
        f[_POPULAR] = weight[MIDDLE] / (popularity.total[MIDDLE] + 1e-9) + 1e-5
        f[_POPULAR_LONG] = weight[LONG] / (popularity.total[LONG] + 1e-9) + 1e-5
        f[_QUIET] = counters[EVENTS] - catalogue.seen[item] + 1.0
        f[_OPENING] = (catalogue.openings[item] + 0.5) / (own + 3.0)
        f[_AGE] = counters[EVENTS] - catalogue.born[item] + 1.0
        f[_HISTORY] = 1e-4
        f[_STRONGEST_PAST] = 1e-5
        if past > 0:
            f[_HISTORY] += score[HISTORY] * catalogue.damping[item, COSINE_DAMPING] / past
            f[_STRONGEST_PAST] += score[STRONGEST_PAST] + 2.0 * share * past_largest
        f[_BASKET] = score[BASKET] + 1e-4
        f[_BASKET_DAMPED] = score[BASKET] * catalogue.damping[item, BASKET_DAMPING] + 1e-5
        f[_NEIGHBOUR] = score[NEIGHBOUR] + 1e-4
        rank = catalogue.rank[item]
        f[_NUMBER_DISTANCE] = 1.0 + distance(rank, catalogue.rank[last] if count > 0 else -1)
        f[_NEAREST_NUMBER] = 1.0 + nearest(ws, ranks, rank)
        f[_SHARE] = share
        f[_PRICE_RATIO] = 1.0
        if count > 0 and catalogue.price[item] >= 0 and catalogue.price[last] >= 0:
            f[_PRICE_RATIO] = (catalogue.price[item] + 1.0) / (catalogue.price[last] + 1.0)
        f[_ON_HAND] = catalogue.on_hand[item] + 2.0
        days = catalogue.days_left[item]
        f[_DAYS_LEFT] = 1.0 + (MOST_DAYS if days < 0 else min(days, MOST_DAYS))
        f[_REPEATS] = 1.0
        if met:
            again = weight_of(follows, item, item)
            f[_REPEATS] = (again + 0.1) / (follows.total[item] + 1.0)
        f[_PLACE] = min(place, 14)
        f[_TIMES] = min(ws.mark[item, TIMES], 6) if met else 0
        f[_FURTHEST] = 1 + ws.mark[item, FURTHEST] if met else 0
        f[_VISITOR_TIMES] = 0 if visitor >= 0 else -1
        f[_VISITS_AGO] = -1
        if visitor >= 0 and ws.marked_visitor[item] == ws.stamp[0]:
            f[_VISITOR_TIMES] = min(ws.mark[item, BOUGHT_TIMES], 6)
            f[_VISITS_AGO] = min(ws.mark[item, BOUGHT_VISITS], 10)
        f[_TITLE] = score[TITLE]
        f[_SIMILAR] = 0.0
        f[_PROBABLE] = 0.0
        if embedded:
            f[_SIMILAR] = ws.similar[item]
            f[_PROBABLE] = max(
                ws.similar[item] * LOG2_E + embedding.prior[item] - everyone, LEAST_PROBABLE
            )
        f[_NEAR_NUMBERS] = min(close_by(ws, ranks, rank), 6)
        for i in range(LOGS):
            f[i] = log2(f[i])
        f[_REPEATS] -= 0.0 if place == 0 else (OTHER if met else ELSEWHERE)
        f[_TREND] = f[_POPULAR_SHORT] - f[_POPULAR_LONG]
        f[_LIFT] = f[_CONDITIONAL] - f[_SHARE]


@inlined
def distance(rank: int, other: int) -> int:
    """Return how many places two items lie apart in the order of article numbers."""
    return abs(rank - other) if rank >= 0 and other >= 0 else FAR


@inlined
def sort_ranks(catalogue: Catalogue, ws: Workspace, size: int) -> int:
    """Sort the places of the session's items in the catalogue; return how many have one."""
    count = 0
    for k in range(size):
        rank = catalogue.rank[ws.context[k]]
        if rank < 0:
            continue
        place = count
        while place > 0 and ws.ranks[place - 1] > rank:
            ws.ranks[place] = ws.ranks[place - 1]
            place -= 1
        ws.ranks[place] = rank
        count += 1
    return count


@inlined
def _first_from(ws: Workspace, ranks: int, rank: int) -> int:
    """Return the place of the first of the session's ranks that is not below ``rank``."""
    low, high = 0, ranks
    while low < high:
        middle = (low + high) >> 1
        if ws.ranks[middle] < rank:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def nearest(ws: Workspace, ranks: int, rank: int) -> int:
    """Return the distance to the nearest of the session's ranks, its own left out."""
    if rank < 0:
        return FAR
    place = _first_from(ws, ranks, rank)
    best = FAR
    if place > 0:
        best = min(best, rank - ws.ranks[place - 1])
    if place < ranks and ws.ranks[place] == rank:
        place += 1
    if place < ranks:
        best = min(best, ws.ranks[place] - rank)
    return best


@inlined
def close_by(ws: Workspace, ranks: int, rank: int) -> int:
    """Return how many of the session's ranks lie within 4 places, its own left out."""
    if rank < 0:
        return 0
    count = 0
    place = _first_from(ws, ranks, rank - CLOSE)
    while place < ranks and ws.ranks[place] <= rank + CLOSE:
        count += 1 if ws.ranks[place] != rank else 0
        place += 1
    return count
